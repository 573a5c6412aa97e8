/** The engine of one shard, put together: scan, judge, aggregate, and the totals of the ledger. */

import type { Catalog } from '../model/catalog.ts'
import { schemaOfTopic, topicsOf } from '../model/catalog.ts'
import { partitionOfRange } from '../model/partitioner.ts'
import type { ColumnRef, MetricPlan } from '../model/plan.ts'
import type { Fetch } from '../model/record.ts'
import type { PartitionTotals, Reject, ShardState } from '../model/step.ts'
import type { InvalidCode } from '../model/verdict.ts'
import { assert, present } from '../std/assert.ts'
import type { Aggregator } from './aggregate/aggregator.ts'
import { createAggregator } from './aggregate/aggregator.ts'
import { createStepColumns } from './aggregate/columns-of-step.ts'
import type { Engine } from './engine.ts'
import { createIdSet } from './ids/id-set.ts'
import { deriveKeys } from './ids/keys.ts'
import type { Judge, Judged } from './judge.ts'
import { createJudge } from './judge.ts'
import { createRefusedNotes } from './refused.ts'
import { createScanner } from './scan/byte-scanner.ts'
import type { Columns, InvalidRow, Scanner } from './scan/scanner.ts'

export interface EngineOptions {
  readonly catalog: Catalog
  readonly plans: readonly MetricPlan[]
  /** The shard's state after the last commit. */
  readonly state: ShardState
  /** 16 secret bytes or more, the same in every process that shares results. */
  readonly secret: Uint8Array
  /** Bytes that tables of ids may take. */
  readonly idsMemoryMax: number
  /** Whether steps tell what was not accepted. */
  readonly archives?: boolean
}

/** Bytes digested that weigh as one row: bounds what long keys and rejects take in memory. */
const PENDING_BYTES = 256

type MutableTotals = { -readonly [Key in keyof PartitionTotals]: PartitionTotals[Key] }

export function createEngine(options: EngineOptions): Engine {
  const { catalog, plans, state } = options
  // Functions below keep the number alone: the state holds all ids, and may go.
  const { shard } = state
  const keys = deriveKeys(options.secret)
  const ids = createIdSet(state.ids, options.idsMemoryMax, keys.multipliers)
  const scanner: Scanner = createScanner(catalog)
  const aggregator: Aggregator = createAggregator(plans, {
    hashes: keys.hashes,
    ids,
    columns: createStepColumns(keys.factor),
    factor: keys.factor,
  })
  const judge: Judge = createJudge({
    hashes: keys.hashes,
    ids,
    dedupDays: catalog.dedupDays,
    isAtHome: createHome(catalog, shard),
  })
  const totals = openTotals(catalog, state)
  const refused = options.archives === true ? createRefusedNotes() : null
  const topics = new Map(
    topicsOf(catalog).map(topic => [topic, findTopic(catalog, topic, aggregator)]),
  )
  let rejects: Reject[] = []
  let isMoved = false
  let digestedBytes = 0
  let earliestMs: number | null = null

  return {
    digest: fetch => {
      const total = present(totals.get(fetch.topic), `the topic ${fetch.topic} in the catalog`)
      const { eventType, wanted } = present(topics.get(fetch.topic), fetch.topic)
      assert(fetch.partition === shard, 'a shard digests its own partition')
      if (!isStarted(total)) start(total, fetch.offset)
      assert(fetch.offset === total.offsetNext, 'a fetch goes on where the last one ended')
      const columns = scanner.scan(fetch, wanted)
      const judged = judge(columns, fetch.topic)
      refused?.note(fetch, columns, judged)
      const appliedCount =
        judged.count === 0 ? 0 : aggregator.add({ eventType, columns, wanted, ...judged })
      advance(total, fetch, { columns, judged, appliedCount })
      for (const row of columns.invalids) rejects.push(toReject(row, fetch, columns))
      isMoved = true
      digestedBytes += fetch.bytes.length
      const arrivalMs = columns.rowCount === 0 ? -1 : (columns.arrivalMs[0] ?? -1)
      if (arrivalMs >= 0) earliestMs = Math.min(earliestMs ?? arrivalMs, arrivalMs)
    },
    observe: bounds => {
      for (const { topic, partition, offsetFirst, offsetEnd } of bounds) {
        const total = partition === shard ? totals.get(topic) : undefined
        if (total === undefined) continue
        if (!isStarted(total) && offsetEnd > 0) start(total, offsetFirst)
        const atEnd = total.offsetNext >= offsetEnd
        // Told even where nothing was digested: what is not read yet holds progress.
        if (atEnd !== total.atEnd) isMoved = true
        total.atEnd = atEnd
      }
    },
    get pendingSize() {
      const count = aggregator.rowCount + ids.pendingCount + rejects.length
      return Math.max(count, digestedBytes / PENDING_BYTES)
    },
    take: () => {
      if (!isMoved) return null
      isMoved = false
      const taken = rejects
      const arrivalMs = earliestMs
      rejects = []
      digestedBytes = 0
      earliestMs = null
      return {
        shard,
        arrivalMs,
        partitions: [...totals.values()].filter(isStarted).map(total => ({ ...total })),
        partials: aggregator.take(),
        ids: ids.take(),
        rejects: taken,
        ...(refused === null ? {} : { refused: refused.take() }),
      }
    },
    settle: runs => ids.settle(runs),
  }
}

interface TopicOfEngine {
  readonly eventType: string
  readonly wanted: readonly ColumnRef[]
}

function findTopic(catalog: Catalog, topic: string, aggregator: Aggregator): TopicOfEngine {
  const eventType = schemaOfTopic(catalog, topic)?.name ?? ''
  return { eventType, wanted: aggregator.wantedOf(eventType) }
}

function createHome(
  catalog: Catalog,
  shard: number,
): (bytes: Uint8Array, start: number, end: number) => boolean {
  const { partitions, partitioner } = catalog
  if (partitions === 1) return () => true
  return (bytes, start, end) =>
    partitionOfRange(bytes, start, end, partitions, partitioner) === shard
}

/**
 * Those of the catalog's topics, and of topics whose event type was taken out of it: what is
 * counted stays counted, and it goes on from there if the type comes back. Nobody reads them
 * meanwhile, so they hold no progress.
 */
function openTotals(catalog: Catalog, state: ShardState): Map<string, MutableTotals> {
  const known = new Map<string, MutableTotals>(
    state.partitions.map(totals => [totals.topic, { ...totals, atEnd: true }]),
  )
  for (const topic of topicsOf(catalog)) {
    const before = state.partitions.find(totals => totals.topic === topic)
    known.set(topic, { ...(before ?? emptyTotals(topic, state.shard)) })
  }
  return known
}

/** offsetFirst -1: the partition was never read, and is not in the ledger yet. */
function emptyTotals(topic: string, partition: number): PartitionTotals {
  return {
    topic,
    partition,
    offsetFirst: -1,
    offsetNext: 0,
    consumed: 0,
    skipped: 0,
    gap: 0,
    accepted: 0,
    duplicate: 0,
    invalid: {},
    misplaced: 0,
    applied: 0,
    timeMs: null,
    atEnd: true,
  }
}

function isStarted(totals: PartitionTotals): boolean {
  return totals.offsetFirst >= 0
}

function start(totals: MutableTotals, offset: number): void {
  totals.offsetFirst = offset
  totals.offsetNext = offset
}

interface Digested {
  readonly columns: Columns
  readonly judged: Judged
  readonly appliedCount: number
}

function advance(total: MutableTotals, fetch: Fetch, digested: Digested): void {
  const { columns, judged, appliedCount } = digested
  total.offsetNext = fetch.offsetNext
  total.atEnd = fetch.offsetNext >= fetch.offsetEnd
  total.consumed += columns.rowCount
  total.skipped += columns.skippedCount + fetch.abortedCount
  total.gap += columns.gapCount - fetch.abortedCount
  total.accepted += judged.count
  total.duplicate += judged.duplicateCount
  total.misplaced += judged.misplacedCount
  total.applied += appliedCount
  if (judged.timeMs !== null) total.timeMs = Math.max(total.timeMs ?? judged.timeMs, judged.timeMs)
  if (columns.invalids.length === 0) return
  const invalid: Partial<Record<InvalidCode, number>> = { ...total.invalid }
  for (const row of columns.invalids) {
    invalid[row.invalid.code] = (invalid[row.invalid.code] ?? 0) + 1
  }
  total.invalid = invalid
}

function toReject(row: InvalidRow, fetch: Fetch, columns: Columns): Reject {
  return {
    topic: fetch.topic,
    partition: fetch.partition,
    offset: columns.offset[row.row] ?? -1,
    arrivalMs: columns.arrivalMs[row.row] ?? -1,
    code: row.invalid.code,
    pointer: row.invalid.pointer,
    key: row.key,
    value: row.value,
    file: row.file,
    line: row.line,
  }
}
