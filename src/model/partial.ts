/**
 * Partials: what one step of one shard adds to a metric, by columns. Rows of equal window, key and
 * currency add up, in any order and however often they were split: counts and sums by addition,
 * minima and maxima by comparison, sets by union.
 */
import type { MetricPlan } from './plan.ts'

export interface PartialBatch {
  readonly plan: MetricPlan
  readonly rowCount: number
  /** Milliseconds since the epoch; of `all`, -Infinity and Infinity. One entry a row. */
  readonly windowStart: Float64Array
  readonly windowEnd: Float64Array
  /** One column per field of `plan.groupBy`; null is a missing field. */
  readonly keys: readonly (readonly (string | null)[])[]
  /** The events' currency; null where the plan is not by currency. */
  readonly currency: readonly string[] | null
  /** How many accepted events the row is made of; safe integers, ≥ 1. */
  readonly events: Float64Array
  /** How many of them stood in a partition where their user does not belong. */
  readonly misplaced: Float64Array
  /** One per measure of the plan, in its order; ratios have none of their own. */
  readonly measures: readonly PartialColumn[]
}

export type PartialColumn =
  /** Also of distinct counts that add up: then how many values the step saw first. */
  | { readonly kind: 'count'; readonly values: Float64Array }
  /**
   * `carriers`: how many events carried the field; a sum without any is no entry of a money map.
   */
  | {
      readonly kind: 'sum'
      readonly values: readonly bigint[]
      readonly carriers: Float64Array
    }
  /** null: no event carried the field. In units of the field's scale. */
  | { readonly kind: 'min' | 'max'; readonly values: readonly (bigint | null)[] }
  /** Values seen first in this shard: 16 bytes an id, `rows[i]` is the row of the i-th. */
  | { readonly kind: 'set'; readonly rows: readonly number[]; readonly ids: Uint8Array }
  | { readonly kind: 'none' }
