/** Declarations: which windows of a metric miss their start, because it was declared after it. */
import type { PartitionTotals } from '../model/step.ts'

/** More than any instant: every window of the metric is partial. */
export const EVER_MS: number = Number.MAX_SAFE_INTEGER

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
