/**
 * The door of a real process under attack: from one address, while honest clients at another send
 * events and ask. What is hostile is refused or cut off, in a time that is bounded; what is honest
 * is answered, all of it, and all that was acknowledged is counted.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addKey } from './support/keys.ts'
import { ODD_REQUESTS } from './support/odd-requests.ts'
import type { Place } from './support/place.ts'
import { createPlace } from './support/place.ts'
import type { WeirProcess } from './support/process.ts'
import { spawnWeir, whenReady } from './support/process.ts'
import type { RawCall } from './support/raw.ts'
import { callRaw, OTHER_ADDRESS, statusesOf, untilClosed } from './support/raw.ts'

/** As long as the slowest bound of a server, and some. */
const CUT_MS_MAX = 15_000
const MIB = 1024 * 1024
const HOST = 'Host: 127.0.0.1\r\n'

let place: Place
let weir: WeirProcess
let port = 0
let writeKey = ''
let readKey = ''
let honest: Honest

beforeAll(async () => {
  place = await createPlace()
  writeKey = addKey(place.directory, ['write'])
  readKey = addKey(place.directory, ['read'])
  weir = await whenReady(spawnWeir(place.directory))
  port = Number(new URL(weir.url).port)
  honest = startHonest()
})

afterAll(async () => {
  await weir.kill()
  await place[Symbol.asyncDispose]()
})

interface Honest {
  readonly failures: string[]
  sentCount: number
  answerCount: number
  stop(): Promise<void>
}

/** One client sends an event after the other, another asks question after question. */
function startHonest(): Honest {
  const end = new AbortController()
  const honest = { failures: [] as string[], sentCount: 0, answerCount: 0 }
  const call = async (path: string, init: RequestInit): Promise<boolean> => {
    try {
      const answer = await fetch(weir.url + path, init)
      await answer.arrayBuffer()
      if (answer.ok) return true
      honest.failures.push(`${path} ${answer.status}`)
    } catch (error) {
      honest.failures.push(`${path} ${String(error)}`)
    }
    return false
  }
  const sending = async (): Promise<void> => {
    while (!end.signal.aborted) {
      const headers = { 'X-Api-Key': writeKey, 'Content-Type': 'application/json' }
      const body = toEvent(honest.sentCount)
      if (await call('/v1/events', { method: 'POST', headers, body })) honest.sentCount += 1
      await sleep(20)
    }
  }
  const asking = async (): Promise<void> => {
    while (!end.signal.aborted) {
      const headers = { 'X-Api-Key': readKey }
      if (await call('/v1/metrics/events_per_minute', { headers })) honest.answerCount += 1
      await sleep(20)
    }
  }
  const loops = Promise.all([sending(), asking()])
  return Object.assign(honest, {
    stop: async () => {
      end.abort()
      await loops
    },
  })
}

function toEvent(number: number): string {
  return JSON.stringify({
    event_id: `honest-${number}`,
    event_type: 'page_view',
    user_id: `u${number % 50}`,
    timestamp: new Date().toISOString(),
  })
}

function attack(bytes: string | Uint8Array): RawCall {
  return callRaw(port, bytes, OTHER_ADDRESS)
}

/** A request with the key that it would need, so that it gets as far as it can. */
function post(headers: string, body: string | Uint8Array = ''): Uint8Array {
  const head = `POST /v1/events HTTP/1.1\r\n${HOST}X-Api-Key: ${writeKey}\r\n${headers}\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body)])
}

describe('requests that are no requests', () => {
  test.each(ODD_REQUESTS)('$name', async ({ toBytes, statuses }) => {
    using call = attack(toBytes({ host: HOST, key: writeKey }))
    await expect
      .poll(() => call.isClosed() || statusesOf(call.text()).length > 0, { timeout: CUT_MS_MAX })
      .toBe(true)
    await sleep(50)
    // One answer at most: nothing was smuggled behind it.
    const told = statusesOf(call.text())
    expect(told.length, call.text()).toBeLessThanOrEqual(1)
    for (const status of told) expect(statuses, call.text()).toContain(status)
  })
})

describe('paths', () => {
  const paths = [
    '/../keys.json',
    '/..%2fkeys.json',
    '/%2e%2e/keys.json',
    '/%2e%2e%2f%2e%2e%2fetc/passwd',
    '/..%5c..%5cetc%5cpasswd',
    '/....//....//etc/passwd',
    '/..;/keys.json',
    '/%c0%ae%c0%ae/keys.json',
    '/%252e%252e/keys.json',
    '/assets/../../keys.json',
    '/assets/%2e%2e/%2e%2e/package.json',
    '/index.html/../../package.json',
    '/index.html%00.js',
    '//etc/passwd',
    '/.git/config',
    '/keys.json',
    '/local.key',
    '/hash.key',
    '/weir.json',
    '/__proto__',
    '/constructor',
    '/v1/metrics/__proto__',
    '/v1/metrics/..%2f..%2fkeys.json',
    '/%',
    '/%zz',
    '/?%',
  ]

  test.each(paths)('%s leads nowhere', async path => {
    for (const key of ['', `X-Api-Key: ${readKey}\r\n`]) {
      using call = attack(`GET ${path} HTTP/1.1\r\n${HOST}${key}Connection: close\r\n\r\n`)
      expect(await untilClosed(call, CUT_MS_MAX)).toBe(true)
      const isRoot = path.startsWith('/?')
      expect(isRoot ? [200] : [400, 401, 403, 404]).toContain(statusesOf(call.text())[0])
      expect(call.text()).not.toMatch(/sha256|root:|"version"|\[core\]/)
    }
  })
})

describe('bodies', () => {
  test('that decompress a thousandfold are refused, many at once', async () => {
    const zeros = Buffer.alloc(64 * MIB)
    const bombs = [
      ['gzip', gzipSync(zeros)],
      ['br', brotliCompressSync(zeros)],
      ['zstd', zstdCompressSync(zeros)],
    ] as const
    const calls = Array.from({ length: 8 }, () => bombs)
      .flat()
      .map(([encoding, bytes]) => {
        const length = `Content-Length: ${bytes.length}\r\n`
        return attack(
          post(`Content-Encoding: ${encoding}\r\n${length}Connection: close\r\n`, bytes),
        )
      })
    for (const call of calls) {
      expect(await untilClosed(call, CUT_MS_MAX)).toBe(true)
      expect(statusesOf(call.text())).toEqual([413])
    }
  })

  test('that are larger than allowed, or say so, are refused unread', async () => {
    for (const length of [5 * MIB + 1, 1e12, Number.MAX_SAFE_INTEGER]) {
      using call = attack(post(`Content-Length: ${length}\r\n`, '{'))
      await expect.poll(() => statusesOf(call.text()), { timeout: CUT_MS_MAX }).toEqual([413])
    }
    const endless = post('Transfer-Encoding: chunked\r\n', `A00000\r\n${' '.repeat(0xa00000)}\r\n`)
    using call = attack(endless)
    await expect.poll(() => statusesOf(call.text()), { timeout: CUT_MS_MAX }).toEqual([413])
  })

  test('of who has no key are not waited for', async () => {
    const head = `POST /v1/events HTTP/1.1\r\n${HOST}Expect: 100-continue\r\n`
    using asking = attack(`${head}Content-Length: 1000000\r\n\r\n`)
    using sending = attack(`POST /v1/events HTTP/1.1\r\n${HOST}Content-Length: 1000000\r\n\r\n`)
    for (const call of [asking, sending]) {
      await expect.poll(() => statusesOf(call.text()), { timeout: CUT_MS_MAX }).toEqual([401])
    }
  })
})

describe('who is slow', () => {
  test('is cut off: with headers, with a body, with nothing at all', async () => {
    const drops: NodeJS.Timeout[] = []
    const drip = (call: RawCall, drop: string): RawCall => {
      drops.push(setInterval(() => call.socket.write(drop), 200))
      return call
    }
    const calls = [
      ...Array.from({ length: 200 }, () => drip(attack(`GET / HTTP/1.1\r\n${HOST}`), 'X: y\r\n')),
      ...Array.from({ length: 200 }, () => drip(attack(post('Content-Length: 9999\r\n')), 'x')),
      ...Array.from({ length: 200 }, () => attack(post('Content-Length: 9999\r\n', '{'))),
      ...Array.from({ length: 100 }, () =>
        drip(attack(post('Transfer-Encoding: chunked\r\n')), '1\r\nx\r\n'),
      ),
      ...Array.from({ length: 100 }, () => attack('')),
    ]
    try {
      const closed = await Promise.all(calls.map(call => untilClosed(call, CUT_MS_MAX)))
      expect(closed.filter(isClosed => !isClosed)).toEqual([])
      for (const call of calls) expect([[], [408]]).toContainEqual(statusesOf(call.text()))
    } finally {
      for (const timer of drops) clearInterval(timer)
      for (const call of calls) call.socket.destroy()
    }
  })
})

describe('who is many', () => {
  test('gets a share of the connections', async () => {
    const calls = Array.from({ length: 1_500 }, () => attack(''))
    await expect
      .poll(() => calls.filter(call => call.isClosed()).length, { timeout: CUT_MS_MAX })
      .toBeGreaterThanOrEqual(1_500 - 1_024)
    const answer = await fetch(`${weir.url}/healthz`)
    expect(answer.status).toBe(200)
    for (const call of calls) call.socket.destroy()
    // It gets its share back.
    const again = async (): Promise<readonly number[]> => {
      using call = attack(`GET /healthz HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)
      await untilClosed(call, CUT_MS_MAX)
      return statusesOf(call.text())
    }
    await expect.poll(again, { timeout: CUT_MS_MAX }).toEqual([200])
  })

  test('is one, whatever addresses are claimed', async () => {
    const each = 500
    const calls = Array.from({ length: 20 }, (_, from) => {
      const requests = Array.from({ length: each }, (_, index) => {
        const claimed = `10.${from}.${index >> 8}.${index & 255}`
        const isLast = index === each - 1
        const close = isLast ? 'Connection: close\r\n' : ''
        return `GET /v1/metrics HTTP/1.1\r\n${HOST}X-Forwarded-For: ${claimed}\r\n${close}\r\n`
      })
      return attack(requests.join(''))
    })
    const statuses: number[] = []
    for (const call of calls) {
      expect(await untilClosed(call, CUT_MS_MAX)).toBe(true)
      statuses.push(...statusesOf(call.text()))
    }
    const limited = statuses.filter(status => status === 429)
    expect(statuses).toHaveLength(20 * each)
    expect(new Set(statuses)).toEqual(new Set([401, 429]))
    expect(limited.length).toBeGreaterThan(5_000)
    const told = calls.map(call => call.text()).find(text => text.includes(' 429 '))
    expect(told).toMatch(/Retry-After: \d+\r\n/)
    expect(told).toMatch(/RateLimit: "read-address";r=0;t=10\r\n/)
  })

  test('finds no key by trying', async () => {
    const tried = `weir_${'0'.repeat(12)}_${'0'.repeat(32)}`
    const statuses = await Promise.all(
      Array.from({ length: 50 }, (_, index) => {
        const key = tried.slice(0, -2) + String(index).padStart(2, '0')
        const headers = { 'X-Api-Key': key }
        return fetch(`${weir.url}/v1/audit`, { headers }).then(answer => answer.status)
      }),
    )
    expect(new Set(statuses)).toEqual(new Set([401]))
  })
})

test('the honest were answered meanwhile, and all that was acknowledged is counted', async () => {
  await honest.stop()
  expect(honest.failures).toEqual([])
  expect(honest.sentCount).toBeGreaterThan(50)
  expect(honest.answerCount).toBeGreaterThan(50)
  const headers = { 'X-Api-Key': readKey }
  const accepted = async (): Promise<number> => {
    const answer = await fetch(`${weir.url}/v1/audit`, { headers })
    const { partitions } = (await answer.json()) as { partitions: { accepted: number }[] }
    return partitions.reduce((sum, line) => sum + line.accepted, 0)
  }
  await expect.poll(accepted, { timeout: CUT_MS_MAX }).toBe(honest.sentCount)
  expect(weir.stderr()).not.toMatch(/internal error|at .*\.ts:\d+/)
})
