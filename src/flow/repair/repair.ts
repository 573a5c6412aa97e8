/**
 * Repair: quarantine → transform → the front door. Of each chosen reject the book is asked first:
 * one that is complete is left alone; one that was begun is sent as it was begun; else it is begun,
 * sent and completed. Between any two of these the process may die: what is then sent a second time
 * is the same bytes, a duplicate of the same day. So each counts once, however long after.
 */

import type { QuarantineQuestion } from '../../api/api.ts'
import type { EventLog } from '../../log/log.ts'
import type { Catalog } from '../../model/catalog.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { RejectPage, ResultRow } from '../../model/result.ts'
import type { Reject } from '../../model/step.ts'
import type { InvalidCode, ItemCheck } from '../../model/verdict.ts'
import type { Repair, RepairBook, RepairEntry } from '../../repair/repair.ts'
import { eventOf } from '../../repair/repair.ts'
import type { Clock } from '../../std/clock.ts'
import { MIB } from '../../std/units.ts'
import type { Store } from '../../store/store.ts'
import { createIngest } from '../ingest.ts'
import { digestTrial } from './trial.ts'

/** Where rejects are read from: a store, or the Weir that runs. */
export interface RejectSource {
  rejects(question: QuarantineQuestion): Promise<RejectPage>
}

export interface RepairOptions {
  readonly source: RejectSource
  readonly repair: Repair
  readonly book: RepairBook
  /** The front door's check. */
  readonly check: (item: Uint8Array, nowMs: number) => ItemCheck
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** What a repair comes to, reject by reject. */
export interface RepairCounts {
  readonly chosen: number
  /** Complete before this run. */
  readonly repairedBefore: number
  /** Valid after the transform; with those that a run that was broken off had begun. */
  readonly valid: number
  readonly stillInvalid: { readonly [Code in InvalidCode]?: number }
  /** By what is wrong, with the operation's number. */
  readonly unfit: { readonly [why: string]: number }
}

/** Each may hold 64 KiB. */
const PAGE_REJECTS = 200
/** Well below what a request may hold. */
const SEND_BYTES_MAX = 3 * MIB

type Planned =
  | { readonly kind: 'done' }
  | { readonly kind: 'begun'; readonly entry: RepairEntry }
  | { readonly kind: 'fresh'; readonly event: Uint8Array }
  | { readonly kind: 'invalid'; readonly code: InvalidCode }
  | { readonly kind: 'unfit'; readonly why: string }

/** Yields the chosen rejects, newest first, a page at a time. */
async function* chooseRejects(
  { source, repair }: Pick<RepairOptions, 'source' | 'repair'>,
  signal: AbortSignal,
): AsyncGenerator<readonly Reject[]> {
  let cursor: string | null = null
  do {
    signal.throwIfAborted()
    const page: RejectPage = await source.rejects({ ...repair.filter, limit: PAGE_REJECTS, cursor })
    yield page.rejects.filter(reject => repair.isMeant(reject))
    cursor = page.next
  } while (cursor !== null)
}

async function plan(options: RepairOptions, reject: Reject): Promise<Planned> {
  const { book, repair, check, clock } = options
  const entry = await book.find(reject)
  if (entry !== null) return entry.done_at_ms === null ? { kind: 'begun', entry } : { kind: 'done' }
  // Of what was too large only the beginning is here: it is not that event, however it reads.
  if (reject.code === 'too_large') return { kind: 'invalid', code: 'too_large' }
  const repaired = repair.apply(reject)
  if (repaired.kind === 'unfit') {
    return { kind: 'unfit', why: `operation ${repaired.operation}: ${repaired.why}` }
  }
  const { invalid } = check(repaired.bytes, clock.now())
  if (invalid !== null) return { kind: 'invalid', code: invalid.code }
  return { kind: 'fresh', event: repaired.bytes }
}

function createTally(): { add(planned: Planned): void; counts(): RepairCounts } {
  let [chosen, repairedBefore, valid] = [0, 0, 0]
  const stillInvalid = new Map<InvalidCode, number>()
  const unfit = new Map<string, number>()
  const count = <Key>(map: Map<Key, number>, key: Key): unknown =>
    map.set(key, (map.get(key) ?? 0) + 1)
  return {
    add: planned => {
      chosen += 1
      if (planned.kind === 'done') repairedBefore += 1
      else if (planned.kind === 'invalid') count(stillInvalid, planned.code)
      else if (planned.kind === 'unfit') count(unfit, planned.why)
      else valid += 1
    },
    counts: () => ({
      chosen,
      repairedBefore,
      valid,
      stillInvalid: Object.fromEntries(stillInvalid),
      unfit: Object.fromEntries(unfit),
    }),
  }
}

export interface ReplayOptions extends RepairOptions {
  /** Sends events through the front door; resolves when all are durable. */
  readonly send: (events: readonly Uint8Array[], signal: AbortSignal) => Promise<void>
  /** Called after each batch, with how many were sent so far. */
  readonly onProgress: (sentCount: number) => void
  /** Named crash points, for tests. */
  readonly crash: (point: string) => void
}

export interface ReplayReport extends RepairCounts {
  /** Of them, how many an earlier run had begun. */
  readonly resumed: number
  readonly sent: number
}

/** Sends what can be repaired, and what an earlier run, of this repair or another, left begun. */
export async function runReplay(options: ReplayOptions): Promise<ReplayReport> {
  const { book, signal } = options
  const sender = createSender(options)
  let resumed = 0
  for await (const entry of book.unfinished(signal)) {
    resumed += 1
    await sender.add(entry)
  }
  await sender.flush()
  const tally = createTally()
  for await (const rejects of chooseRejects(options, signal)) {
    const planned = await Promise.all(
      rejects.map(async reject => ({ reject, plan: await plan(options, reject) })),
    )
    const begun: Promise<RepairEntry>[] = []
    for (const { reject, plan: one } of planned) {
      tally.add(one)
      options.crash('repair.before')
      if (one.kind === 'fresh') begun.push(book.begin(reject, one.event))
      if (one.kind === 'begun') begun.push(Promise.resolve(one.entry))
    }
    for (const entry of await Promise.all(begun)) {
      if (entry.done_at_ms === null) await sender.add(entry)
    }
    await sender.flush()
  }
  return { ...tally.counts(), resumed, sent: sender.sentCount() }
}

interface Sender {
  add(entry: RepairEntry): Promise<void>
  flush(): Promise<void>
  sentCount(): number
}

function createSender({ book, send, onProgress, crash, signal }: ReplayOptions): Sender {
  let entries: RepairEntry[] = []
  let size = 0
  let sentCount = 0
  const flush = async (): Promise<void> => {
    if (entries.length === 0) return
    const some = entries
    entries = []
    size = 0
    crash('repair.begun')
    await send(some.map(eventOf), signal)
    crash('repair.sent')
    await book.complete(some)
    crash('repair.done')
    sentCount += some.length
    onProgress(sentCount)
  }
  return {
    add: async entry => {
      entries.push(entry)
      size += entry.event.length
      if (entries.length >= PAGE_REJECTS || size >= SEND_BYTES_MAX) await flush()
    },
    flush,
    sentCount: () => sentCount,
  }
}

export interface DryRunOptions extends RepairOptions {
  readonly catalog: Catalog
  readonly plans: readonly MetricPlan[]
  /** A log and a store of its own, in memory, empty. */
  readonly log: EventLog
  readonly store: () => Promise<Store>
  readonly secret: Uint8Array
}

export interface RepairExample {
  readonly reject: Reject
  readonly after: Uint8Array
}

export interface MetricDifference {
  readonly metric: string
  /** What the events would add; values of `atMost` measures would add so much or less. */
  readonly rows: readonly ResultRow[]
  /** Distinct values, and what counts `once`: what was counted before is not known here. */
  readonly atMost: readonly string[]
  /** Whether there are more rows than are told. */
  readonly isCut: boolean
}

export interface DryRunReport extends RepairCounts {
  /** Of the valid ones, how many are the same event as another of them. */
  readonly duplicates: number
  readonly examples: readonly RepairExample[]
  readonly differences: readonly MetricDifference[]
}

const EXAMPLES_MAX = 3
const ROWS_MAX = 1_000

/** Nothing is sent, and nothing remembered. */
export async function runDryRun(options: DryRunOptions): Promise<DryRunReport> {
  const { log, catalog, clock, signal } = options
  const collector = createIngest({ log, catalog, clock })
  const tally = createTally()
  const examples: RepairExample[] = []
  for await (const rejects of chooseRejects(options, signal)) {
    const events: Uint8Array[] = []
    for (const reject of rejects) {
      const planned = await plan(options, reject)
      tally.add(planned)
      if (planned.kind !== 'fresh' && planned.kind !== 'begun') continue
      const after = planned.kind === 'fresh' ? planned.event : eventOf(planned.entry)
      events.push(after)
      if (examples.length < EXAMPLES_MAX) examples.push({ reject, after })
    }
    const items = events.map(bytes => ({ bytes, origin: null }))
    if (items.length > 0) await collector.collect(items, signal)
  }
  return { ...tally.counts(), examples, ...(await measure(options)) }
}

/** Of a ratio, a minimum or a maximum, what these events have says nothing about a bound. */
const ADDS_UP: ReadonlySet<string> = new Set(['count', 'sum'])

/** The events through engines and a store of their own. */
async function measure(
  options: DryRunOptions,
): Promise<Pick<DryRunReport, 'duplicates' | 'differences'>> {
  const { plans } = options
  await digestTrial(options)
  await using store = await options.store()
  const { partitions } = await store.audit()
  const differences: MetricDifference[] = []
  for (const one of plans) {
    const question = { metric: one.name, fromMs: null, toMs: null, limit: ROWS_MAX, cursor: null }
    const { rows, next } = await store.query(question)
    if (rows.length === 0) continue
    const atMost = one.measures
      .filter(({ kind }) => kind === 'count_distinct' || (one.once !== null && ADDS_UP.has(kind)))
      .map(measure => measure.name)
    differences.push({ metric: one.name, rows, atMost, isCut: next !== null })
  }
  const duplicates = partitions.reduce((sum, line) => sum + line.duplicate, 0)
  return { duplicates, differences }
}
