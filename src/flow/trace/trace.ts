/**
 * Trace: what became of an event. Its copies in the log, the verdict of each, the object of the
 * lake that holds it, and the windows that counted it: by letting it be counted once more, alone,
 * by the engines themselves.
 *
 * The verdict is what the quarantine, the ledger and the lake say. Of what is not archived yet it
 * follows from the copies of the range: the first counts. A copy older than the range is not seen.
 */
import type { TraceAnswer, TraceCopy, TraceWindow } from '../../api/contract.ts'
import type { EventLog } from '../../log/log.ts'
import type { Catalog } from '../../model/catalog.ts'
import { unparsedTopicOf } from '../../model/catalog.ts'
import type { Ledger, LedgerPartition } from '../../model/ledger.ts'
import { partitionOf } from '../../model/partitioner.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { KeptReject } from '../../model/result.ts'
import { parseTimestamp, toMillisecondText } from '../../model/time.ts'
import type { ItemCheck } from '../../model/verdict.ts'
import type { RepairView } from '../../repair/repair.ts'
import { fromUtf8, toUtf8 } from '../../std/bytes.ts'
import type { Clock } from '../../std/clock.ts'
import { DAY_MS, HOUR_MS, MIB } from '../../std/units.ts'
import type { AnswerStore } from '../../store/store.ts'
import { createIngest } from '../ingest.ts'
import { findReject } from '../repair/rejects.ts'
import type { OpenTrialBench } from '../repair/trial.ts'
import { digestTrial } from '../repair/trial.ts'
import type { LakeFile, LakeRow, TraceLake } from './trace-lake.ts'
import { LAKE_FILES_MAX, listTraceFiles, readTraceRows } from './trace-lake.ts'
import type { LogCopy, LogSearch } from './trace-log.ts'
import { searchLog } from './trace-log.ts'

export interface TraceOptions {
  readonly log: EventLog
  readonly catalog: Catalog
  readonly plans: readonly MetricPlan[]
  /** The front door's check. */
  readonly check: (item: Uint8Array, nowMs: number) => ItemCheck
  readonly store: () => AnswerStore
  readonly repairs: RepairView
  /** null: there is no lake. */
  readonly lake: TraceLake | null
  readonly bench: OpenTrialBench
  readonly clock: Clock
}

export interface TraceQuestion {
  readonly eventId: string
  /** Arrivals; null: two days back, and now. */
  readonly fromMs: number | null
  readonly toMs: number | null
  /** Whose it is; null: not known. */
  readonly userId: string | null
}

/** How far back is looked where nobody says. */
const TRACE_BACK_MS: number = 2 * DAY_MS
/** Of the log that one trace looks through. */
const TRACE_BYTES_MAX: number = 512 * MIB
/** Accepted copies whose windows are told. */
const WINDOWS_OF_MAX = 3
const ROWS_MAX = 10

export type Trace = (question: TraceQuestion, signal: AbortSignal) => Promise<TraceAnswer>

export function createTrace(options: TraceOptions): Trace {
  return async ({ eventId, userId, ...asked }, signal) => {
    const { log, check, clock, store } = options
    const toMs = asked.toMs ?? clock.now() + HOUR_MS
    const fromMs = asked.fromMs ?? toMs - TRACE_BACK_MS
    const range = { fromMs, toMs, eventId, signal }
    const isPossible = createPossible(options.catalog, userId)
    // The ledger first: what it calls digested is in the log by then.
    const ledger = await store().audit()
    const bounds = { bytesMax: TRACE_BYTES_MAX, isPossible }
    const found = await searchLog({ log, check, ...bounds, ...range })
    const lake = await searchLake(options, found, { ...range, ledger })
    const copies = await judge(options, { found, lake, ledger })
    const windows = await countAlone(options, copies, signal)
    return {
      event_id: eventId,
      from: toMillisecondText(fromMs),
      to: toMillisecondText(toMs),
      searched: {
        log_bytes: found.bytes,
        lake_files: lake.fileCount,
        is_cut: found.isCut || lake.isCut,
      },
      copies: copies.map((copy, at) => toCopy(copy, windows[at] ?? null)),
    }
  }
}

/** A user's records are in one partition of every topic; what cannot be read, in any. */
function createPossible(
  catalog: Catalog,
  userId: string | null,
): (place: { readonly topic: string; readonly partition: number }) => boolean {
  if (userId === null) return () => true
  const home = partitionOf(toUtf8(userId), catalog.partitions, catalog.partitioner)
  const unparsed = unparsedTopicOf(catalog)
  return ({ topic, partition }) => partition === home || topic === unparsed
}

interface Range {
  readonly eventId: string
  readonly fromMs: number
  readonly toMs: number
  readonly ledger: Ledger
  readonly signal: AbortSignal
}

interface LakeSearch {
  readonly rows: readonly LakeRow[]
  readonly fileCount: number
  readonly isCut: boolean
}

/** Of copies that the log holds the files that have them; else those of the range, by date. */
async function searchLake(
  { lake, catalog }: TraceOptions,
  { copies, shortened, bounds }: LogSearch,
  { eventId, fromMs, toMs, ledger, signal }: Range,
): Promise<LakeSearch> {
  if (lake === null) return { rows: [], fileCount: 0, isCut: false }
  const archived = copies.filter(copy => isArchived(copy, lineOf(ledger, copy)))
  const times = archived.map(timeOf)
  const lost = bounds.filter(bound => shortened.has(toName(bound)))
  if (lost.length > 0) times.push(fromMs, toMs)
  if (times.length === 0) return { rows: [], fileCount: 0, isCut: false }
  const days = { fromMs: Math.min(...times), toMs: Math.max(...times), signal }
  const files = (await listTraceFiles(lake.objects, catalog, days)).filter(
    file =>
      archived.some(copy => isOf(file, copy)) ||
      lost.some(bound => toName(bound) === toName(file) && file.first < bound.offsetFirst),
  )
  const keys = files.slice(0, LAKE_FILES_MAX).map(file => file.key)
  const rows = await readTraceRows(lake, keys, { eventId, signal })
  return { rows, fileCount: keys.length, isCut: files.length > keys.length }
}

function isOf(file: LakeFile, copy: LogCopy): boolean {
  const isDay = Math.floor(timeOf(copy) / DAY_MS) * DAY_MS === file.dayMs
  const isWithin = copy.offset >= file.first && copy.offset <= file.last
  return isDay && isWithin && toName(file) === toName(copy)
}

function isArchived({ offset }: LogCopy, line: LedgerPartition | null): boolean {
  const { archived_from: from = null, archived_offset: next = null } = line ?? {}
  return from !== null && next !== null && offset >= from && offset < next
}

function lineOf(
  ledger: Ledger,
  place: Pick<LogCopy, 'topic' | 'partition'>,
): LedgerPartition | null {
  return ledger.partitions.find(line => toName(line) === toName(place)) ?? null
}

/** When it happened, as its event says; 0 where that is not known. */
function timeOf({ value, check }: LogCopy): number {
  if (check.invalid !== null) return 0
  const { timestamp } = JSON.parse(fromUtf8(value)) as { readonly timestamp?: unknown }
  return typeof timestamp === 'string' ? (parseTimestamp(timestamp) ?? 0) : 0
}

function toName(place: { readonly topic: string; readonly partition: number }): string {
  return `${place.topic} ${place.partition}`
}

/** A copy, wherever it was found. */
interface Judged {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly arrivalMs: number
  readonly userId: string | null
  readonly verdict: TraceCopy['verdict']
  readonly reject: KeptReject | null
  readonly object: string | null
  /** null: the log no longer has it. */
  readonly value: Uint8Array | null
}

interface Found {
  readonly found: LogSearch
  readonly lake: LakeSearch
  readonly ledger: Ledger
}

/** By partition and offset. */
async function judge(
  options: TraceOptions,
  { found, lake, ledger }: Found,
): Promise<readonly Judged[]> {
  const rows = new Map(lake.rows.map(row => [`${toName(row)} ${row.offset}`, row]))
  const judged: Judged[] = []
  const accepted = createAccepted(options.catalog.dedupDays)
  const inLog = new Set(found.copies.map(copy => `${toName(copy)} ${copy.offset}`))
  const places = [
    ...found.copies.map(copy => ({ copy, place: copy })),
    ...lake.rows
      .filter(row => !inLog.has(`${toName(row)} ${row.offset}`))
      .map(row => ({ copy: null, place: row })),
  ].toSorted(
    ({ place: a }, { place: b }) =>
      (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : 0) ||
      a.partition - b.partition ||
      a.offset - b.offset,
  )
  for (const { copy, place } of places) {
    const { topic, partition, offset, arrivalMs } = place
    const row = rows.get(`${toName(place)} ${offset}`) ?? null
    const reject = row === null ? await findReject(options, place) : null
    const key = copy?.key ?? null
    const userId = row?.userId ?? (key === null ? null : fromUtf8(key))
    const event = { name: `${toName(place)} ${userId}`, timeMs: row?.timestampMs ?? copyTime(copy) }
    const line = lineOf(ledger, place)
    const isGone = copy !== null && isArchived(copy, line) && !lake.isCut && options.lake !== null
    let verdict: Judged['verdict'] = 'accepted'
    if (reject !== null) verdict = 'invalid'
    else if (row === null && offset >= (line?.offset_next ?? 0)) verdict = 'pending'
    else if (row === null && (isGone || accepted.has(event))) verdict = 'duplicate'
    if (verdict === 'accepted') accepted.add(event)
    const object = row?.object ?? null
    const value = copy?.value ?? null
    judged.push({ topic, partition, offset, arrivalMs, userId, verdict, reject, object, value })
  }
  return judged
}

function copyTime(copy: LogCopy | null): number {
  return copy === null ? 0 : timeOf(copy)
}

interface Sighting {
  readonly name: string
  readonly timeMs: number
}

/** Which sightings were accepted: of those of one name, with days that are near, the first. */
function createAccepted(dedupDays: number): {
  add(sighting: Sighting): void
  has(sighting: Sighting): boolean
} {
  const days = new Map<string, number[]>()
  const dayOf = ({ timeMs }: Sighting): number => Math.floor(timeMs / DAY_MS)
  return {
    add: sighting => {
      days.set(sighting.name, [...(days.get(sighting.name) ?? []), dayOf(sighting)])
    },
    has: sighting =>
      (days.get(sighting.name) ?? []).some(day => Math.abs(day - dayOf(sighting)) <= dedupDays),
  }
}

/** The windows of each copy that counts; null: it does not, or its bytes are gone. */
async function countAlone(
  options: TraceOptions,
  copies: readonly Judged[],
  signal: AbortSignal,
): Promise<readonly (readonly TraceWindow[] | null)[]> {
  const windows: (readonly TraceWindow[] | null)[] = []
  let left = WINDOWS_OF_MAX
  for (const { verdict, value, arrivalMs } of copies) {
    if (verdict !== 'accepted' || value === null || left === 0) {
      windows.push(null)
      continue
    }
    left -= 1
    windows.push(await countOne(options, { value, arrivalMs }, signal))
  }
  return windows
}

async function countOne(
  { bench, catalog, plans, clock: real }: TraceOptions,
  { value, arrivalMs }: { readonly value: Uint8Array; readonly arrivalMs: number },
  signal: AbortSignal,
): Promise<readonly TraceWindow[]> {
  const clock = arrivalMs < 0 ? real : { ...real, now: () => arrivalMs }
  await using trial = await bench(clock)
  const collector = createIngest({ log: trial.log, catalog, clock })
  await collector.collect([{ bytes: value, origin: null }], signal)
  await digestTrial({ ...trial, catalog, plans, clock, signal })
  await using store = await trial.store()
  const windows: TraceWindow[] = []
  for (const plan of plans) {
    const question = { metric: plan.name, fromMs: null, toMs: null, limit: ROWS_MAX, cursor: null }
    const { rows } = await store.query(question)
    for (const { window_start, window_end, key, values } of rows) {
      const counts_once = plan.once?.path ?? null
      windows.push({ metric: plan.name, window_start, window_end, key, adds: values, counts_once })
    }
  }
  return windows
}

function toCopy(judged: Judged, windows: readonly TraceWindow[] | null): TraceCopy {
  const { topic, partition, offset, arrivalMs, userId, verdict, reject, object, value } = judged
  const repairedMs = reject?.repairedMs ?? null
  return {
    topic,
    partition,
    offset,
    arrival: arrivalMs < 0 ? null : toMillisecondText(arrivalMs),
    user_id: userId,
    verdict,
    code: reject?.code ?? null,
    pointer: reject?.pointer ?? null,
    repaired: repairedMs === null ? null : toMillisecondText(repairedMs),
    in_log: value !== null,
    object,
    windows,
  }
}
