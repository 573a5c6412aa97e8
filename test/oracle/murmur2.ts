/**
 * Which partition a key belongs in, as Kafka's Java client has it
 * (org.apache.kafka.common.utils.Utils.murmur2): MurmurHash2 of the key, seed 0x9747b28c, without
 * its sign, modulo the number of partitions. In BigInts, line by line.
 */
const SEED = 0x9747b28cn
const M = 0x5bd1e995n
const MASK = 0xffff_ffffn

export function partitionOf(key: Uint8Array, partitionCount: number): number {
  return Number((murmur2(key) & 0x7fff_ffffn) % BigInt(partitionCount))
}

/** The hash as an unsigned 32-bit number. */
export function murmur2(bytes: Uint8Array): bigint {
  let hash = SEED ^ BigInt(bytes.length)
  const whole = bytes.length - (bytes.length % 4)
  for (let at = 0; at < whole; at += 4) {
    let word = littleEndian(bytes.subarray(at, at + 4))
    word = (word * M) & MASK
    word = ((word ^ (word >> 24n)) * M) & MASK
    hash = ((hash * M) & MASK) ^ word
  }
  if (whole < bytes.length) hash = ((hash ^ littleEndian(bytes.subarray(whole))) * M) & MASK
  hash = ((hash ^ (hash >> 13n)) * M) & MASK
  return hash ^ (hash >> 15n)
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((word, byte) => (word << 8n) | BigInt(byte), 0n)
}
