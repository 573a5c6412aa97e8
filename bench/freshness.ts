/**
 * Freshness: how long after an event was accepted over HTTP an answer of the API holds it. Every
 * batch of visitors' events carries a probe: the same user puts the same product on the wishlist.
 * One user's events keep their order, so the count in the product's row tells which it holds.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { concatBytes, toUtf8 } from '../src/std/bytes.ts'
import { HOUR_MS } from '../src/std/units.ts'
import { createVisitors } from '../src/synthetic/synthetic.ts'
import { send, toLine } from './processes.ts'

export interface Freshness {
  readonly sentCount: number
  /** Of each probe; as large as the time between two looks, 20 ms, if it was there at once. */
  readonly delaysMs: readonly number[]
}

export interface Load {
  readonly eventsPerSecond: number
  readonly seconds: number
}

const SEND_MS = 100
const LOOK_MS = 20
/** The first seconds are for the compiler. */
const WARM_MS = 5_000
const MISSING_MS_MAX = 20_000
/** Before all other products, so that its row comes first. */
const PRODUCT = '!probe'

export async function measureFreshness(
  urls: { readonly collect: string; readonly answer: string },
  load: Load,
): Promise<Freshness> {
  const startMs = Date.now()
  const acceptedMs: number[] = []
  const seenMs: number[] = []
  const sending = sendAll(urls.collect, { ...load, startMs, acceptedMs })
  let sentCount: number | null = null
  void sending.then(count => {
    sentCount = count
  })
  while (sentCount === null || seenMs.length < acceptedMs.length) {
    const waitedMs = performance.now() - (acceptedMs[seenMs.length] ?? performance.now())
    if (waitedMs > MISSING_MS_MAX) throw new Error(`probe ${seenMs.length} is not in the answer`)
    const count = await countProbes(urls.answer, startMs)
    while (seenMs.length < count) seenMs.push(performance.now())
    await sleep(LOOK_MS)
  }
  const delays = seenMs.map((ms, index) => Math.max(0, ms - (acceptedMs[index] ?? ms)))
  return { sentCount: await sending, delaysMs: delays.slice(WARM_MS / SEND_MS) }
}

interface Sending extends Load {
  readonly startMs: number
  /** Grows, by the monotonic clock. */
  readonly acceptedMs: number[]
}

async function sendAll(url: string, sending: Sending): Promise<number> {
  const { eventsPerSecond, seconds, startMs, acceptedMs } = sending
  const visitors = createVisitors({ seed: 2, startMs, eventsPerSecond })
  let sentCount = 0
  for (let dueMs = startMs; dueMs < startMs + seconds * 1000; dueMs += SEND_MS) {
    await sleep(Math.max(0, dueMs - Date.now()))
    const items = visitors.next(Date.now())
    const probe = toProbe(acceptedMs.length, startMs)
    await send(url, concatBytes([...items.flatMap(toLine), probe]))
    acceptedMs.push(performance.now())
    sentCount += items.length + 1
  }
  return sentCount
}

/** All of one hour, whenever they are sent. */
function toProbe(number: number, startMs: number): Uint8Array {
  const event = {
    event_id: `probe-${number}`,
    event_type: 'add_to_wishlist',
    user_id: 'probe',
    timestamp: new Date(startMs).toISOString(),
    data: { product_id: PRODUCT },
  }
  return toUtf8(`${JSON.stringify(event)}\n`)
}

interface Row {
  readonly key: { readonly product_id?: string | null }
  readonly values: { readonly adds: number }
}

async function countProbes(url: string, startMs: number): Promise<number> {
  const from = new Date(startMs - (startMs % HOUR_MS)).toISOString()
  const answer = await fetch(`${url}/v1/metrics/wishlist_adds?from=${from}&limit=1`)
  const { rows = [] } = (await answer.json()) as {
    readonly rows?: readonly Row[]
  }
  const [row] = rows
  return row?.key.product_id === PRODUCT ? row.values.adds : 0
}
