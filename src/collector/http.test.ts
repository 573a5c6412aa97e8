import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { toUtf8 } from '../std/bytes.ts'
import { Fault } from '../std/fault.ts'
import { MIB } from '../std/units.ts'
import type { Collector, CollectorLimits, Item, ItemAnswer } from './collector.ts'
import { COLLECTOR_LIMITS } from './collector.ts'
import type { CollectorHandler } from './http.ts'
import { createCollectorHandler } from './http.ts'

interface Fixture extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly handler: CollectorHandler
  readonly items: Item[]
  readonly reported: unknown[]
  readonly stop: AbortController
}

interface FixtureOptions {
  readonly limits?: Partial<CollectorLimits>
  readonly collect?: Collector['collect']
}

const open: AsyncDisposable[] = []
const TOLD = { RateLimit: '"write-key";r=9;t=1' }

afterEach(async () => {
  for (const fixture of open.splice(0)) await fixture[Symbol.asyncDispose]()
})

/** A server whose collector keeps items in a list and finds those that begin with `!` invalid. */
async function start(options: FixtureOptions = {}): Promise<Fixture> {
  const items: Item[] = []
  const reported: unknown[] = []
  const stop = new AbortController()
  const keep = async (received: readonly Item[]): Promise<readonly ItemAnswer[]> => {
    items.push(...received)
    return received.map((item, index) =>
      item.bytes[0] === 0x21
        ? { index, event_id: null, status: 'invalid', code: 'not_json', pointer: '/a"b' }
        : { index, event_id: `e"${index}`, status: 'stored' },
    )
  }
  const limits = { ...COLLECTOR_LIMITS, ...options.limits }
  const handler = createCollectorHandler({
    collector: { limits, collect: options.collect ?? keep },
    segment: null,
    signal: stop.signal,
    report: error => reported.push(error),
  })
  const server = createServer((request, response) => handler.handle(request, response, TOLD))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const dispose = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
  const url = `http://127.0.0.1:${port}/v1/events`
  const fixture = { url, port, handler, items, reported, stop, [Symbol.asyncDispose]: dispose }
  open.push(fixture)
  return fixture
}

async function post(
  fixture: Fixture,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = { 'Content-Type': 'application/json' },
) {
  const response = await fetch(fixture.url, { method: 'POST', body, headers })
  return { status: response.status, headers: response.headers, answer: await response.json() }
}

function textsOf(fixture: Fixture): readonly string[] {
  return fixture.items.map(item => Buffer.from(item.bytes).toString())
}

/** Sends bytes as they are and gives back what comes until the peer closes. */
async function sendRaw(fixture: Fixture, ...parts: readonly string[]): Promise<string> {
  const socket = connect(fixture.port, '127.0.0.1')
  for (const part of parts) socket.write(part)
  return readToEnd(socket)
}

async function readToEnd(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', chunk => {
    text += chunk.toString()
  })
  socket.on('error', () => {})
  await once(socket, 'close')
  return text
}

describe('what is stored is answered item by item', () => {
  test('one event', async () => {
    const fixture = await start()
    const { status, answer } = await post(fixture, '{"a":1}')
    expect(status).toBe(200)
    expect(answer).toEqual({ items: [{ index: 0, event_id: 'e"0', status: 'stored' }] })
    expect(textsOf(fixture)).toEqual(['{"a":1}'])
  })

  test('a list with one that is invalid', async () => {
    const fixture = await start()
    const { status, answer } = await post(fixture, '[{"a":1},!]')
    expect(status).toBe(200)
    expect(answer).toEqual({
      items: [
        { index: 0, event_id: 'e"0', status: 'stored' },
        { index: 1, event_id: null, status: 'invalid', code: 'not_json', pointer: '/a"b' },
      ],
    })
    expect(fixture.handler.counters()).toMatchObject({ itemsStored: 1, itemsInvalid: 1 })
  })

  test('lines', async () => {
    const fixture = await start()
    await post(fixture, '{"a":1}\nx\n', { 'Content-Type': 'application/x-ndjson; charset=UTF-8' })
    expect(textsOf(fixture)).toEqual(['{"a":1}', 'x'])
  })

  test('a body in many chunks', async () => {
    const fixture = await start()
    const head = 'POST /v1/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n'
    const chunks = ['{"a"', ':', '12}'].map(text => `${text.length.toString(16)}\r\n${text}\r\n`)
    const text = await sendRaw(fixture, `${head}Connection: close\r\n\r\n`, ...chunks, '0\r\n\r\n')
    expect(text).toContain('200 OK')
    expect(textsOf(fixture)).toEqual(['{"a":12}'])
  })

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ] as const)('a body compressed with %s', async (encoding, compress) => {
    const fixture = await start()
    const body = new Uint8Array(compress('[{"a":1},{"b":2}]'))
    const { status } = await post(fixture, body, { 'Content-Encoding': encoding })
    expect(status).toBe(200)
    expect(textsOf(fixture)).toEqual(['{"a":1}', '{"b":2}'])
    expect(fixture.handler.counters().inFlightBytes).toBe(0)
  })

  test('a raw item from an importer, with its origin', async () => {
    const fixture = await start()
    await post(fixture, 'a,b', {
      'Content-Type': 'application/octet-stream',
      'X-Weir-File': encodeURIComponent('käse 50%.csv'),
      'X-Weir-Line': '17',
      'X-Weir-Reason': 'csv_line',
      'X-Weir-Length': '70000',
      'X-Weir-Sha256': '0a'.repeat(32),
    })
    const cut = { lengthBytes: 70_000, sha256: '0a'.repeat(32) }
    const origin = { reason: 'csv_line', file: 'käse 50%.csv', line: 17, cut }
    expect(fixture.items.map(item => item.origin)).toEqual([origin])
  })
})

describe('what is refused stores nothing', () => {
  const json = { 'Content-Type': 'application/json' }
  const raw = { 'Content-Type': 'application/octet-stream' }
  const gzipped = { ...json, 'Content-Encoding': 'gzip' }
  test.each<[string, string | Buffer, Record<string, string>, number, string]>([
    ['an empty body', '', json, 400, 'body_empty'],
    ['an empty list', '[]', json, 400, 'body_empty'],
    ['a form', 'a=1', { 'Content-Type': 'multipart/form-data' }, 415, 'type_unsupported'],
    ['a prototype', '{}', { 'Content-Type': '__proto__' }, 415, 'type_unsupported'],
    ['latin1', '{}', { 'Content-Type': 'text/plain;charset=latin1' }, 415, 'type_unsupported'],
    ['lzma', '{}', { ...json, 'Content-Encoding': 'lzma' }, 415, 'encoding_unsupported'],
    [
      'gzip twice',
      '{}',
      { ...json, 'Content-Encoding': 'gzip, gzip' },
      415,
      'encoding_unsupported',
    ],
    ['no gzip', '{"a":1}', gzipped, 400, 'encoding_invalid'],
    ['gzip cut off', gzipSync('{"a":1}').subarray(0, 20), gzipped, 400, 'encoding_invalid'],
    ['a line of 0', '{}', { ...raw, 'X-Weir-Line': '0' }, 400, 'header_invalid'],
    ['a made-up reason', '{}', { ...raw, 'X-Weir-Reason': 'toString' }, 400, 'header_invalid'],
    ['a reason of many', '{}', { ...json, 'X-Weir-Reason': 'csv_line' }, 400, 'header_invalid'],
    ['half a cut', '{}', { ...raw, 'X-Weir-Length': '7' }, 400, 'header_invalid'],
    ['too many items', '[1,2,3,4]', json, 413, 'items_too_many'],
    ['too much', 'x'.repeat(2 * MIB), json, 413, 'body_too_large'],
    ['a bomb', gzipSync(Buffer.alloc(64 * MIB)), gzipped, 413, 'body_too_large'],
  ])('%s', async (_, body, headers, status, code) => {
    const fixture = await start({ limits: { bodyBytesMax: MIB, itemCountMax: 3 } })
    const found = await post(fixture, new Uint8Array(Buffer.from(body)), headers)
    expect(found).toMatchObject({ status, answer: { status, code } })
    expect(found.headers.get('content-type')).toBe('application/problem+json')
    expect(fixture.items).toEqual([])
    expect(fixture.handler.counters()).toMatchObject({ inFlightRequests: 0, inFlightBytes: 0 })
  })

  test('a body that grows too large; its sender gets to read why, and to end', async () => {
    const fixture = await start({ limits: { bodyBytesMax: MIB } })
    const socket = connect(fixture.port, '127.0.0.1')
    const errors: unknown[] = []
    let text = ''
    socket.on('error', error => errors.push(error))
    socket.on('data', chunk => {
      text += chunk.toString()
    })
    const chunk = `${MIB.toString(16)}\r\n${'x'.repeat(MIB)}\r\n`
    socket.write('POST /v1/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n')
    socket.write(chunk)
    socket.write(chunk)
    await expect.poll(() => text).toContain('body_too_large')
    socket.write(chunk)
    socket.write('0\r\n\r\n')
    await once(socket, 'close')
    expect(text).toContain('413 Payload Too Large')
    expect(errors).toEqual([])
    expect(fixture.items).toEqual([])
  })

  test('chunks that are none', async () => {
    const fixture = await start()
    const head = 'POST /v1/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'
    expect(await sendRaw(fixture, head, 'zz\r\n{"a":1}\r\n')).toContain('400 Bad Request')
    expect(fixture.items).toEqual([])
    expect(fixture.handler.counters().inFlightBytes).toBe(0)
  })

  test('an upload that breaks off', async () => {
    const fixture = await start()
    const socket = connect(fixture.port, '127.0.0.1')
    socket.write('POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"a":1}')
    await expect.poll(() => fixture.handler.counters().inFlightBytes).toBe(7)
    socket.destroy()
    await expect.poll(() => fixture.handler.counters().requests.get(499)).toBe(1)
    expect(fixture.items).toEqual([])
    expect(fixture.handler.counters()).toMatchObject({ inFlightRequests: 0, inFlightBytes: 0 })
  })
})

describe('when it cannot be stored', () => {
  test.each(['LOG_FULL', 'LOG_UNAVAILABLE'] as const)('%s is 503, try again', async code => {
    const collect = async (): Promise<never> => {
      throw new Fault(code, 'the log cannot take it')
    }
    const found = await post(await start({ collect }), '{}')
    expect(found.status).toBe(503)
    expect(found.headers.get('retry-after')).toBe('2')
    expect(found.answer).toMatchObject({
      code: code.toLowerCase(),
      detail: 'the log cannot take it',
    })
  })

  test('a bug is 500 without its words, and reported', async () => {
    const error = new Error('secret')
    const fixture = await start({ collect: () => Promise.reject(error) })
    const found = await post(fixture, '{}')
    expect(found).toMatchObject({ status: 500, answer: { code: 'internal' } })
    expect(JSON.stringify(found.answer)).not.toContain('secret')
    expect(fixture.reported).toEqual([error])
  })

  test('more requests than allowed at once are told to come again', async () => {
    const waiting: (() => void)[] = []
    const collect = (): Promise<readonly ItemAnswer[]> =>
      new Promise(resolve => waiting.push(() => resolve([])))
    const fixture = await start({ collect, limits: { inFlightRequestCountMax: 2 } })
    const first = [post(fixture, '{}'), post(fixture, '{}')]
    await expect.poll(() => waiting.length).toBe(2)
    expect(await post(fixture, '{}')).toMatchObject({ status: 503, answer: { code: 'busy' } })
    for (const go of waiting) go()
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200])
  })

  test('more bytes than allowed at once are told to come again', async () => {
    const fixture = await start({ limits: { inFlightBytesMax: 10 } })
    expect(await post(fixture, '{"a":123456}')).toMatchObject({ status: 503 })
    const gzipped = new Uint8Array(gzipSync(toUtf8(' '.repeat(1000))))
    const headers = { 'Content-Encoding': 'gzip' }
    expect(await post(fixture, gzipped, headers)).toMatchObject({ status: 503 })
    expect(await post(fixture, '{"a":1}')).toMatchObject({ status: 200 })
  })

  test('what waits when it shuts down is told to come again, and is no bug', async () => {
    const collect = (_: unknown, signal: AbortSignal): Promise<never> =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error))
      })
    const fixture = await start({ collect })
    const answer = post(fixture, '{}')
    await expect.poll(() => fixture.handler.counters().inFlightRequests).toBe(1)
    fixture.stop.abort()
    expect(await answer).toMatchObject({ status: 503, answer: { code: 'draining' } })
    expect(fixture.reported).toEqual([])
  })

  test('while shutting down', async () => {
    const fixture = await start()
    fixture.stop.abort()
    expect(await post(fixture, '{}')).toMatchObject({ status: 503, answer: { code: 'draining' } })
  })
})
