/**
 * The store in memory, in plain Maps: for tests and simulations, and the second opinion on what the
 * store on a disk answers. What it keeps outlives the handle, as a disk does.
 */
import type { ArchiveAdvance, ArchiveTotals, PartitionRefused, Place } from '../../model/archive.ts'
import { advanceArchive, countGone, isPlace, noteStep } from '../../model/archive.ts'
import type { IdBlock, IdBucket, IdChange, IdRun } from '../../model/ids.ts'
import { ID_BYTES } from '../../model/ids.ts'
import type { Ledger } from '../../model/ledger.ts'
import { closeLedger } from '../../model/ledger.ts'
import type { MetricPlan } from '../../model/plan.ts'
import { progressOf } from '../../model/progress.ts'
import type { RefusedCount, RefusedRange } from '../../model/refused.ts'
import { cutRefused } from '../../model/refused.ts'
import type { Result } from '../../model/result.ts'
import type { PartitionTotals, Reject, Step } from '../../model/step.ts'
import type { Swap } from '../../model/swap.ts'
import { present } from '../../std/assert.ts'
import { compareUtf8, concatBytes } from '../../std/bytes.ts'
import { Fault } from '../../std/fault.ts'
import { toPartialAfter, toPartialUntil } from '../declaration.ts'
import { findLate } from '../lateness.ts'
import { assertOffsets } from '../offsets.ts'
import { pageRejects } from '../quarantine.ts'
import type { Ask } from '../question.ts'
import { toAsk, toRejectAsk } from '../question.ts'
import { rowsOfBatch } from '../rows.ts'
import type { Committed, Store, StoreState } from '../store.ts'
import { answerViews } from '../view/answer-views.ts'
import type { View } from '../view/view.ts'
import { createView } from '../view/view.ts'

/** What a memory store keeps, over any number of openings. */
export interface MemoryDisk {
  shards: number | null
  sequence: number
  progress: number | null
  isOpen: boolean
  readonly partitions: Map<number, readonly PartitionTotals[]>
  readonly metrics: Map<string, KeptMetric>
  readonly rejects: Reject[]
  readonly archives: Map<number, readonly ArchiveTotals[]>
  refused: readonly PartitionRefused[]
  readonly warm: Map<number, IdBlock[]>
  readonly runs: Map<number, IdRun[]>
}

interface KeptMetric {
  partialUntilMs: number | null
  /** The sequence since which it is not declared; null: it is. */
  retired: number | null
  readonly view: View
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
    archives: new Map(),
    refused: [],
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
    query: async question => query(use(), toAsk(plans, question)),
    rows: async question => {
      const ask = toAsk(plans, question)
      return query(use(), { ...ask, plan: { ...ask.plan, top: null } })
    },
    swap: async change => swap(use(), change),
    audit: async () => audit(use()),
    refused: async (place, from) => refusedFrom(use(), place, from),
    archive: async advance => archive(use(), advance),
    rejects: async question => pageRejects(use().rejects, toRejectAsk(question)),
    [Symbol.asyncDispose]: async () => {
      disk.isOpen = false
    },
  }
}

function declare(disk: MemoryDisk, plans: readonly MetricPlan[]): void {
  const partialUntilMs = toPartialUntil([...disk.partitions.values()].flat())
  for (const plan of plans) {
    const known = disk.metrics.get(plan.hash)
    if (known === undefined) {
      disk.metrics.set(plan.hash, { partialUntilMs, retired: null, view: createView(plan) })
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
      archives: disk.archives.get(shard) ?? [],
      ids: { blocks: joinBlocks(disk.warm.get(shard) ?? []), runs: disk.runs.get(shard) ?? [] },
    })),
  }
}

function commit(disk: MemoryDisk, step: Step): Committed {
  const late = findLate(step, disk.progress)
  const runs: Committed['runs'][number][] = []
  for (const one of step.shards) {
    const { shard, partitions, partials, ids, rejects, refused = [] } = one
    disk.archives.set(shard, noteStep(disk.archives.get(shard) ?? [], one))
    const fresh = refused.filter(range => range.runs.length > 0)
    disk.refused = [...disk.refused, ...fresh].filter(range => isWaiting(disk, range))
    for (const batch of partials) {
      const { view } = present(disk.metrics.get(batch.plan.hash), `metric ${batch.plan.name}`)
      for (const row of rowsOfBatch(batch, late.get(batch) ?? null)) view.add(row)
    }
    disk.partitions.set(shard, partitions)
    disk.rejects.push(...rejects)
    for (const run of changeIds(disk, shard, ids)) runs.push({ shard, run })
  }
  disk.progress = progressOf([...disk.partitions.values()].flat(), disk.progress)
  disk.sequence += 1
  return { sequence: disk.sequence, progress: disk.progress, runs }
}

/** What is below where archiving began anew is forgotten. */
function isWaiting(disk: MemoryDisk, range: PartitionRefused): boolean {
  const archives = [...disk.archives.values()].flat()
  return archives.some(one => isPlace(one, range) && one.offsetNext < range.next)
}

function refusedFrom(disk: MemoryDisk, place: Place, from: number): readonly RefusedRange[] {
  return disk.refused
    .filter(range => isPlace(range, place) && range.next > from)
    .map(({ first, next, runs }) => ({ first, next, runs }))
}

function archive(disk: MemoryDisk, advance: ArchiveAdvance): RefusedCount {
  const { offsetNext, partition } = advance
  const gone = countGone(
    disk.refused.filter(range => isPlace(range, advance)),
    offsetNext,
  )
  const archives = (disk.archives.get(partition) ?? []).map(one =>
    isPlace(one, advance) ? advanceArchive(one, advance, gone) : one,
  )
  disk.archives.set(partition, archives)
  disk.refused = disk.refused
    .filter(range => isWaiting(disk, range))
    .map(range =>
      isPlace(range, advance) ? { ...range, ...cutRefused(range, offsetNext) } : range,
    )
  return gone
}

function swap(disk: MemoryDisk, change: Swap): Committed {
  assertOffsets(change, [...disk.partitions.values()].flat())
  const runs: Committed['runs'][number][] = []
  for (const { plan, range, rows } of change.metrics) {
    const metric = present(disk.metrics.get(plan.hash), `metric ${plan.name}`)
    metric.view.drop(range)
    for (const { batch, lateness } of rows) {
      for (const row of rowsOfBatch(batch, lateness)) metric.view.add(row)
    }
    metric.partialUntilMs = toPartialAfter(metric.partialUntilMs, range)
  }
  for (const { shard, change: added } of change.ids) {
    for (const run of changeIds(disk, shard, added)) runs.push({ shard, run })
  }
  disk.sequence += 1
  return { sequence: disk.sequence, progress: disk.progress, runs }
}

function query(disk: MemoryDisk, ask: Ask): Result {
  const { view, partialUntilMs } = present(
    disk.metrics.get(ask.base.hash),
    `metric ${ask.plan.name}`,
  )
  return answerViews([view], ask, { progress: disk.progress, partialUntilMs, source: 'stream' })
}

function audit(disk: MemoryDisk): Ledger {
  const partitions = [...disk.partitions.values()]
    .flat()
    .toSorted((a, b) => compareUtf8(a.topic, b.topic) || a.partition - b.partition)
  return closeLedger(
    partitions,
    (topic, partition) =>
      disk.rejects.filter(one => one.topic === topic && one.partition === partition).length,
    [...disk.archives.values()].flat(),
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
