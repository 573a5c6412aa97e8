/**
 * A swap: rows of metrics, counted anew from the lake as of an offset vector, to stand in place of
 * those that were published. It is committed whole, and only while the offsets are still those.
 */
import type { IdChange } from './ids.ts'
import type { PartialBatch } from './partial.ts'
import type { MetricPlan } from './plan.ts'
import type { LogPosition } from './record.ts'

/**
 * Windows that begin within: `fromMs ≤ start < toMs`. Both null: all windows there are; only then
 * the window of `all`, which has no start, is among them.
 */
export interface WindowRange {
  readonly fromMs: number | null
  readonly toMs: number | null
}

export interface Swap {
  /** The next offsets of all partitions that the store has totals of. */
  readonly offsets: readonly LogPosition[]
  readonly metrics: readonly MetricSwap[]
  /** What the shards' ids gain; a shard that is not named gains none. */
  readonly ids: readonly { readonly shard: number; readonly change: IdChange }[]
}

export interface MetricSwap {
  readonly plan: MetricPlan
  /** All rows of these windows go. */
  readonly range: WindowRange
  /** What comes in their place. */
  readonly rows: readonly ShardRows[]
}

export interface ShardRows {
  readonly shard: number
  readonly batch: PartialBatch
  /** One per row of the batch; of all rows of a window and key one carries what is not 0. */
  readonly lateness: readonly { readonly late: number; readonly revision: number }[]
}

/** Whether a window that begins at `startMs` is in the range. */
export function isWithin({ fromMs, toMs }: WindowRange, startMs: number): boolean {
  return (fromMs === null || startMs >= fromMs) && (toMs === null || startMs < toMs)
}
