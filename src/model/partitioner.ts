/**
 * Which partition a key belongs to. One user's records share a partition only if every producer
 * agrees: `murmur2` is what Kafka's Java client does (and most that copy it), `crc32` is
 * librdkafka's `consistent`, its default for records with a key.
 */
import { crc32 } from 'node:zlib'
import type { Catalog } from './catalog.ts'

export type Partitioner = Catalog['partitioner']

/** Constants of org.apache.kafka.common.utils.Utils.murmur2. */
const SEED = 0x9747b28c
const MULTIPLIER = 0x5bd1e995
const SHIFT = 24
const POSITIVE = 0x7fffffff

/** The partition, in 0..count-1, of a key. */
export function partitionOf(key: Uint8Array, count: number, partitioner: Partitioner): number {
  return partitionOfRange(key, 0, key.length, count, partitioner)
}

/**
 * The partition of the key bytes[start..end). It is called once a record, so it takes no object and
 * makes none.
 */
export function partitionOfRange(
  bytes: Uint8Array,
  start: number,
  end: number,
  count: number,
  partitioner: Partitioner,
): number {
  if (partitioner === 'crc32') return crc32(bytes.subarray(start, end)) % count
  return (murmur2(bytes, start, end) & POSITIVE) % count
}

/** murmur2 of bytes[start..end), as a signed 32-bit integer: what Kafka's Java client computes. */
export function murmur2(bytes: Uint8Array, start: number, end: number): number {
  let hash = SEED ^ (end - start)
  let at = start
  for (; at + 4 <= end; at += 4) {
    let word = Math.imul(wordAt(bytes, at), MULTIPLIER)
    word = Math.imul(word ^ (word >>> SHIFT), MULTIPLIER)
    hash = Math.imul(hash, MULTIPLIER) ^ word
  }
  if (at < end) hash = Math.imul(hash ^ tailAt(bytes, at, end), MULTIPLIER)
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER)
  return hash ^ (hash >>> 15)
}

// Hot: `as number` on a typed array, within bounds that the callers keep.
function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  )
}

/** One to three last bytes, little-endian. */
function tailAt(bytes: Uint8Array, at: number, end: number): number {
  let word = 0
  for (let index = end - 1; index >= at; index -= 1) word = (word << 8) | (bytes[index] as number)
  return word
}
