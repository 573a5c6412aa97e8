/** A step: what a shard's engine made of the records since the last one. It is committed whole. */
import type { ArchiveTotals, PartitionRefused } from './archive.ts'
import type { IdChange, IdState } from './ids.ts'
import type { PartialBatch } from './partial.ts'
import type { InvalidCode } from './verdict.ts'

/**
 * The running totals of one partition since its first record; see ledger.ts for their equations.
 */
export interface PartitionTotals {
  readonly topic: string
  readonly partition: number
  /** Where counting began, and the next offset to read. */
  readonly offsetFirst: number
  readonly offsetNext: number
  readonly consumed: number
  /** Control records and records of aborted transactions. */
  readonly skipped: number
  /** Offsets that the log no longer held: compacted or expired. */
  readonly gap: number
  readonly accepted: number
  readonly duplicate: number
  readonly invalid: { readonly [Code in InvalidCode]?: number }
  readonly misplaced: number
  /** Events that went into partials; counted by the aggregator, apart from `accepted`. */
  readonly applied: number
  /** The largest min(event time, arrival) accepted, in ms since the epoch; null: none yet. */
  readonly timeMs: number | null
  /** Whether the log held nothing more when this was read. */
  readonly atEnd: boolean
}

/** An invalid record as it is kept. */
export interface Reject {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** -1: the record has none. */
  readonly arrivalMs: number
  readonly code: InvalidCode
  readonly pointer: string
  readonly key: Uint8Array | null
  /** The original bytes. */
  readonly value: Uint8Array | null
  /** Origin of an imported line, or null. */
  readonly file: string | null
  readonly line: number | null
}

export interface ShardStep {
  readonly shard: number
  /** The earliest arrival in the step; null: nothing in it has one. For freshness. */
  readonly arrivalMs: number | null
  /** All partitions of the shard, those that did not move included. */
  readonly partitions: readonly PartitionTotals[]
  readonly partials: readonly PartialBatch[]
  readonly ids: IdChange
  readonly rejects: readonly Reject[]
  /**
   * What was not accepted, of each partition that moved; none where nothing is archived.
   */
  readonly refused?: readonly PartitionRefused[]
}

export interface Step {
  readonly catalogVersion: string
  readonly shards: readonly ShardStep[]
}

/** What an engine needs of the store to go on. */
export interface ShardState {
  readonly shard: number
  /** Empty for a shard that never committed. */
  readonly partitions: readonly PartitionTotals[]
  readonly ids: IdState
  /** Of partitions that are archived. */
  readonly archives?: readonly ArchiveTotals[]
}
