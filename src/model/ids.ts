/**
 * Sets of 128-bit ids: seen events, distinct values, firsts. The engine keeps the warm part in
 * memory; the store keeps all of it, in the same transaction as the numbers.
 */

export const ID_BYTES = 16

/**
 * Ids are kept in buckets, by what they are for and by UTC day, so that cold ones can leave memory
 * together. A bucket is an integer within ±2^31; only the engine reads meaning into it.
 */
export type IdBucket = number

/** Ids of one bucket, 16 bytes each, back to back: four 32-bit words in the machine's order. */
export interface IdBlock {
  readonly bucket: IdBucket
  readonly ids: Uint8Array
}

/** What a step changes in a shard's ids. */
export interface IdChange {
  /** Ids that were not known before. */
  readonly added: readonly IdBlock[]
  /**
   * Blocks to move out of memory: sorted by their four words as unsigned numbers, each a new run
   * on disk. Their ids were added before, or are in this step's `added`. When this is not empty,
   * `kept` is all that stays in memory, and what was added before can be forgotten.
   */
  readonly sealed: readonly IdBlock[]
  readonly kept: readonly IdBlock[]
}

/**
 * A sorted run of ids on disk behind a filter in memory. All runs of a bucket must be asked: when
 * the store merges some, one of them answers for all, and the others say `idCount` 0 and may go.
 */
export interface IdRun {
  readonly bucket: IdBucket
  readonly idCount: number
  /** Synchronous: reads the disk only when the filter cannot rule the id out. */
  has(word0: number, word1: number, word2: number, word3: number): boolean
}

/** A shard's ids as they are after opening the store. */
export interface IdState {
  readonly blocks: readonly IdBlock[]
  readonly runs: readonly IdRun[]
}
