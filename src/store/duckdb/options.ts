/** What a store on a disk is opened with, and what it keeps of it. */
import type { MetricPlan } from '../../model/plan.ts'
import type { Making, RowCounts } from './compaction.ts'
import type { Generation } from './tables/schema.ts'

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

/** A metric of an open store. */
export interface MetricState {
  readonly plan: MetricPlan
  /** What its tables are. */
  at: Generation & RowCounts
  /** For the tables of the next compaction; one that came to nothing used some too. */
  nextGeneration: number
}

/** What to make of a metric next, in tables that no other compaction makes. */
export function takeMaking(metric: MetricState, projectFrom: number): Making {
  const { at: before, nextGeneration: generation } = metric
  metric.nextGeneration += 1
  return { before, generation, projectFrom }
}
