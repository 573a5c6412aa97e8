/** What a store on a disk is opened with, and what it keeps of it. */
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
  /** Rows of a metric from which on it is compacted. */
  readonly compactAfterRows?: number
  /** Told when work between commits failed; the store goes on, and tries again later. */
  readonly onMaintenanceFault?: (fault: unknown) => void
}

/** A metric of an open store. */
export interface MetricState {
  readonly plan: MetricPlan
  generation: number
  rowCount: number
  compactedRows: number
}
