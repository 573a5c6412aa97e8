/**
 * What a log is made of, whatever it rests on: partitions that take records and give cursors.
 * `partitioned-log.ts` makes an EventLog of them.
 */

import type { Appended, Fetch, NewRecord, PartitionBounds } from '../model/record.ts'
import { assert } from '../std/assert.ts'
import { Fault } from '../std/fault.ts'
import type { Arena } from './arena.ts'

export interface Partition {
  /** Why it takes no more records; null: it does. */
  readonly refusal: Fault | null
  /** Queues the records at once, in the order of calls; resolves when they landed or failed. */
  append(records: readonly NewRecord[]): Promise<Landing>
  bounds(): PartitionBounds
  cursorAt(offset: number): Cursor
  /** Everything below is digested. */
  release(offset: number): void
  /** Ends what is queued, and lets go of files. */
  close(): Promise<void>
}

/** Where records landed: all of them, or those before an error. */
export interface Landing {
  readonly places: readonly Appended[]
  /** What was thrown; null: all landed. */
  readonly error: unknown
}

/** One reader's place in one partition. */
export interface Cursor {
  /** Whether a take would give or throw something. */
  readonly hasMore: boolean
  /** Records from here to the end, gaps included. */
  readonly recordsLeft: number
  /** Throws LOG_OFFSET_OUT_OF_RANGE where the partition has no such place. */
  assertInRange(): void
  /** The batches from here on, and moves behind them; null where the limits leave no room. */
  take(limits: TakeLimits, arena: Arena): Promise<Fetch | null>
  close(): Promise<void>
}

export interface TakeLimits {
  /** A first batch up to this size is taken whatever `bytesMax` says. */
  readonly firstBytesMax: number
  readonly bytesMax: number
}

export interface PartitionTable<P> {
  readonly all: readonly P[]
  /** The partition must be one of the log's. */
  get(topic: string, partition: number): P
}

/** Every partition of every topic, in order, made by `create`. */
export function createPartitionTable<P>(
  { topics, partitions }: { readonly topics: readonly string[]; readonly partitions: number },
  create: (topic: string, partition: number) => P,
): PartitionTable<P> {
  const made = new Map(
    topics.map(topic => [
      topic,
      Array.from({ length: partitions }, (_, partition) => create(topic, partition)),
    ]),
  )
  return {
    all: [...made.values()].flat(),
    get: (topic, partition) => {
      const found = made.get(topic)?.[partition]
      assert(found !== undefined, `${topic}-${partition} is a partition of the log`)
      return found
    },
  }
}

/** Throws LOG_OFFSET_OUT_OF_RANGE unless first ≤ offset ≤ end. */
export function assertOffsetInRange(
  offset: number,
  { topic, partition, offsetFirst, offsetEnd }: PartitionBounds,
): void {
  if (offset >= offsetFirst && offset <= offsetEnd) return
  throw new Fault(
    'LOG_OFFSET_OUT_OF_RANGE',
    offset < offsetFirst
      ? `offset ${offset} of ${topic}-${partition} is gone: the log holds ${offsetFirst} and later`
      : `offset ${offset} of ${topic}-${partition} is not there yet: the log ends at ${offsetEnd}`,
  )
}
