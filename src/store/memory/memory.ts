/**
 * The store in memory, in plain Maps: for tests and simulations, and the second opinion on what the
 * store on a disk answers. What it keeps outlives the handle, as a disk does.
 */
import type { AnswerGroup, AnswerPart } from '../../model/answer.ts'
import {
  compareKeys,
  countOf,
  keepsSet,
  mergeParts,
  toPart,
  toResultRow,
} from '../../model/answer.ts'
import type { IdBlock, IdBucket, IdChange, IdRun } from '../../model/ids.ts'
import { ID_BYTES } from '../../model/ids.ts'
import type { Ledger } from '../../model/ledger.ts'
import { closeLedger } from '../../model/ledger.ts'
import type { PartialBatch } from '../../model/partial.ts'
import type { MetricPlan } from '../../model/plan.ts'
import { progressOf } from '../../model/progress.ts'
import type { Question, RejectPage, Result } from '../../model/result.ts'
import type { PartitionTotals, Reject, Step } from '../../model/step.ts'
import type { Interval } from '../../model/window.ts'
import { present } from '../../std/assert.ts'
import { compareUtf8, concatBytes } from '../../std/bytes.ts'
import { Fault } from '../../std/fault.ts'
import { toPartialUntil } from '../declaration.ts'
import type { Lateness } from '../lateness.ts'
import { findLate, IN_TIME } from '../lateness.ts'
import type { RejectPlace, RowPlace } from '../question.ts'
import { toAsk, toRejectAsk, toRejectCursor, toRowCursor } from '../question.ts'
import type { Committed, RejectQuestion, Store, StoreState } from '../store.ts'

/** What a memory store keeps, over any number of openings. */
export interface MemoryDisk {
  shards: number | null
  sequence: number
  progress: number | null
  isOpen: boolean
  readonly partitions: Map<number, readonly PartitionTotals[]>
  readonly metrics: Map<string, KeptMetric>
  readonly rejects: Reject[]
  readonly warm: Map<number, IdBlock[]>
  readonly runs: Map<number, IdRun[]>
}

interface KeptMetric {
  partialUntilMs: number | null
  /** The sequence since which it is not declared; null: it is. */
  retired: number | null
  readonly groups: Map<string, KeptGroup>
}

interface KeptGroup {
  readonly window: Interval
  readonly key: readonly (string | null)[]
  readonly parts: Map<string | null, AnswerPart>
  /** Ids in hex, one set per measure. */
  readonly sets: readonly Set<string>[]
}

export interface MemoryStoreOptions {
  readonly plans: readonly MetricPlan[]
  readonly shards: number
  readonly disk?: MemoryDisk
}

export function createMemoryDisk(): MemoryDisk {
  return {
    shards: null,
    sequence: 0,
    progress: null,
    isOpen: false,
    partitions: new Map(),
    metrics: new Map(),
    rejects: [],
    warm: new Map(),
    runs: new Map(),
  }
}

/** Throws DATA_DIR_BUSY and DATA_DIR_MISMATCH as a store on a disk does. */
export function openMemoryStore(options: MemoryStoreOptions): Store {
  const { plans, shards, disk = createMemoryDisk() } = options
  if (disk.isOpen) throw new Fault('DATA_DIR_BUSY', 'the store in memory is open already')
  if (disk.shards !== null && disk.shards !== shards) {
    const message = `the store was made for ${disk.shards} partitions; set partitions to that`
    throw new Fault('DATA_DIR_MISMATCH', message)
  }
  disk.shards = shards
  disk.isOpen = true
  declare(disk, plans)
  const use = (): MemoryDisk => {
    if (!disk.isOpen) throw new Fault('STORE_UNAVAILABLE', 'the store is closed; open it again')
    return disk
  }
  return {
    load: async () => load(use(), shards),
    commit: async step => commit(use(), step),
    query: async question => query(use(), plans, question),
    audit: async () => audit(use()),
    rejects: async question => pageRejects(use(), question),
    [Symbol.asyncDispose]: async () => {
      disk.isOpen = false
    },
  }
}

function declare(disk: MemoryDisk, plans: readonly MetricPlan[]): void {
  const partialUntilMs = toPartialUntil([...disk.partitions.values()].flat())
  for (const { hash } of plans) {
    const known = disk.metrics.get(hash)
    if (known === undefined) {
      disk.metrics.set(hash, { partialUntilMs, retired: null, groups: new Map() })
    } else {
      const missedSteps = known.retired !== null && known.retired !== disk.sequence
      if (missedSteps) known.partialUntilMs = partialUntilMs
      known.retired = null
    }
  }
  for (const [hash, metric] of disk.metrics) {
    if (!plans.some(plan => plan.hash === hash)) metric.retired ??= disk.sequence
  }
}

function load(disk: MemoryDisk, shards: number): StoreState {
  return {
    progress: disk.progress,
    sequence: disk.sequence,
    shards: Array.from({ length: shards }, (_, shard) => ({
      shard,
      partitions: disk.partitions.get(shard) ?? [],
      ids: { blocks: joinBlocks(disk.warm.get(shard) ?? []), runs: disk.runs.get(shard) ?? [] },
    })),
  }
}

function commit(disk: MemoryDisk, step: Step): Committed {
  const late = findLate(step, disk.progress)
  const runs: Committed['runs'][number][] = []
  for (const { shard, partitions, partials, ids, rejects } of step.shards) {
    for (const batch of partials) addBatch(disk, batch, late.get(batch) ?? null)
    disk.partitions.set(shard, partitions)
    disk.rejects.push(...rejects)
    for (const run of changeIds(disk, shard, ids)) runs.push({ shard, run })
  }
  disk.progress = progressOf([...disk.partitions.values()].flat(), disk.progress)
  disk.sequence += 1
  return { sequence: disk.sequence, progress: disk.progress, runs }
}

function addBatch(
  disk: MemoryDisk,
  batch: PartialBatch,
  lateness: readonly Lateness[] | null,
): void {
  const groups = present(disk.metrics.get(batch.plan.hash), `metric ${batch.plan.name}`).groups
  const rows: KeptGroup[] = []
  for (let row = 0; row < batch.rowCount; row += 1) {
    const start = present(batch.windowStart[row], 'a row')
    const key = batch.keys.map(column => column[row] ?? null)
    const place = JSON.stringify([start, ...key])
    const group = groups.get(place) ?? {
      window: { start, end: present(batch.windowEnd[row], 'a row') },
      key,
      parts: new Map(),
      sets: batch.measures.map(() => new Set<string>()),
    }
    const part = toPart(batch, row, lateness?.[row] ?? IN_TIME)
    const known = group.parts.get(part.currency)
    group.parts.set(part.currency, known === undefined ? part : mergeParts(known, part))
    groups.set(place, group)
    rows.push(group)
  }
  for (const [index, column] of batch.measures.entries()) {
    if (column.kind !== 'set') continue
    for (const [at, row] of column.rows.entries()) {
      const id = Buffer.from(column.ids.subarray(at * ID_BYTES, (at + 1) * ID_BYTES))
      present(rows[row]?.sets[index], 'a set').add(id.toString('hex'))
    }
  }
}

function query(disk: MemoryDisk, plans: readonly MetricPlan[], question: Question): Result {
  const { plan, fromMs, toMs, limit, after, last, windows } = toAsk(plans, question)
  const compare = last === null ? comparePlaces : compareNewestFirst
  const metric = present(disk.metrics.get(plan.hash), `metric ${plan.name}`)
  const found = [...metric.groups.values()]
    .filter(({ window }) => fromMs === null || window.start >= fromMs)
    .filter(({ window }) => toMs === null || window.start < toMs)
    .filter(({ window }) => windows === null || windows.includes(window.start))
    .map(group => toPlaced(plan, group))
    .toSorted((a, b) => compare(a.place, b.place))
  const page = cutTop(plan, cutWindows(found, last)).filter(
    one => after === null || compare(one.place, after) > 0,
  )
  const shown = page.slice(0, limit)
  const end = shown.at(-1)
  const context = { ...disk, partialUntilMs: metric.partialUntilMs, source: 'stream' }
  return {
    metric: plan.name,
    zone: plan.zone,
    rows: shown.map(one => toResultRow(plan, one.group, context)),
    next: page.length > limit && end !== undefined ? toRowCursor(plan, end.place) : null,
  }
}

interface Placed {
  readonly group: AnswerGroup
  readonly place: RowPlace
}

function toPlaced(plan: MetricPlan, kept: KeptGroup): Placed {
  const parts = [...kept.parts.values()].toSorted((a, b) =>
    compareUtf8(a.currency ?? '', b.currency ?? ''),
  )
  const distinct = plan.measures.map((measure, index) =>
    keepsSet(measure) ? present(kept.sets[index], 'a set').size : 0,
  )
  const group = { window: kept.window, key: kept.key, parts, distinct }
  const rank = plan.top === null ? 0 : countOf(plan, group, plan.top.by)
  return { group, place: { windowStart: kept.window.start, rank, key: kept.key } }
}

function comparePlaces(left: RowPlace, right: RowPlace): number {
  if (left.windowStart !== right.windowStart) return left.windowStart < right.windowStart ? -1 : 1
  return right.rank - left.rank || compareKeys(left.key, right.key)
}

function compareNewestFirst(left: RowPlace, right: RowPlace): number {
  if (left.windowStart !== right.windowStart) return left.windowStart > right.windowStart ? -1 : 1
  return comparePlaces(left, right)
}

/** Of sorted rows those of the first `count` windows; null: all. */
function cutWindows(sorted: readonly Placed[], count: number | null): readonly Placed[] {
  if (count === null) return sorted
  const windows = Map.groupBy(sorted, one => one.place.windowStart)
  return [...windows.values()].slice(0, count).flat()
}

/** Of sorted rows the first `top.limit` of each window. */
function cutTop(plan: MetricPlan, sorted: readonly Placed[]): readonly Placed[] {
  const { top } = plan
  if (top === null) return sorted
  const windows = Map.groupBy(sorted, one => one.place.windowStart)
  return [...windows.values()].flatMap(rows => rows.slice(0, top.limit))
}

function audit(disk: MemoryDisk): Ledger {
  const partitions = [...disk.partitions.values()]
    .flat()
    .toSorted((a, b) => compareUtf8(a.topic, b.topic) || a.partition - b.partition)
  return closeLedger(
    partitions,
    (topic, partition) =>
      disk.rejects.filter(one => one.topic === topic && one.partition === partition).length,
  )
}

function pageRejects(disk: MemoryDisk, question: RejectQuestion): RejectPage {
  const { limit, after } = toRejectAsk(question)
  const page = disk.rejects
    .toSorted(compareRejects)
    .filter(reject => after === null || compareRejects(reject, after) > 0)
  const rejects = page.slice(0, limit)
  const last = rejects.at(-1)
  return {
    rejects,
    next: page.length > limit && last !== undefined ? toRejectCursor(last) : null,
  }
}

function compareRejects(left: RejectPlace, right: RejectPlace): number {
  return (
    right.arrivalMs - left.arrivalMs ||
    compareUtf8(left.topic, right.topic) ||
    left.partition - right.partition ||
    right.offset - left.offset
  )
}

function changeIds(disk: MemoryDisk, shard: number, change: IdChange): readonly IdRun[] {
  if (change.sealed.length === 0) {
    const added = change.added.map(copyBlock)
    disk.warm.set(shard, [...(disk.warm.get(shard) ?? []), ...added])
    return []
  }
  const runs = change.sealed.map(toRun)
  disk.warm.set(shard, change.kept.map(copyBlock))
  disk.runs.set(shard, [...(disk.runs.get(shard) ?? []), ...runs])
  return runs
}

function copyBlock(block: IdBlock): IdBlock {
  return { bucket: block.bucket, ids: block.ids.slice() }
}

function toRun({ bucket, ids }: IdBlock): IdRun {
  const known = new Set<string>()
  const words = new Int32Array(ids.slice().buffer)
  for (let at = 0; at < words.length; at += 4) known.add(words.subarray(at, at + 4).join(' '))
  return {
    bucket,
    idCount: ids.length / ID_BYTES,
    has: (word0, word1, word2, word3) =>
      known.has([word0, word1, word2, word3].map(word => word | 0).join(' ')),
  }
}

function joinBlocks(blocks: readonly IdBlock[]): readonly IdBlock[] {
  const buckets: Map<IdBucket, IdBlock[]> = Map.groupBy(blocks, block => block.bucket)
  return [...buckets].map(([bucket, parts]) => ({
    bucket,
    ids: concatBytes(parts.map(part => part.ids)),
  }))
}
