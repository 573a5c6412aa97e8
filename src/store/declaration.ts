/** Declarations: which windows of a metric miss their start, because it was declared after it. */
import type { PartitionTotals } from '../model/step.ts'
import type { WindowRange } from '../model/swap.ts'

/** More than any instant: every window of the metric is partial. */
const EVER_MS: number = Number.MAX_SAFE_INTEGER

/**
 * For a metric that is declared now, over what was read so far: the instant up to which windows had
 * begun, that is the largest time that any partition accepted. null: nothing was accepted yet, so
 * the metric misses nothing. Records without arrival leave no time behind; then all is partial.
 */
export function toPartialUntil(partitions: readonly PartitionTotals[]): number | null {
  const read = partitions.filter(partition => partition.accepted > 0)
  if (read.length === 0) return null
  return Math.max(...read.map(partition => partition.timeMs ?? EVER_MS))
}

/**
 * After the windows of a range were recounted: until when windows are partial, of a metric where
 * they were until `before`. There is one bound, so windows before a range that reaches past it stay
 * partial, and where windows after the range are partial, those in it are told so too.
 */
export function toPartialAfter(
  before: number | null,
  { fromMs, toMs }: WindowRange,
): number | null {
  if (before === null || (toMs !== null && toMs <= before)) return before
  return fromMs === null ? null : Math.min(before, fromMs - 1)
}
