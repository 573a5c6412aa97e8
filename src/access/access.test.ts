import { describe, expect, test } from 'vitest'
import type { Need, Scope, Visit } from '../model/access.ts'
import { keyOf } from '../model/access.ts'
import type { Clock } from '../std/clock.ts'
import type { DoorOptions } from './access.ts'
import { createDoor } from './access.ts'
import type { KeyRecord } from './key.ts'
import { judgeKey, KEY_RANDOM_BYTES, makeKey, toShownKey } from './key.ts'
import { toKeyring } from './key-file.ts'

let nowMs = 1_000_000
const clock: Clock = { now: () => nowMs, monotonic: () => nowMs, sleep: async () => {} }

function keyFor(scopes: readonly Scope[], change: Partial<KeyRecord> = {}): Key {
  const random = new Uint8Array(KEY_RANDOM_BYTES).map((_, index) => index * 7 + made * 13)
  made += 1
  const { text, record } = makeKey({ random, name: 'n', scopes, createdMs: 0, expiresMs: null })
  return { text, record: { ...record, ...change } }
}
let made = 0

interface Key {
  readonly text: string
  readonly record: KeyRecord
}

const write = keyFor(['write'])
const read = keyFor(['read'])
const admin = keyFor(['admin'])
const both = keyFor(['write', 'read'])
const expired = keyFor(['read'], { expiresMs: 999_999 })
const revoked = keyFor(['read'], { revokedMs: 5 })
const stranger = keyFor(['admin'])
const local = keyFor([])
const KEYRING = toKeyring([write, read, admin, both, expired, revoked].map(key => key.record))

function doorOf(options: Partial<DoorOptions> = {}): ReturnType<typeof createDoor> {
  return createDoor({
    keyring: () => KEYRING,
    localKey: local.text,
    rates: { write: null, read: null },
    trustedProxies: [],
    salt: 'salt',
    clock,
    ...options,
  })
}

function visitOf(need: Need, headers: Visit['headers'] = {}, remoteAddress = '192.0.2.1'): Visit {
  return { need, headers, remoteAddress, localAddress: '192.0.2.200' }
}

describe('scopes', () => {
  const passes: readonly [string, Key | null, readonly Need[]][] = [
    ['no key', null, ['page', 'health', 'write-body']],
    ['write', write, ['page', 'health', 'write', 'write-body']],
    ['read', read, ['page', 'health', 'read', 'scrape']],
    ['admin', admin, ['page', 'health', 'read', 'scrape', 'admin']],
    ['write and read', both, ['page', 'health', 'write', 'write-body', 'read', 'scrape']],
    ['expired', expired, ['page', 'health']],
    ['revoked', revoked, ['page', 'health']],
    ['unknown', stranger, ['page', 'health']],
    ['the local key from elsewhere', local, ['page', 'health']],
  ]
  const needs: readonly Need[] = [
    'write',
    'write-body',
    'read',
    'admin',
    'scrape',
    'page',
    'health',
  ]

  test.each(passes)('%s', (_, key, allowed) => {
    const door = doorOf()
    const headers = key === null ? {} : { 'x-api-key': key.text }
    const open = needs.filter(need => door.admit(visitOf(need, headers)).problem === null)
    expect(new Set(open)).toEqual(new Set(allowed))
    const again = needs.filter(need => door.recheck(visitOf(need, headers)) === null)
    expect(new Set(again)).toEqual(new Set(allowed))
  })

  test('a lack is told, with what would do', () => {
    const door = doorOf()
    const none = door.admit(visitOf('read'))
    expect(none.problem).toMatchObject({ status: 401, code: 'unauthorized' })
    expect(none.headers).toEqual({ 'WWW-Authenticate': 'Bearer realm="weir"' })
    const wrong = door.admit(visitOf('read', { 'x-api-key': stranger.text }))
    expect(wrong.headers['WWW-Authenticate']).toContain('error="invalid_token"')
    const short = door.admit(visitOf('read', { 'x-api-key': write.text }))
    expect(short.problem).toMatchObject({ status: 403, code: 'forbidden' })
    expect(short.problem?.detail).toContain("scope 'read'")
    expect(short.headers).toEqual({})
  })

  test('without keys all is open, and a key does no harm', () => {
    const door = doorOf({ keyring: () => null })
    for (const need of needs) {
      expect(door.admit(visitOf(need, { 'x-api-key': stranger.text })).problem).toBeNull()
    }
    expect(door.checkKey(null, 'admin')).toBeNull()
  })

  test('of a body, a key is judged alike', () => {
    const door = doorOf()
    expect(door.checkKey(write.text, 'write')).toBeNull()
    expect(door.checkKey(write.text, 'read')?.code).toBe('forbidden')
    expect(door.checkKey(null, 'write')?.code).toBe('unauthorized')
    expect(door.checkKey(local.text, 'write')?.code).toBe('unauthorized')
  })
})

describe('this machine', () => {
  test.each(['127.0.0.1', '::1', '::ffff:127.0.0.1', '127.9.9.9', '192.0.2.200'])('%s', from => {
    const door = doorOf()
    expect(door.admit(visitOf('scrape', {}, from)).problem).toBeNull()
    expect(door.admit(visitOf('read', {}, from)).problem?.code).toBe('unauthorized')
    expect(door.admit(visitOf('admin', { 'x-api-key': local.text }, from)).problem).toBeNull()
    expect(door.admit(visitOf('write', { 'x-api-key': local.text }, from)).problem).toBeNull()
  })

  test.each(['x-forwarded-for', 'forwarded', 'via', 'x-real-ip'])('not what has %s', name => {
    const door = doorOf()
    const headers = { [name]: '127.0.0.1' }
    expect(door.admit(visitOf('scrape', headers, '127.0.0.1')).problem?.status).toBe(401)
    const withKey = { ...headers, 'x-api-key': local.text }
    expect(door.admit(visitOf('read', withKey, '127.0.0.1')).problem?.status).toBe(401)
  })

  test('not what a trusted proxy passes on', () => {
    const door = doorOf({ trustedProxies: ['127.0.0.1'] })
    expect(door.admit(visitOf('scrape', {}, '127.0.0.1')).problem?.status).toBe(401)
  })
})

describe('how a key is presented', () => {
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`
  test.each([
    [{ authorization: 'Bearer k' }, 'k'],
    [{ authorization: 'bearer   k' }, 'k'],
    [{ 'x-api-key': 'k' }, 'k'],
    [{ 'x-api-key': 'k', authorization: basic('proxy:login') }, 'k'],
    [{ authorization: basic('k:') }, 'k'],
    [{ authorization: basic('k') }, 'k'],
    [{ authorization: basic('k:p:q') }, 'k'],
    [{ authorization: 'Digest k' }, null],
    [{ authorization: 'Bearer' }, null],
    [{ authorization: basic(':k') }, null],
    [{ 'x-api-key': '' }, null],
    [{}, null],
  ])('%j', (headers, key) => {
    expect(keyOf(headers)).toBe(key)
  })

  test('only all of it is a key', () => {
    const kind = (text: string): string => judgeKey(toShownKey(text), KEYRING, nowMs).kind
    expect(kind(read.text)).toBe('good')
    const wrong = [
      read.text.slice(0, -1),
      `${read.text}0`,
      ` ${read.text}`,
      read.text.toUpperCase(),
      read.text.replace(/.$/, last => (last === '0' ? '1' : '0')),
      `weir_${read.record.id}_`,
      read.record.id,
      read.record.sha256,
      '__proto__',
      '',
    ]
    for (const text of wrong) expect(kind(text), text).toBe('unknown')
    expect(kind(expired.text)).toBe('expired')
    expect(kind(revoked.text)).toBe('revoked')
  })
})

describe('limits', () => {
  const rates = { write: 2, read: 1 }

  test('are by address, for reading and writing apart, and refill', () => {
    const door = doorOf({ rates, keyring: () => null })
    const ask = (need: Need, from?: string): number | undefined =>
      door.admit(visitOf(need, {}, from)).problem?.status
    for (let index = 0; index < 10; index += 1) expect(ask('read')).toBeUndefined()
    const refused = door.admit(visitOf('read'))
    expect(refused.problem).toMatchObject({ status: 429, code: 'rate_limited' })
    expect(refused.headers).toEqual({
      RateLimit: '"read-address";r=0;t=10',
      'RateLimit-Policy': '"read-address";q=10;w=10',
      'Retry-After': '1',
    })
    expect(ask('read', '192.0.2.2')).toBeUndefined()
    for (let index = 0; index < 20; index += 1) expect(ask('write')).toBeUndefined()
    expect(ask('write')).toBe(429)
    expect(ask('health')).toBeUndefined()
    nowMs += 1_000
    expect(ask('read')).toBeUndefined()
    expect(ask('read')).toBe(429)
  })

  test('are by key too, whatever address it comes from', () => {
    const door = doorOf({ rates })
    const headers = { 'x-api-key': read.text }
    const statuses = Array.from({ length: 101 }, (_, index) => {
      const visit = visitOf('read', headers, `198.51.100.${index}`)
      return door.admit(visit).problem?.status ?? 200
    })
    expect(statuses.indexOf(429)).toBe(100)
    const told = door.admit(visitOf('read', headers, '203.0.113.1')).headers
    expect(told['RateLimit']).toBe('"read-key";r=0;t=10')
    expect(told['RateLimit-Policy']).toBe('"read-address";q=10;w=10, "read-key";q=100;w=10')
    expect(told['Retry-After']).toBe('1')
    const other = visitOf('read', { 'x-api-key': admin.text }, '203.0.113.2')
    expect(door.admit(other).problem).toBeNull()
  })

  test('meet those without a good key before it is looked at', () => {
    const door = doorOf({ rates })
    const ask = (): number | undefined => door.admit(visitOf('read')).problem?.status
    expect(Array.from({ length: 11 }, ask)).toEqual([...Array(10).fill(401), 429])
  })

  test('are not for the local key, and a hundredfold for this machine', () => {
    const door = doorOf({ rates, keyring: () => null })
    const ask = (headers: Visit['headers']): number | undefined =>
      door.admit(visitOf('read', headers, '127.0.0.1')).problem?.status
    for (let index = 0; index < 1_000; index += 1) expect(ask({})).toBeUndefined()
    expect(ask({})).toBe(429)
    expect(ask({ 'x-api-key': local.text })).toBeUndefined()
  })

  test('do not believe what anybody can write', () => {
    const door = doorOf({ rates, keyring: () => null })
    const statuses = Array.from({ length: 10_000 }, (_, index) => {
      const headers = { 'x-forwarded-for': `10.0.${index >> 8}.${index & 255}` }
      return door.admit(visitOf('read', headers)).problem?.status ?? 200
    })
    expect(statuses.filter(status => status === 200)).toHaveLength(10)
  })
})
