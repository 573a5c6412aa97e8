/** News: what commits changed, as far as those need to know who show results as they change. */
import type { MetricPlan } from './plan.ts'

export interface News {
  /** How many commits there were, ever: of one store, or of all shards together. */
  readonly sequence: number
  /** Published progress, ms since the epoch; null: none yet. It never decreases. */
  readonly progress: number | null
  readonly changes: readonly Change[]
  readonly hasRejects: boolean
  /** The earliest arrival among the records that were committed; null: none has one. */
  readonly arrivalMs: number | null
}

export interface Change {
  readonly plan: MetricPlan
  /** Where the changed windows begin, in no order, maybe more; of `all`, -Infinity. null: many. */
  readonly starts: ReadonlySet<number> | null
}
