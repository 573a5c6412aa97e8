/**
 * How far a partition is archived: what the store keeps of it, and how steps and the archive move
 * it. Pure functions, the same in every store.
 *
 * The lake holds the offsets offsetFirst..offsetNext-1; what lies between there and offsetDigested
 * is digested, in the log, and waits. Rows are counted where they are written.
 */
import { assert } from '../std/assert.ts'
import type { RefusedCount, RefusedRange } from './refused.ts'
import { countRefused } from './refused.ts'
import type { InvalidCode } from './verdict.ts'

export interface Place {
  readonly topic: string
  readonly partition: number
}

export interface ArchiveTotals extends Place {
  /** Where archiving began, and what was accepted and invalid before. */
  readonly offsetFirst: number
  readonly acceptedBefore: number
  readonly invalidBefore: number
  /** The next offset to archive. */
  readonly offsetNext: number
  /** Rows of events and of rejects in the lake. */
  readonly rows: number
  readonly rejects: number
  /** Up to where refusals are known. */
  readonly offsetDigested: number
  /** Of the offsets that wait: those refused, and those of them that are rejects. */
  readonly refused: number
  readonly invalid: number
  /**
   * When something was archived last, or, if later, what waits since then arrived; ms since the
   * epoch. From here on a range grows old.
   */
  readonly waitsSinceMs: number
}

/** What a step tells of one partition. */
export interface PartitionRefused extends Place, RefusedRange {}

/** Of a partition's totals, what its archive is held against. */
export interface JudgedTotals extends Place {
  readonly accepted: number
  readonly invalid: { readonly [Code in InvalidCode]?: number }
}

/** A range that rests in the lake. */
export interface ArchiveAdvance extends Place {
  readonly offsetFirst: number
  readonly offsetNext: number
  readonly rows: number
  readonly rejects: number
  readonly atMs: number
}

/**
 * After a step that read `range`, with the partition's totals after it. Where refusals have a hole,
 * since archiving was off meanwhile, it begins anew.
 */
function noteRefused(
  known: ArchiveTotals | null,
  range: PartitionRefused,
  { totals, atMs }: { readonly totals: JudgedTotals; readonly atMs: number },
): ArchiveTotals {
  const { topic, partition, first, next } = range
  const count = countRefused(range, next)
  if (known !== null && known.offsetDigested === first) {
    const isFirst = known.offsetNext === first
    return {
      ...known,
      waitsSinceMs: isFirst ? Math.max(known.waitsSinceMs, atMs) : known.waitsSinceMs,
      offsetDigested: next,
      refused: known.refused + count.refused,
      invalid: known.invalid + count.invalid,
    }
  }
  const invalid = Object.values(totals.invalid).reduce((sum, codes) => sum + codes, 0)
  return {
    topic,
    partition,
    offsetFirst: first,
    acceptedBefore: totals.accepted - (next - first - count.refused),
    invalidBefore: invalid - count.invalid,
    offsetNext: first,
    rows: 0,
    rejects: 0,
    offsetDigested: next,
    ...count,
    waitsSinceMs: atMs,
  }
}

/** After an advance; `gone`: what was refused in its range. */
export function advanceArchive(
  known: ArchiveTotals,
  advance: ArchiveAdvance,
  gone: RefusedCount,
): ArchiveTotals {
  assert(advance.offsetFirst === known.offsetNext, 'the archive goes on where it ended')
  assert(advance.offsetNext <= known.offsetDigested, 'only what is digested is archived')
  return {
    ...known,
    offsetNext: advance.offsetNext,
    rows: known.rows + advance.rows,
    rejects: known.rejects + advance.rejects,
    refused: known.refused - gone.refused,
    invalid: known.invalid - gone.invalid,
    waitsSinceMs: advance.atMs,
  }
}

/** What is refused of ranges below an offset. */
export function countGone(ranges: readonly RefusedRange[], to: number): RefusedCount {
  let refused = 0
  let invalid = 0
  for (const range of ranges) {
    const count = countRefused(range, to)
    refused += count.refused
    invalid += count.invalid
  }
  return { refused, invalid }
}

/** Whether what rests in the lake and what waits add up to what was accepted, and invalid. */
export function isArchiveBalanced(archive: ArchiveTotals, totals: JudgedTotals): boolean {
  const waiting = archive.offsetDigested - archive.offsetNext - archive.refused
  const invalid = Object.values(totals.invalid).reduce((sum, codes) => sum + codes, 0)
  return (
    archive.rows + waiting === totals.accepted - archive.acceptedBefore &&
    archive.rejects + archive.invalid === invalid - archive.invalidBefore
  )
}

export function isPlace(one: Place, other: Place): boolean {
  return one.topic === other.topic && one.partition === other.partition
}

/** The archives of a shard after a step; those that it does not tell of stay. */
export function noteStep(
  known: readonly ArchiveTotals[],
  step: {
    readonly refused?: readonly PartitionRefused[]
    readonly partitions: readonly JudgedTotals[]
    readonly arrivalMs: number | null
  },
): readonly ArchiveTotals[] {
  const { refused = [], partitions } = step
  if (refused.length === 0) return known
  const moved = refused.map(range => {
    const totals = partitions.find(one => isPlace(one, range))
    assert(totals !== undefined, 'a partition that moved has totals')
    const before = known.find(one => isPlace(one, range)) ?? null
    return noteRefused(before, range, { totals, atMs: step.arrivalMs ?? 0 })
  })
  return [...known.filter(one => !moved.some(other => isPlace(one, other))), ...moved]
}
