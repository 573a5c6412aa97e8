/**
 * A shop for tests of users: Weir without ports, files and waiting. Events go through the same door
 * and the same engine as in a process, over a log and a store in memory, so that what a test asks
 * is what a process would answer. Time stands still until a test moves it.
 *
 * `import { openTestShop } from 'weir/test'`
 */
import { toRejectAnswer } from '../../api/answers.ts'
import type { RejectAnswer } from '../../api/contract.ts'
import type { Collector, ItemAnswer } from '../../collector/collector.ts'
import { createSegment } from '../../collector/segment.ts'
import { runDigest } from '../../flow/digest.ts'
import { createIngest } from '../../flow/ingest.ts'
import type { EventLog } from '../../log/log.ts'
import { openMemoryLog } from '../../log/memory/memory-log.ts'
import { shardsOf, topicsOf } from '../../model/catalog.ts'
import type { WeirConfig } from '../../model/config.ts'
import type { Ledger } from '../../model/ledger.ts'
import type { Question, ResultRow } from '../../model/result.ts'
import type { SegmentCall } from '../../model/segment.ts'
import { toUtf8 } from '../../std/bytes.ts'
import type { Clock } from '../../std/clock.ts'
import { Fault } from '../../std/fault.ts'
import { createOutage } from '../../std/outage.ts'
import { parseDuration } from '../../std/units.ts'
import { createMemoryDisk, openMemoryStore } from '../../store/memory/memory.ts'
import type { AnswerStore, Store } from '../../store/store.ts'
import type { LoadedConfig } from '../config/load.ts'
import { resolveConfig } from '../config/load.ts'

export type { ItemAnswer } from '../../collector/collector.ts'
export type { Ledger, LedgerPartition } from '../../model/ledger.ts'
export type { ResultRow } from '../../model/result.ts'

export interface TestShopOptions {
  /** As in weir.config.ts; what is said of ports, files, Kafka and S3 does not matter. */
  readonly config?: WeirConfig
  /** What time it is, RFC 3339. Without it, the real one when the shop is opened. */
  readonly now?: string
}

/** Which rows are wanted; without any, all of them. */
export interface TestQuestion {
  /** `from ≤ window start < to`, RFC 3339. */
  readonly from?: string
  readonly to?: string
  /** Only rows of this key; null is absence. */
  readonly key?: { readonly [name: string]: string | null }
  /** The fields of the key to keep; over the others rows add up. */
  readonly group?: readonly string[]
  /** The larger windows that rows are put together to. */
  readonly window?: 'hour' | 'day' | 'week' | 'month' | 'all'
}

export interface TestShop extends AsyncDisposable {
  /**
   * Sends an event, or several, and gives what a process would answer of each. A text is sent as it
   * is written; anything else as its JSON.
   */
  send(events: unknown): Promise<readonly ItemAnswer[]>
  /** Sends a call as Segment's libraries do; `call` is without its `type`. */
  sendCall(type: SegmentCall, call: object): Promise<void>
  /** The rows of a metric, after all that was sent. Throws QUERY_INVALID. */
  query(metric: string, question?: TestQuestion): Promise<readonly ResultRow[]>
  ledger(): Promise<Ledger>
  /** The records that are invalid, newest first, with their codes and bytes. */
  rejects(): Promise<readonly RejectAnswer[]>
  /** Lets time go on, by `10m` or `2d`. */
  advance(duration: string): void
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number
}

const PAGE_ROWS = 100_000
const PAGE_REJECTS = 1_000
const IDS_MEMORY_MAX = 16 * 1024 * 1024
/** Of the ids that are seen; equal in every run. */
const SECRET = new Uint8Array(32).fill(7)

/** Throws CONFIG_INVALID for a config that a process would not start with. */
export async function openTestShop(options: TestShopOptions = {}): Promise<TestShop> {
  const config = resolveConfig(options.config ?? {}, null, { flags: {}, environment: {} })
  let nowMs = parseTime(options.now ?? new Date().toISOString(), 'now')
  const clock = createStillClock(() => nowMs)
  const { catalog } = config
  const parts = { topics: topicsOf(catalog), partitions: catalog.partitions, clock }
  const log = await openMemoryLog(parts)
  const collector = createIngest({ log, catalog, clock })
  const ask = createAsk({ log, config, clock })
  return {
    send: events => collect(collector, (Array.isArray(events) ? events : [events]).map(toBytes)),
    sendCall: createSendCall({ collector, config, clock }),
    query: (metric, question = {}) => ask(store => readAll(store, toQuestion(metric, question))),
    ledger: () => ask(store => store.audit()),
    rejects: () => ask(async store => (await readRejects(store)).map(toRejectAnswer)),
    advance: duration => {
      nowMs += parseDuration(duration, 'advance')
    },
    now: () => nowMs,
    [Symbol.asyncDispose]: () => log[Symbol.asyncDispose](),
  }
}

interface Parts {
  readonly log: EventLog
  readonly config: LoadedConfig
  readonly clock: Clock
}

/** Digests what the log holds, and then asks; one question after the other. */
function createAsk(parts: Parts): <Answer>(read: Read<Answer>) => Promise<Answer> {
  const { plans, catalog } = parts.config
  const disk = createMemoryDisk()
  const openStore = (): Store => openMemoryStore({ plans, shards: catalog.partitions, disk })
  let before: Promise<unknown> = Promise.resolve()
  const ask = async <Answer>(read: Read<Answer>): Promise<Answer> => {
    await digest(parts, openStore)
    await using store = openStore()
    return await read(store)
  }
  return read => {
    const answer = before.then(() => ask(read))
    before = answer.catch(() => undefined)
    return answer
  }
}

type Read<Answer> = (store: AnswerStore) => Promise<Answer>

async function digest({ log, config, clock }: Parts, openStore: () => Store): Promise<void> {
  await runDigest({
    log,
    openStore: async () => openStore(),
    shards: shardsOf(config.catalog),
    catalog: config.catalog,
    plans: config.plans,
    secret: SECRET,
    idsMemoryMax: IDS_MEMORY_MAX,
    commitMs: 1,
    clock,
    onCommit: () => undefined,
    outage: createOutage(fault => {
      if (fault !== null) throw fault
    }),
    drain: AbortSignal.abort(),
    signal: new AbortController().signal,
  })
}

function createSendCall({
  collector,
  config,
  clock,
}: Omit<Parts, 'log'> & { readonly collector: Collector }): TestShop['sendCall'] {
  const { itemCountMax } = collector.limits
  const checkKey = (): null => null
  const segment = createSegment({ plan: config.segment, checkKey, clock, itemCountMax })
  return async (type, call) => {
    const bytes = toUtf8(JSON.stringify(call))
    const reading = segment.read({ path: `/v1/${type}`, headers: {}, bytes })
    if (reading.kind === 'problem') throw new Fault('QUERY_INVALID', reading.problem.detail)
    if (reading.items.length > 0) await collector.collect(reading.items, never())
  }
}

function collect(
  collector: Collector,
  items: readonly Uint8Array[],
): Promise<readonly ItemAnswer[]> {
  const plain = items.map(bytes => ({ bytes, origin: null }))
  return collector.collect(plain, never())
}

function never(): AbortSignal {
  return new AbortController().signal
}

function toBytes(event: unknown): Uint8Array {
  return toUtf8(typeof event === 'string' ? event : JSON.stringify(event))
}

function toQuestion(metric: string, question: TestQuestion): Question {
  const { from, to, key = {}, group, window } = question
  return {
    metric,
    fromMs: from === undefined ? null : parseTime(from, 'from'),
    toMs: to === undefined ? null : parseTime(to, 'to'),
    limit: PAGE_ROWS,
    cursor: null,
    keys: Object.entries(key).map(([name, value]) => ({ name, values: [value] })),
    group: group ?? null,
    window: window ?? null,
  }
}

async function readAll(store: AnswerStore, question: Question): Promise<readonly ResultRow[]> {
  const rows: ResultRow[] = []
  let cursor: string | null = null
  do {
    const page = await store.query({ ...question, cursor })
    rows.push(...page.rows)
    cursor = page.next
  } while (cursor !== null)
  return rows
}

async function readRejects(store: AnswerStore): Promise<Parameters<typeof toRejectAnswer>[0][]> {
  const rejects: Parameters<typeof toRejectAnswer>[0][] = []
  let cursor: string | null = null
  do {
    const page = await store.rejects({ limit: PAGE_REJECTS, cursor })
    rejects.push(...page.rejects)
    cursor = page.next
  } while (cursor !== null)
  return rejects
}

function parseTime(text: string, what: string): number {
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) throw new Fault('QUERY_INVALID', `${what} is '${text}', which is no time`)
  return ms
}

/** Nothing waits; the time that a digest measures goes on by itself. */
function createStillClock(now: () => number): Clock {
  let ticks = 0
  return {
    now,
    monotonic: () => {
      ticks += 1
      return ticks
    },
    sleep: async () => undefined,
  }
}
