/**
 * The page through a working day: as many messages of the live stream as come in eight hours, told
 * by the hub itself, with windows that open, close and are let go. The heap may grow by little, and
 * at the end the page shows what was told last. All else is asked of a real process behind it.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CDPSession, Page } from 'playwright-core'
import type { LiveEvent, LiveHub } from '../../src/live/live.ts'
import { createLive } from '../../src/live/live.ts'
import type { ResultRow } from '../../src/model/result.ts'
import { launchBrowser, openWatched } from '../support/browser.ts'
import { createPlace } from '../support/place.ts'
import { startWeir, waitUntilDigested } from '../support/process.ts'

/** Six a second for eight hours: a commit a second, with what five metrics and the ledger say. */
export const PAGE_MESSAGES: number = 8 * 3_600 * 6
export const HEAP_GROWTH_BYTES_MAX: number = 20 * 1024 * 1024

const WARM_UP = 5_000
const AT_ONCE = 200
const PAUSE_MS = 40
const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const SEEN_MS_MAX = 20_000

export interface PageReport {
  readonly growthBytes: number
  readonly messagesPerSecond: number
}

export async function runPageCampaign(
  count: number,
  say: (line: string) => void,
): Promise<PageReport> {
  await using place = await createPlace()
  await using weir = await startWeir(place.directory)
  await sendOne(weir.url)
  await using hub = createHub()
  using front = await openFront(weir.url, hub)
  await using browser = await launchBrowser()
  await using watched = await openWatched(browser, front.url)
  const { page, errors } = watched
  await page.goto(`${front.url}/#/overview`)
  await page.getByRole('heading', { level: 1 }).waitFor()
  while (hub.counters().clients === 0) await sleep(PAUSE_MS)
  const devtools = await page.context().newCDPSession(page)

  await tell(hub, 0, WARM_UP)
  const before = await measureHeap(devtools)
  const startMs = performance.now()
  for (let told = WARM_UP; told < count; told += count / 10) {
    await tell(hub, told, Math.min(count, told + count / 10))
    say(`${Math.round(told)} of ${count} messages, heap ${toMib(await measureHeap(devtools))} MiB`)
  }
  await waitUntilSeen(page, hub, count)
  const seconds = (performance.now() - startMs) / SECOND_MS
  const growthBytes = (await measureHeap(devtools)) - before
  if (hub.counters().dropped > 0) throw new Error('the page read too slowly, and was dropped')
  if (errors.length > 0) throw new Error(`the page has errors: ${errors.join('; ')}`)
  if (growthBytes > HEAP_GROWTH_BYTES_MAX) {
    throw new Error(`the heap grew by ${toMib(growthBytes)} MiB`)
  }
  return { growthBytes, messagesPerSecond: (count - WARM_UP) / seconds }
}

async function sendOne(url: string): Promise<void> {
  const event = {
    event_id: 'e',
    event_type: 'page_view',
    user_id: 'u',
    timestamp: new Date().toISOString(),
    data: { page_url: '/' },
  }
  await fetch(`${url}/v1/events`, { method: 'POST', body: JSON.stringify(event) })
  await waitUntilDigested(url)
}

function createHub(): LiveHub {
  return createLive({
    clock: {
      now: () => Date.now(),
      monotonic: () => performance.now(),
      sleep: async (ms, signal) => {
        await sleep(ms, undefined, { signal }).catch(() => undefined)
      },
    },
    clientCountMax: 4,
    bufferBytesMax: 64 * 1024 * 1024,
    onConnect: async () => [],
    report: error => {
      throw error
    },
  })
}

interface Front extends Disposable {
  readonly url: string
}

/** The hub at its route, and the process at all others. */
async function openFront(target: string, hub: LiveHub): Promise<Front> {
  const server: Server = createServer((asked, response) => {
    if (asked.url?.startsWith('/v1/live?') === true) hub.handle(asked, response)
    else pass(target, asked, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.dispose]: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

function pass(target: string, asked: IncomingMessage, response: ServerResponse): void {
  const { host } = new URL(target)
  const headers = { ...asked.headers, host }
  const sent = request(`${target}${asked.url}`, { method: asked.method ?? 'GET', headers })
  sent.on('response', answer => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
  })
  sent.on('error', () => response.destroy())
  asked.pipe(sent)
}

async function tell(hub: LiveHub, from: number, to: number): Promise<void> {
  for (let index = Math.round(from); index < to; index += 1) {
    hub.publish(toMessage(index))
    if (index % AT_ONCE === 0) await sleep(PAUSE_MS)
  }
}

/** The newest day's orders are the number of the message, until the page shows it. */
async function waitUntilSeen(page: Page, hub: LiveHub, count: number): Promise<void> {
  const wanted = `Orders ${count.toLocaleString('en-US')}`
  for (let waitedMs = 0; waitedMs < SEEN_MS_MAX; waitedMs += SECOND_MS) {
    hub.publish(toSales('sales_daily', count, DAY_MS))
    await sleep(SECOND_MS)
    const text = await page.locator('main dl').first().innerText()
    if (text.replaceAll(/\s+/g, ' ').includes(wanted)) return
  }
  throw new Error(`the page does not show '${wanted}'`)
}

async function measureHeap(devtools: CDPSession): Promise<number> {
  await devtools.send('HeapProfiler.collectGarbage')
  const { usedSize } = await devtools.send('Runtime.getHeapUsage')
  return usedSize
}

const START_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS
const METRICS = 6

/** Message `index` of a day whose every second has METRICS of them. */
function toMessage(index: number): LiveEvent {
  switch (index % METRICS) {
    case 0:
      return toSales('sales_daily', index, DAY_MS)
    case 1:
      return toSales('sales', index, HOUR_MS)
    case 2:
      return toResult('events_per_minute', index, {
        size: MINUTE_MS,
        rows: ['page_view', 'search', 'purchase'].map(type => ({
          key: { event_type: type },
          values: { events: 1 + (index % 97) },
        })),
      })
    case 3:
      return toResult('searches', index, {
        size: HOUR_MS,
        rows: Array.from({ length: 20 }, (_, number) => ({
          key: { query: `query ${number} ${index % 50}` },
          values: { searches: index, no_results: number },
        })),
      })
    case 4:
      return toResult('top_products', index, {
        size: null,
        rows: Array.from({ length: 10 }, (_, number) => ({
          key: { product_id: `p${(number + index) % 40}` },
          values: { views: index + number },
        })),
      })
    default:
      return {
        id: String(index),
        name: 'ledger',
        data: { balanced: true, accepted: 1, duplicate: 0, invalid: 0, lag: 0, progress: null },
      }
  }
}

function toSales(metric: string, index: number, size: number): LiveEvent {
  const values = { orders: index, revenue: { EUR: `${index}.50` } }
  return toResult(metric, index, { size, rows: [{ key: {}, values }] })
}

interface Told {
  /** Of a window, in milliseconds; null: `all`. */
  readonly size: number | null
  readonly rows: readonly Pick<ResultRow, 'key' | 'values'>[]
}

function toResult(metric: string, index: number, { size, rows }: Told): LiveEvent {
  const atMs = START_MS + Math.floor(index / METRICS) * SECOND_MS
  const startMs = size === null ? null : Math.floor(atMs / size) * size
  const start = toTime(startMs)
  const window = {
    window_start: start,
    window_end: toTime(startMs === null ? null : startMs + (size ?? 0)),
    status: 'open' as const,
    revision: 0,
    late: 0,
    exact: true,
    partial: false,
    source: 'stream',
  }
  const all = rows.map(row => ({ ...window, ...row }))
  return { id: String(index), name: 'result', data: { metric, windows: [start], rows: all } }
}

const toTime = (atMs: number | null): string | null =>
  atMs === null ? null : `${new Date(atMs).toISOString().slice(0, 19)}Z`

export function toMib(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1)
}
