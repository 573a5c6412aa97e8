/**
 * The engine of one shard: record batches become verdicts and partials. It is synchronous, does no
 * I/O of its own (cold ids are looked up through the runs it was given) and is a pure function of
 * its state and the batches, whatever their sizes. The scan (bytes to columns) stands behind an
 * interface of its own, `scan/scanner.ts`.
 */
import type { IdRun } from '../model/ids.ts'
import type { Fetch, PartitionBounds } from '../model/record.ts'
import type { ShardStep } from '../model/step.ts'

export interface Engine {
  /**
   * Digests the batches of a partition of this shard; offsets follow those digested before. The
   * bytes are not kept. Throws LOG_CORRUPT for bytes that are no record batches.
   */
  digest(fetch: Fetch): void

  /**
   * Tells where the log ends now: a partition that holds more than was digested keeps windows from
   * becoming final. Called before a take.
   */
  observe(bounds: readonly PartitionBounds[]): void

  /**
   * How much has gathered since the last take: rows of partials, new ids and rejects, or what they
   * may weigh where records are long. Infinity: memory for ids asks for a take.
   */
  readonly pendingSize: number

  /**
   * What gathered since the last take, or null where nothing moved. The engine goes on at once; the
   * step must be committed, in the order of takes, or the engine thrown away.
   */
  take(): ShardStep | null

  /** Tells that the blocks sealed by an earlier take now rest in these runs. */
  settle(runs: readonly IdRun[]): void
}
