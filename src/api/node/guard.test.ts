import { describe, expect, test } from 'vitest'
import type { GuardOptions } from './guard.ts'
import { createGuard } from './guard.ts'

const LOCAL: GuardOptions = { host: '127.0.0.1', hostsAllowed: [], originsAllowed: [] }

/** The code of the problem with a request, or null. */
function codeOf(
  options: Partial<GuardOptions>,
  caller: { method?: string; host?: string; origin?: string },
): string | null {
  const guard = createGuard({ ...LOCAL, ...options })
  const { method = 'GET', host, origin } = caller
  return guard({ method, host, origin })?.code ?? null
}

describe('the Host header', () => {
  test.each(['127.0.0.1:8787', '127.0.0.1', 'localhost:1', 'LOCALHOST', '[::1]:80', '127.1.2.3'])(
    '%s is this machine',
    host => {
      expect(codeOf({}, { host })).toBeNull()
    },
  )

  test.each([
    'evil.example',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'notlocalhost',
    '93.184.216.34',
    '127.0.0.1@evil.example',
    '[::1',
    '',
    'a b',
    '0.0.0.0',
  ])('%s is not', host => {
    expect(codeOf({}, { host })).toBe('host_refused')
  })

  test('is needed', () => {
    expect(codeOf({}, {})).toBe('host_refused')
  })

  test('may be the bound name, or one that is allowed', () => {
    expect(codeOf({ host: 'Shop.lan' }, { host: 'shop.lan:8787' })).toBeNull()
    expect(codeOf({ hostsAllowed: ['weir.lan'] }, { host: 'weir.lan' })).toBeNull()
  })

  test('may be any address, and no name, on a server bound to all of them', () => {
    const options = { host: '0.0.0.0' }
    expect(codeOf(options, { host: '192.168.1.7:8787' })).toBeNull()
    expect(codeOf(options, { host: 'evil.example' })).toBe('host_refused')
  })
})

describe('the Origin header', () => {
  const host = 'localhost:8787'
  test.each([
    ['POST', 'http://localhost:8787', null],
    ['POST', undefined, null],
    ['POST', 'https://evil.example', 'origin_refused'],
    ['POST', 'null', 'origin_refused'],
    ['POST', 'http://localhost:5173', 'origin_refused'],
    ['POST', 'http://localhost:8787.evil.example', 'origin_refused'],
    ['GET', 'https://evil.example', null],
  ])('%s from %s', (method, origin, code) => {
    expect(codeOf({}, origin === undefined ? { method, host } : { method, host, origin })).toBe(
      code,
    )
  })

  test('may be one that is allowed', () => {
    const options = { originsAllowed: ['https://shop.example'] }
    const caller = { method: 'POST', host, origin: 'https://shop.example' }
    expect(codeOf(options, caller)).toBeNull()
  })
})
