/**
 * A filter over 128-bit ids that tells "surely not here" without touching the disk: a split block
 * Bloom filter as in Parquet (its BloomFilter.md, after Putze, Sanders and Singler, 2007).
 * An id sets one bit in each of the eight words of one 32-byte block. At 10 bits an id about one id
 * in a hundred that is not here passes.
 *
 * Hot loops over typed arrays: `as number` stands where an index is within bounds by construction.
 */

const FILTER_BITS_PER_ID = 10
const BLOCK_WORDS = 8
const BLOCK_BITS = 256
const SALTS = Int32Array.of(
  0x47b6137b,
  0x44974d91,
  0x8824ad5b,
  0xa2b7289d,
  0x705495c7,
  0x2df1424b,
  0x9efc4947,
  0x5c6bfb31,
)

export type Filter = Int32Array

/** An empty filter for `idCount` ids. */
export function createFilter(idCount: number): Filter {
  const blockCount = Math.max(1, Math.ceil((idCount * FILTER_BITS_PER_ID) / BLOCK_BITS))
  return new Int32Array(blockCount * BLOCK_WORDS)
}

/** Adds the id whose four words stand at `words[at..at+4)`. */
export function addToFilter(filter: Filter, words: Int32Array, at: number): void {
  const hash = hashOf(words, at)
  const key = keyOf(hash, words, at)
  const block = blockOf(filter, hash)
  for (let word = 0; word < BLOCK_WORDS; word += 1) {
    const bit = 1 << (Math.imul(key, SALTS[word] as number) >>> 27)
    filter[block + word] = (filter[block + word] as number) | bit
  }
}

/** false: the id whose four words stand at `words[at..at+4)` was never added. */
export function mayHold(filter: Filter, words: Int32Array, at: number): boolean {
  const hash = hashOf(words, at)
  const key = keyOf(hash, words, at)
  const block = blockOf(filter, hash)
  for (let word = 0; word < BLOCK_WORDS; word += 1) {
    const bit = 1 << (Math.imul(key, SALTS[word] as number) >>> 27)
    if (((filter[block + word] as number) & bit) === 0) return false
  }
  return true
}

/** Ids may be a time and a counter (UUIDv7), so all words are mixed before any bit is used. */
function hashOf(words: Int32Array, at: number): number {
  let hash = mix(words[at] as number)
  hash = mix(hash ^ (words[at + 1] as number))
  hash = mix(hash ^ (words[at + 2] as number))
  return mix(hash ^ (words[at + 3] as number))
}

/** A second hash, for the bits within the block. */
function keyOf(hash: number, words: Int32Array, at: number): number {
  return mix(hash ^ Math.imul(words[at + 2] as number, 0x9e3779b1) ^ (words[at + 3] as number))
}

/** First word of the block of a hash: its high bits scaled to the number of blocks. */
function blockOf(filter: Filter, hash: number): number {
  const blockCount = filter.length / BLOCK_WORDS
  return Math.floor(((hash >>> 0) / 0x1_0000_0000) * blockCount) * BLOCK_WORDS
}

/** The finalizer of MurmurHash3: every bit of the input reaches every bit of the output. */
function mix(value: number): number {
  let hash = value ^ (value >>> 16)
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
