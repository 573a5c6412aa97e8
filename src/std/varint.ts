/** Zigzag variable-length integers, as Protocol Buffers and Kafka's records write them. */

/** Bytes of the longest one: 64 bits, seven a byte. */
const VARINT_BYTES_MAX = 10

/** How many bytes `value` takes; |value| < 2^30. */
export function sizeOfVarint(value: number): number {
  const raw = (value << 1) ^ (value >> 31)
  if (raw < 0x80) return 1
  if (raw < 0x4000) return 2
  if (raw < 0x20_0000) return 3
  if (raw < 0x1000_0000) return 4
  return 5
}

/** Writes `value`, |value| < 2^30, at `at`; gives the position behind it. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  let raw = (value << 1) ^ (value >> 31)
  let next = at
  while (raw >= 0x80) {
    target[next] = (raw & 0x7f) | 0x80
    raw >>>= 7
    next += 1
  }
  target[next] = raw
  return next + 1
}

/** Reads along bytes, never past `end`. A method gives null where they are cut or malformed. */
export interface VarintReader {
  /** Where the next read begins. */
  readonly at: number
  /** An integer, exact within ±2^52. */
  varint(): number | null
  /** The next `size` bytes, as a view. */
  take(size: number): Uint8Array | null
}

export function createVarintReader(bytes: Uint8Array, start: number, end: number): VarintReader {
  let at = start
  const varint = (): number | null => {
    let raw = 0
    let weight = 1
    for (let size = 1; size <= VARINT_BYTES_MAX && at < end; size += 1) {
      const byte = bytes[at] ?? 0
      at += 1
      raw += (byte & 0x7f) * weight
      weight *= 0x80
      if (byte < 0x80) return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2
    }
    return null
  }
  const take = (size: number): Uint8Array | null => {
    if (size < 0 || at + size > end) return null
    at += size
    return bytes.subarray(at - size, at)
  }
  return {
    get at() {
      return at
    },
    varint,
    take,
  }
}
