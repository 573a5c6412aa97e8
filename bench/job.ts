/** The job that is measured over any log: its catalog, how the log is filled, and the digest. */
import { readFileSync } from 'node:fs'
import { runDigest } from '../src/flow/digest.ts'
import type { EventLog } from '../src/log/log.ts'
import type { Catalog } from '../src/model/catalog.ts'
import { shardsOf } from '../src/model/catalog.ts'
import type { MetricPlan } from '../src/model/plan.ts'
import type { NewRecord } from '../src/model/record.ts'
import { createSystemClock } from '../src/std/clock.ts'
import { createOutage } from '../src/std/outage.ts'
import { MIB } from '../src/std/units.ts'
import type { AnswerStore, StepStore } from '../src/store/store.ts'
import { createPlacing, forEachLine, PARTITIONS } from './events.ts'
import type { Totals } from './measure.ts'
import { benchCatalog, benchPlans } from './shop.ts'

export const CATALOG: Catalog = benchCatalog(PARTITIONS)
export const PLANS: readonly MetricPlan[] = benchPlans(CATALOG)
/** Nothing is called off. */
export const NEVER: AbortSignal = new AbortController().signal

const APPEND_BYTES = 8 * MIB
/** Appends that are under way at a time. */
const APPENDS_MAX = 2
const LINE_FEED = 0x0a

/** Appends the events of a file, each where the front door puts it; gives how many they are. */
export async function appendFile(log: EventLog, file: string): Promise<number> {
  const placeOf = createPlacing()
  const bytes = readFileSync(file)
  const underWay: Promise<unknown>[] = []
  let count = 0
  for (let start = 0; start < bytes.length; ) {
    const lineFeed = bytes.indexOf(LINE_FEED, start + APPEND_BYTES)
    const end = lineFeed < 0 ? bytes.length : lineFeed + 1
    const records: NewRecord[] = []
    count += forEachLine(bytes.subarray(start, end), value => {
      records.push({ ...placeOf(value), value, headers: [] })
    })
    underWay.push(log.append(records, NEVER))
    if (underWay.length === APPENDS_MAX) await underWay.shift()
    start = end
  }
  await Promise.all(underWay)
  return count
}

export interface DigestJob {
  readonly log: EventLog
  readonly openStore: () => Promise<StepStore>
  readonly commitMs: number
}

/** Digests all that is in the log, as `weir start` and `weir digest` do, and commits it. */
export async function digestAll({ log, openStore, commitMs }: DigestJob): Promise<void> {
  const drain = new AbortController()
  drain.abort()
  await runDigest({
    log,
    openStore,
    catalog: CATALOG,
    plans: PLANS,
    secret: new Uint8Array(32).fill(1),
    idsMemoryMax: 128 * MIB,
    commitMs,
    clock: createSystemClock(),
    shards: shardsOf(CATALOG),
    onCommit: () => undefined,
    outage: createOutage(fault => {
      if (fault !== null) throw fault
    }),
    drain: drain.signal,
    signal: NEVER,
  })
}

/** The totals as a reader of the store gets them. */
export async function readTotals(store: AnswerStore): Promise<Totals> {
  const { partitions } = await store.audit()
  const sum = (countOf: (line: (typeof partitions)[number]) => number): number =>
    partitions.reduce((total, line) => total + countOf(line), 0)
  const accepted = sum(line => line.accepted)
  const duplicate = sum(line => line.duplicate)
  const whole = { fromMs: null, toMs: null, limit: 1_000_000, cursor: null }
  const minutes = await store.query({ metric: 'events_per_minute', ...whole })
  const views = minutes.rows.filter(row => row.key['event_type'] === 'product_view')
  const sales = await store.query({ metric: 'sales', ...whole })
  const cents = sales.rows.map(row => toCents((row.values['revenue'] as { USD: string }).USD))
  return {
    accepted,
    duplicate,
    invalid: sum(line => line.consumed) - accepted - duplicate,
    views: views.reduce((total, row) => total + Number(row.values['events']), 0),
    cents: String(cents.reduce((total, one) => total + one, 0n)),
  }
}

/** `12.50` to 1250. */
function toCents(amount: string): bigint {
  return BigInt(amount.replace('.', ''))
}
