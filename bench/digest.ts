/**
 * The digest end to end: the same events in the embedded log, on disk, to a DuckDB store with
 * durable commits, until nothing is left.
 * Run as `node bench/digest.ts fill|digest FILE`; `fill` makes the log, unless it is there.
 */
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import process from 'node:process'
import { runDigest } from '../src/flow/digest.ts'
import type { EventLog } from '../src/log/log.ts'
import { openSegmentLog } from '../src/log/segment/segment-log.ts'
import { shardsOf, topicsOf } from '../src/model/catalog.ts'
import type { NewRecord } from '../src/model/record.ts'
import type { Clock } from '../src/std/clock.ts'
import { createSystemClock } from '../src/std/clock.ts'
import { createOutage } from '../src/std/outage.ts'
import { GIB, MIB } from '../src/std/units.ts'
import { openDuckDbStore } from '../src/store/duckdb/duckdb.ts'
import type { Store } from '../src/store/store.ts'
import { ARRIVAL_MS, cachePath, createPlacing, forEachLine, PARTITIONS } from './events.ts'
import type { Measured, Totals } from './measure.ts'
import { measure, tell } from './measure.ts'
import { benchCatalog, benchPlans } from './shop.ts'

const APPEND_BYTES = 8 * MIB
const LINE_FEED = 0x0a
const COMMIT_MS = 200
const { signal } = new AbortController()
const catalog = benchCatalog(PARTITIONS)
const plans = benchPlans(catalog)

async function measureDigest(file: string): Promise<Measured> {
  const directory = mkdtempSync(cachePath('digest-'))
  const openStore = (): Promise<Store> =>
    openDuckDbStore({ directory, plans, shards: PARTITIONS, compactAfterRows: 200_000 })
  const drain = new AbortController()
  drain.abort()
  try {
    await using log = await openLog(logOf(file), createSystemClock())
    const bounds = await log.bounds(signal)
    const events = bounds.reduce((sum, bound) => sum + bound.offsetEnd, 0)
    return await measure(
      { what: 'digest', events, bytes: statSync(file).size },
      () =>
        runDigest({
          log,
          openStore,
          catalog,
          plans,
          secret: new Uint8Array(32).fill(1),
          idsMemoryMax: 128 * MIB,
          commitMs: COMMIT_MS,
          clock: createSystemClock(),
          shards: shardsOf(catalog),
          onCommit: () => undefined,
          outage: createOutage(fault => {
            if (fault !== null) throw fault
          }),
          drain: drain.signal,
          signal,
        }),
      () => readTotals(openStore),
    )
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function logOf(file: string): string {
  return `${file}.log`
}

function openLog(directory: string, clock: Clock): Promise<EventLog> {
  return openSegmentLog({
    directory,
    topics: topicsOf(catalog),
    partitions: PARTITIONS,
    clock,
    segmentBytes: 64 * MIB,
    retentionMs: null,
    retentionBytes: null,
    logBytesMax: 20 * GIB,
  })
}

async function fillLog(file: string): Promise<void> {
  const directory = logOf(file)
  if (existsSync(directory)) return
  rmSync(`${directory}.new`, { recursive: true, force: true })
  const clock = { ...createSystemClock(), now: () => ARRIVAL_MS }
  await using log = await openLog(`${directory}.new`, clock)
  await appendFile(log, file)
  renameSync(`${directory}.new`, directory)
}

async function appendFile(log: EventLog, file: string): Promise<void> {
  const placeOf = createPlacing()
  const bytes = readFileSync(file)
  for (let start = 0; start < bytes.length; ) {
    const lineFeed = bytes.indexOf(LINE_FEED, start + APPEND_BYTES)
    const end = lineFeed < 0 ? bytes.length : lineFeed + 1
    const records: NewRecord[] = []
    forEachLine(bytes.subarray(start, end), value => {
      records.push({ ...placeOf(value), value, headers: [] })
    })
    await log.append(records, signal)
    start = end
  }
}

/** The totals as a reader of the store gets them. */
async function readTotals(openStore: () => Promise<Store>): Promise<Totals> {
  await using store = await openStore()
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

const [what, file] = process.argv.slice(2)
if (import.meta.main && file !== undefined) {
  if (what === 'fill') await fillLog(file)
  else tell(await measureDigest(file))
}
