/** What a store on a disk is opened with. */
import type { MetricPlan } from '../../model/plan.ts'

/** What is one transaction. */
export type Work = 'commit' | 'compaction' | 'archive' | 'rebuild'
export type CrashPoint = `${Work}.${'before' | 'after'}`

export interface DuckDbStoreOptions {
  readonly directory: string
  /** What is counted from now on. */
  readonly plans: readonly MetricPlan[]
  /** Fixed for the life of the directory. */
  readonly shards: number
  /** Bytes that DuckDB may hold; 128 MiB. */
  readonly memoryMax?: number
  /** Threads of DuckDB; 1. */
  readonly threads?: number
  /** Called on the way: tests die there, or throw, which is a commit that fails. */
  readonly crash?: (point: CrashPoint) => void
  /** Rows of a metric from which on it is compacted, and has projections; 30,000. */
  readonly compactAfterRows?: number
  /** Told when work between commits failed; the store goes on, and tries again later. */
  readonly onMaintenanceFault?: (fault: unknown) => void
}
