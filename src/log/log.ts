/**
 * The log: the durable order of events, in topics of a fixed number of partitions. What is appended
 * gets an offset and an arrival, and rests as Kafka record batches (v2), as bytes. Several
 * adapters, one contract: `log.contract.ts` is the suite that each of them passes.
 */
import type { Appended, Fetch, LogPosition, NewRecord, PartitionBounds } from '../model/record.ts'

export interface ReadOptions {
  /** Bytes of one pull at most, over all partitions; at least one batch comes whatever its size. */
  readonly bytesMax: number
  /** How long a pull waits for an append before it yields nothing. */
  readonly waitMsMax: number
}

export interface EventLog extends AsyncDisposable {
  /**
   * Appends records, in order within each partition. Resolves when all are durable (fsynced, or
   * acknowledged by all in-sync replicas), with one place per record, in the order given. Throws
   * LOG_FULL (nothing was appended) or LOG_UNAVAILABLE (some may have been). Calls may overlap.
   */
  append(records: readonly NewRecord[], signal: AbortSignal): Promise<readonly Appended[]>

  /**
   * Reads durable records from the positions on, for as long as it is pulled: one item is the
   * batches at hand, of one or more partitions, taken in turn so that none starves; an empty item
   * when nothing came within waitMsMax. A partition's fetches come in order. Ends when `signal`
   * aborts. Fetches stay as they are until the next item is asked for; one item may be read ahead.
   * Throws LOG_OFFSET_OUT_OF_RANGE (below what is held, or past the end), LOG_CORRUPT.
   */
  read(
    positions: readonly LogPosition[],
    options: ReadOptions,
    signal: AbortSignal,
  ): AsyncIterable<readonly Fetch[]>

  /** The bounds of all partitions of all topics, as of now. */
  bounds(signal: AbortSignal): Promise<readonly PartitionBounds[]>

  /**
   * Tells that everything below these positions is digested: retention may drop it, not before.
   * A second call with lower positions changes nothing.
   */
  release(positions: readonly LogPosition[]): void
}
