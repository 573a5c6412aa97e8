import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { Clock } from '../std/clock.ts'
import type { LiveEvent, LiveHub, LiveOptions } from './live.ts'
import { createLive } from './live.ts'

interface Fixture extends AsyncDisposable {
  readonly hub: LiveHub
  readonly port: number
  readonly reported: unknown[]
  /** Lets the hub's sleep end. */
  readonly wake: () => void
}

interface Stream {
  readonly response: IncomingMessage
  /** All that has come. */
  readonly text: () => string
}

const open: (() => unknown)[] = []

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

async function start(options: Partial<LiveOptions> = {}): Promise<Fixture> {
  const reported: unknown[] = []
  let wake = (): void => {}
  const sleep = (_: number, signal: AbortSignal): Promise<void> =>
    new Promise(resolve => {
      wake = resolve
      signal.addEventListener('abort', () => resolve())
    })
  const clock: Clock = { now: () => 0, monotonic: () => 0, sleep }
  const hub = createLive({
    clock,
    clientCountMax: 3,
    bufferBytesMax: 100_000,
    onConnect: async () => [],
    report: error => reported.push(error),
    ...options,
  })
  const server = createServer(hub.handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const dispose = async (): Promise<void> => {
    await hub[Symbol.asyncDispose]()
    server.closeAllConnections()
    server.close()
  }
  open.push(dispose)
  return { hub, port, reported, wake: () => wake(), [Symbol.asyncDispose]: dispose }
}

async function listen(
  fixture: Fixture,
  path = '/v1/live',
  headers: Record<string, string> = {},
): Promise<Stream> {
  const sent = request({ port: fixture.port, host: '127.0.0.1', path, headers }).end()
  sent.on('error', () => {})
  open.push(() => sent.destroy())
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  let text = ''
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => {
    text += chunk
  })
  response.on('error', () => {})
  return { response, text: () => text }
}

function result(id: string, metric: string, filling = ''): LiveEvent {
  const row = {
    window_start: null,
    window_end: null,
    key: { filling },
    values: { views: 1 },
    status: 'open' as const,
    revision: 0,
    late: 0,
    exact: true,
    partial: false,
    source: 'stream',
  }
  return { id, name: 'result', data: { metric, windows: [null], rows: [row] } }
}

function ledger(id: string): LiveEvent {
  const counts = { accepted: 1, duplicate: 0, invalid: 0, lag: 0 }
  return { id, name: 'ledger', data: { balanced: true, ...counts, progress: null } }
}

/** Ids and names of the events that came, as `7 result`. */
function eventsOf(stream: Stream): readonly string[] {
  const blocks = stream.text().split('\n\n')
  const fieldOf = (block: string, name: string): string =>
    new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '-'
  const events = blocks.filter(block => block.includes('event: '))
  return events.map(block => `${fieldOf(block, 'id')} ${fieldOf(block, 'event')}`)
}

test('a client gets its snapshot, then what is published', async () => {
  const fixture = await start({ onConnect: async () => [ledger('1')] })
  const stream = await listen(fixture)
  expect(stream.response.headers['content-type']).toBe('text/event-stream; charset=utf-8')
  await expect.poll(() => eventsOf(stream)).toEqual(['1 ledger'])
  fixture.hub.publish(result('2', 'sales'))
  await expect.poll(() => eventsOf(stream)).toEqual(['1 ledger', '2 result'])
  expect(stream.text()).toMatch(/^retry: 2000\n\nid: 1\nevent: ledger\ndata: \{"balanced":true/)
})

test('what is published while the snapshot is made comes after it', async () => {
  let finish = (): void => {}
  const onConnect = (): Promise<readonly LiveEvent[]> =>
    new Promise(resolve => {
      finish = () => resolve([ledger('1')])
    })
  const fixture = await start({ onConnect })
  const stream = await listen(fixture)
  fixture.hub.publish(result('2', 'sales'))
  finish()
  await expect.poll(() => eventsOf(stream)).toEqual(['1 ledger', '2 result'])
})

test('only the metrics that are asked for, and everything else', async () => {
  const fixture = await start({ onConnect: async () => [result('1', 'sales'), result('1', 'x')] })
  const stream = await listen(fixture, '/v1/live?metrics=sales,searches')
  for (const metric of ['cart_adds', 'searches']) {
    fixture.hub.publish(result('2', metric))
    fixture.hub.publish({ id: '2', name: 'stale', data: { metric } })
  }
  fixture.hub.publish(ledger('2'))
  const expected = ['1 result', '2 result', '2 stale', '2 ledger']
  await expect.poll(() => eventsOf(stream)).toEqual(expected)
  expect(stream.text()).not.toContain('cart_adds')
})

test('one that comes back gets what it missed, the rest of its last commit included', async () => {
  const fixture = await start({ onConnect: async () => [ledger('snapshot')] })
  for (const event of [ledger('1'), result('2', 'a'), result('2', 'b'), ledger('3')]) {
    fixture.hub.publish(event)
  }
  const stream = await listen(fixture, '/v1/live', { 'Last-Event-ID': '2' })
  await expect.poll(() => eventsOf(stream)).toEqual(['2 result', '2 result', '3 ledger'])
})

test('one that was away too long is told to begin anew', async () => {
  const fixture = await start({ onConnect: async () => [ledger('2000')] })
  for (let id = 0; id < 1_500; id += 1) fixture.hub.publish(ledger(String(id)))
  const stream = await listen(fixture, '/v1/live', { 'Last-Event-ID': '7' })
  await expect.poll(() => eventsOf(stream)).toEqual(['- reset', '2000 ledger'])
})

test('one whose last commit is half forgotten is told to begin anew', async () => {
  const fixture = await start({ onConnect: async () => [ledger('8')] })
  for (let count = 0; count < 3; count += 1) fixture.hub.publish(result('7', 'sales'))
  for (let count = 0; count < 999; count += 1) fixture.hub.publish(ledger('8'))
  const stream = await listen(fixture, '/v1/live', { 'Last-Event-ID': '7' })
  await expect.poll(() => eventsOf(stream)).toEqual(['- reset', '8 ledger'])
})

test('a heartbeat keeps the connection', async () => {
  const fixture = await start()
  const stream = await listen(fixture)
  fixture.wake()
  await expect.poll(() => stream.text()).toBe('retry: 2000\n\n: heartbeat\n\n')
})

test('a reader that is too slow is dropped, and counted; the others go on', async () => {
  const fixture = await start({ bufferBytesMax: 1_500_000 })
  const socket = connect(fixture.port, '127.0.0.1').pause()
  open.push(() => socket.destroy())
  socket.write('GET /v1/live HTTP/1.1\r\nHost: x\r\n\r\n')
  const stream = await listen(fixture)
  await expect.poll(() => fixture.hub.counters().clients).toBe(2)
  let id = 0
  await expect
    .poll(
      () => {
        fixture.hub.publish(result(String(id), 'sales', 'x'.repeat(1_000_000)))
        id += 1
        return fixture.hub.counters()
      },
      { timeout: 20_000 },
    )
    .toEqual({ clients: 1, dropped: 1 })
  fixture.hub.publish(ledger('last'))
  await expect.poll(() => eventsOf(stream).at(-1)).toBe('last ledger')
})

test('an event larger than the bound passes to one who reads', async () => {
  const fixture = await start({ bufferBytesMax: 1_000 })
  const stream = await listen(fixture)
  fixture.hub.publish(result('1', 'sales', 'x'.repeat(3_000_000)))
  await expect.poll(() => eventsOf(stream)).toEqual(['1 result'])
  expect(fixture.hub.counters()).toEqual({ clients: 1, dropped: 0 })
})

test('more clients than allowed are told to come again; one that leaves makes room', async () => {
  const fixture = await start({ clientCountMax: 1 })
  const stream = await listen(fixture)
  const second = await listen(fixture)
  expect(second.response.statusCode).toBe(503)
  expect(second.response.headers['retry-after']).toBe('2')
  stream.response.destroy()
  await expect.poll(() => fixture.hub.counters().clients).toBe(0)
  expect((await listen(fixture)).response.statusCode).toBe(200)
})

test.each(['metric=sales', 'metrics=', 'metrics=,'])('%s is refused', async query => {
  const { response, text } = await listen(await start(), `/v1/live?${query}`)
  expect(response.statusCode).toBe(400)
  await expect.poll(() => text()).toContain('"code":"query_invalid"')
})

test('a snapshot that fails ends the stream, so that the client comes back', async () => {
  const error = new Error('no store')
  const fixture = await start({ onConnect: () => Promise.reject(error) })
  const stream = await listen(fixture)
  await once(stream.response, 'end')
  expect(fixture.reported).toEqual([error])
  expect(fixture.hub.counters().clients).toBe(0)
})

test('at the end all streams end, and new ones are refused', async () => {
  const fixture = await start()
  const stream = await listen(fixture)
  const ended = once(stream.response, 'end')
  await fixture.hub[Symbol.asyncDispose]()
  await ended
  fixture.hub.publish(ledger('9'))
  expect((await listen(fixture)).response.statusCode).toBe(503)
})
