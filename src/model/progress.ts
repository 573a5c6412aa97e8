/**
 * Progress: how far, in event time, all partitions have come. A window is final once progress
 * passes its end + grace.
 */
import type { PartitionTotals } from './step.ts'

/**
 * The smallest time over the partitions that are not read to their end, one with nothing accepted
 * yet holding it (null); if all are read to their end, the largest over all. Never below
 * `published`.
 */
export function progressOf(
  partitions: readonly Pick<PartitionTotals, 'timeMs' | 'atEnd'>[],
  published: number | null,
): number | null {
  const behind = partitions.filter(partition => !partition.atEnd)
  const times = (behind.length > 0 ? behind : partitions).map(partition => partition.timeMs)
  const known = times.filter(time => time !== null)
  if (behind.length > 0 && known.length < behind.length) return published
  if (known.length === 0) return published
  const now = behind.length > 0 ? Math.min(...known) : Math.max(...known)
  return published === null ? now : Math.max(published, now)
}

/** Whether a window that ends at `endMs` is final; `all`, which ends at Infinity, never is. */
export function isFinal(endMs: number, graceMs: number, progress: number | null): boolean {
  return progress !== null && endMs + graceMs <= progress
}
