/** Keys at a real process: every route, asked with every kind of key, in every way of asking. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROUTES } from '../src/api/contract.ts'
import { addKey } from './support/keys.ts'
import type { Place } from './support/place.ts'
import { createPlace } from './support/place.ts'
import type { WeirProcess } from './support/process.ts'
import { runWeir, spawnWeir, statusOf, whenReady } from './support/process.ts'
import { callRaw, untilClosed } from './support/raw.ts'

/** In every event, so in every answer that tells of any. */
const MARK = 'a-secret-of-the-shop'
const EVENT = JSON.stringify({
  event_id: 'e1',
  event_type: 'product_view',
  user_id: MARK,
  timestamp: new Date().toISOString(),
  data: { product_id: MARK },
})
const HOLDERS = ['none', 'write', 'read', 'admin', 'both', 'expired', 'revoked', 'foreign'] as const
type Holder = (typeof HOLDERS)[number]
const WAIT = { timeout: 10_000 }

const keys = new Map<Holder, string>()
let place: Place
let weir: WeirProcess

async function revoke(key: string): Promise<void> {
  const { how, stderr } = await runWeir(['keys', 'revoke', key, '--data', place.directory])
  expect(how, stderr).toBe('exit 0')
}

function headersOf(holder: Holder): Record<string, string> {
  const key = keys.get(holder)
  return key === undefined ? {} : { Authorization: `Bearer ${key}` }
}

beforeAll(async () => {
  place = await createPlace()
  await using other = await createPlace()
  const { directory } = place
  keys.set('write', addKey(directory, ['write']))
  keys.set('read', addKey(directory, ['read']))
  keys.set('admin', addKey(directory, ['admin']))
  keys.set('both', addKey(directory, ['write', 'read']))
  keys.set('revoked', addKey(directory, ['write', 'admin'], { revokedMs: Date.now() }))
  keys.set('expired', addKey(directory, ['write', 'admin'], { expiresMs: Date.now() }))
  keys.set('foreign', addKey(other.directory, ['write', 'admin']))
  weir = await whenReady(spawnWeir(directory, {}, ['--origins-allowed', 'https://shop.example']))
  const sent = await fetch(`${weir.url}/v1/events`, {
    method: 'POST',
    body: EVENT,
    headers: headersOf('write'),
  })
  expect(sent.status).toBe(200)
  const mine = `${weir.url}/v1/metrics/product_views`
  const read = async (): Promise<string> =>
    (await fetch(mine, { headers: headersOf('read') })).text()
  for (let count = 0; count < 200 && !(await read()).includes(MARK); count += 1) await sleep(50)
  expect(await statusOf(mine)).toBe(401)
}, 60_000)

afterAll(async () => {
  await weir.kill()
  await place[Symbol.asyncDispose]()
})

interface Asked {
  readonly method: string
  readonly path: string
  /** Who may. */
  readonly allowed: readonly Holder[]
}

const OPEN_ROUTES = ['health', 'ready', 'scrape', 'openapi', 'docs', 'problem']
const PRIVATE_ROUTES = [
  'trace',
  'quarantine',
  'reject',
  'repair',
  'rebuild',
  'rebuilding',
  'tail',
  'sample',
]
const READERS: readonly Holder[] = ['read', 'admin', 'both']
const WRITERS: readonly Holder[] = ['write', 'both']
const ADMINS: readonly Holder[] = ['admin']
/** Of a route that is not named here: those who read. */
const ALLOWED: Readonly<Record<string, readonly Holder[]>> = {
  ...Object.fromEntries(OPEN_ROUTES.map(name => [name, HOLDERS])),
  // Single events, and what was refused of them, tell of people.
  ...Object.fromEntries(PRIVATE_ROUTES.map(name => [name, ADMINS])),
  collect: WRITERS,
}
const ASKED: readonly Asked[] = [
  ...Object.entries(ROUTES).flatMap(([name, route]) => {
    const path = route.path
      .replace('{name}', 'product_views')
      .replace('{event_id}', 'e1')
      .replace('{code}', 'busy')
      .replace('{topic}/{partition}/{offset}', 'weir.unparsed/0/0')
    const methods = route.method === 'GET' ? ['GET', 'HEAD'] : [route.method]
    const others = name.startsWith('segment') ? WRITERS : READERS
    return methods.map(method => ({ method, path, allowed: ALLOWED[name] ?? others }))
  }),
  { method: 'GET', path: '/', allowed: HOLDERS },
  { method: 'GET', path: '/sdk.js', allowed: HOLDERS },
  { method: 'GET', path: '/v1/events', allowed: READERS },
  { method: 'GET', path: '/nowhere', allowed: READERS },
  { method: 'GET', path: '/V1/metrics', allowed: READERS },
  { method: 'GET', path: '//v1/metrics', allowed: ADMINS },
  { method: 'GET', path: '/v1/%6detrics', allowed: ADMINS },
  { method: 'GET', path: '/v1/%71uarantine', allowed: ADMINS },
  { method: 'GET', path: '/healthz/%2e%2e/v1/quarantine', allowed: ADMINS },
  { method: 'OPTIONS', path: '/v1/audit', allowed: READERS },
  { method: 'POST', path: '/v1/metrics', allowed: ADMINS },
  { method: 'DELETE', path: '/v1/quarantine', allowed: ADMINS },
]

describe('every route, with every key', () => {
  const refused: Record<Holder, number> = {
    none: 401,
    expired: 401,
    revoked: 401,
    foreign: 401,
    write: 403,
    read: 403,
    admin: 403,
    both: 403,
  }

  test.each(ASKED)('$method $path', async ({ method, path, allowed }) => {
    for (const holder of HOLDERS) {
      const end = new AbortController()
      const body = method === 'POST' ? { body: EVENT } : {}
      const answer = await fetch(weir.url + path, {
        method,
        headers: headersOf(holder),
        signal: end.signal,
        ...body,
      })
      if (allowed.includes(holder)) {
        expect([401, 403], `${holder} may`).not.toContain(answer.status)
      } else {
        expect(answer.status, `${holder} may not`).toBe(refused[holder])
        expect(answer.headers.has('www-authenticate')).toBe(answer.status === 401)
        const text = await answer.text()
        expect(text).not.toContain(MARK)
        if (method !== 'HEAD') expect(text).toContain('"type":"/problems/')
      }
      end.abort()
    }
  })

  test('a key may be presented in three ways, and in no other', async () => {
    const key = keys.get('read') ?? ''
    const ask = (headers: Record<string, string>, query = ''): Promise<number> =>
      fetch(`${weir.url}/v1/metrics${query}`, { headers }).then(answer => answer.status)
    const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`
    expect(await ask({ Authorization: `Bearer ${key}` })).toBe(200)
    expect(await ask({ 'X-Api-Key': key })).toBe(200)
    expect(await ask({ Authorization: basic(`${key}:`) })).toBe(200)
    expect(await ask({ Authorization: basic(`:${key}`) })).toBe(401)
    expect(await ask({ Cookie: `key=${key}` })).toBe(401)
    expect(await ask({}, `?key=${key}`)).toBe(401)
    expect(await ask({}, `?X-Api-Key=${key}`)).toBe(401)
  })
})

describe('what changes while it runs', () => {
  test('a key that is made is told once, and is good', async () => {
    const words = ['keys', 'create', '--data', place.directory, '--name', 'late']
    const made = await runWeir([...words, '--scope', 'read', '--expires', '30d'])
    expect(made.how, made.stderr).toBe('exit 0')
    const headers = { 'X-Api-Key': made.stdout.trim() }
    const ask = (): Promise<number> =>
      fetch(`${weir.url}/v1/metrics`, { headers }).then(answer => answer.status)
    await expect.poll(ask, WAIT).toBe(200)
  })

  test.each([[['--name', 'n']], [['--scope', 'all', '--name', 'n']], [['--scope', 'read']]])(
    'none is made of %j',
    async flags => {
      const words = ['keys', 'create', '--data', place.directory, ...flags]
      expect(await runWeir(words)).toMatchObject({ how: 'exit 2', stdout: '' })
    },
  )

  test('a key that is revoked is refused, and its streams end', async () => {
    const { directory } = place
    const key = addKey(directory, ['read'])
    const headers = { 'X-Api-Key': key }
    const ask = (): Promise<number> =>
      fetch(`${weir.url}/v1/metrics`, { headers }).then(answer => answer.status)
    await expect.poll(ask, WAIT).toBe(200)
    const port = Number(new URL(weir.url).port)
    const streams = ['/v1/live', '/v1/live?metrics=sales'].map(path =>
      callRaw(port, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Api-Key: ${key}\r\n\r\n`),
    )
    for (const stream of streams) await expect.poll(stream.text, WAIT).toContain('HTTP/1.1 200')
    await sleep(1_500)
    for (const stream of streams) expect(stream.isClosed()).toBe(false)
    await revoke(key)
    for (const stream of streams) expect(await untilClosed(stream, 10_000)).toBe(true)
    expect(await ask()).toBe(401)
  })

  test('commands of this machine go on', async () => {
    const words = ['query', 'product_views', '--data', place.directory]
    const { how, stdout, stderr } = await runWeir(words)
    expect(how, stderr).toBe('exit 0')
    expect(stdout).toContain(MARK)
  })

  test('a list shows what is known of keys, and no secret', async () => {
    const list = await runWeir(['keys', 'list', '--data', place.directory])
    expect(list.stdout).toMatch(/revoked/)
    expect(list.stdout).toMatch(/expired/)
    for (const key of keys.values()) expect(list.stdout).not.toContain(key.split('_')[2])
  })
})

describe('pages of other origins', () => {
  const from = (origin: string, method = 'GET'): Promise<Response> =>
    fetch(`${weir.url}/v1/audit`, {
      method,
      headers: { Origin: origin, 'Access-Control-Request-Method': 'GET' },
    })

  test('one that is listed may ask, and read refusals', async () => {
    const asked = await from('https://shop.example', 'OPTIONS')
    expect(asked.status).toBe(204)
    const refused = await from('https://shop.example')
    expect(refused.status).toBe(401)
    expect(refused.headers.get('access-control-allow-origin')).toBe('https://shop.example')
    expect(refused.headers.get('vary')).toBe('Origin')
  })

  test('others are not echoed', async () => {
    for (const method of ['GET', 'OPTIONS']) {
      const answer = await from('https://evil.example', method)
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    }
  })
})

describe('where others could come in', () => {
  test('nothing starts without a key, and nothing is made', async () => {
    await using empty = await createPlace()
    const directory = `${empty.directory}/data`
    const words = ['start', '--data', directory, '--port', '0', '--traffic', '0']
    const { how, stderr } = await runWeir([...words, '--host', '0.0.0.0'])
    expect(how).toBe('exit 2')
    expect(stderr).toContain('weir keys create --scope read --name me')
    const made = await runWeir(['keys', 'list', '--data', directory])
    expect(made.stderr).toContain('there are no keys')
  })

  test('a key that is not good is none', async () => {
    await using made = await createPlace()
    const { directory } = made
    addKey(directory, ['admin'], { revokedMs: Date.now() })
    const words = ['start', '--data', directory, '--port', '0', '--traffic', '0']
    const { how, stderr } = await runWeir([...words, '--host', '0.0.0.0'])
    expect(how).toBe('exit 2')
    expect(stderr).toContain('no key is good')
  })

  test('an operator may say that something else asks', async () => {
    await using made = await createPlace()
    const flags = ['--host', '0.0.0.0', '--keys', 'off']
    await using started = await whenReady(spawnWeir(made.directory, {}, flags))
    expect(await statusOf(`${started.url}/v1/metrics`)).toBe(200)
    expect(started.stderr()).toContain('keys are off')
  })
})
