/**
 * Reading Kafka's flexible message format (KIP-482) from one piece of memory: compact lengths are
 * unsigned varints of the length plus one, 0 is null, and tagged fields end each structure.
 */
import { Fault } from '../../../std/fault.ts'

export interface ByteReader {
  int16(): number
  int32(): number
  /** Within ±2^53: offsets and times. */
  int64(): number
  bigInt64(): bigint
  /** With dashes, in lower case. */
  uuid(): string
  /** Of a compact array; null counts as none. */
  count(): number
  /** Compact bytes, as a view; null as none. */
  sized(): Uint8Array
  text(): string
  skipTags(): void
}

const NOTHING = new Uint8Array(0)
const TWO_32 = 2 ** 32
const UUID_BYTES = 16

/** Throws LOG_UNAVAILABLE where the answer ends early: it is then not what was asked for. */
export function createByteReader(bytes: Uint8Array): ByteReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const take = (size: number): number => {
    const start = at
    at += size
    if (size < 0 || at > bytes.length) {
      throw new Fault('LOG_UNAVAILABLE', 'a broker answered with a message that is cut')
    }
    return start
  }
  const varint = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = view.getUint8(take(1))
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }
  const sized = (): Uint8Array => {
    const size = varint() - 1
    if (size <= 0) return NOTHING
    const start = take(size)
    return bytes.subarray(start, start + size)
  }
  return {
    int16: () => view.getInt16(take(2)),
    int32: () => view.getInt32(take(4)),
    int64: () => {
      const start = take(8)
      return view.getInt32(start) * TWO_32 + view.getUint32(start + 4)
    },
    bigInt64: () => view.getBigInt64(take(8)),
    uuid: () => {
      const start = take(UUID_BYTES)
      const hex = Buffer.from(bytes.subarray(start, start + UUID_BYTES)).toString('hex')
      return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
    },
    count: () => Math.max(0, varint() - 1),
    sized,
    text: () => Buffer.from(sized()).toString(),
    skipTags: () => {
      for (let count = varint(); count > 0; count -= 1) {
        varint() // which
        take(varint())
      }
    },
  }
}
