/**
 * Sharing the work: processes of one group each get some of the shards, and get others when one
 * joins or leaves. Who has a shard by the group's word must still take it in the store, where an
 * epoch tells the last owner from those before.
 */
import type { LogPosition } from '../model/record.ts'

export interface ShardGroup {
  /**
   * One item whenever the shares change, for as long as it is pulled: the next one comes when the
   * shares have changed again. Asking for it says that the work on the last one has ended; then
   * others may begin with those shards. Ends when `signal` aborts, having left the group. Brokers
   * that do not answer are waited for. Throws LOG_UNAVAILABLE where the group refuses for good.
   */
  assignments(signal: AbortSignal): AsyncIterable<Assignment>
}

export interface Assignment {
  /** In ascending order; none where there are more members than shards. */
  readonly shards: readonly number[]
  /** Aborts when the shares change, or membership was lost. */
  readonly ended: AbortSignal
  /**
   * Tells the group how far the shards are, so that its lag can be seen with the log's own tools.
   * Nobody reads it to go on from.
   */
  report(positions: readonly LogPosition[]): Promise<void>
}
