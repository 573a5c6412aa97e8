/** Which segments may go: a pure decision. */

export interface SegmentFacts {
  readonly baseOffset: number
  readonly sizeBytes: number
  /** Arrival of its first record; null: it has none. */
  readonly arrivalFirstMs: number | null
}

export interface Retention {
  /** null: whatever the size, or the age. */
  readonly retentionBytes: number | null
  readonly retentionMs: number | null
}

/**
 * How many of the oldest segments to delete: those that are wholly released, and that make the
 * partition larger than `retentionBytes` or are older than `retentionMs`. The last one stays.
 * Arrivals never decrease, so a segment is as old as the first record of the one behind it.
 */
export function planRetention(
  segments: readonly SegmentFacts[],
  { retentionBytes, retentionMs }: Retention,
  { released, nowMs }: { readonly released: number; readonly nowMs: number },
): number {
  let sizeBytes = segments.reduce((sum, segment) => sum + segment.sizeBytes, 0)
  let count = 0
  for (const segment of segments) {
    const next = segments[count + 1]
    if (next === undefined || next.baseOffset > released) break
    const isTooMuch = retentionBytes !== null && sizeBytes > retentionBytes
    const endedMs = next.arrivalFirstMs
    const isTooOld = retentionMs !== null && endedMs !== null && nowMs - endedMs > retentionMs
    if (!isTooMuch && !isTooOld) break
    sizeBytes -= segment.sizeBytes
    count += 1
  }
  return count
}
