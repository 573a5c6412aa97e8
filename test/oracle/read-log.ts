/**
 * Reads the embedded log's files, record by record: segments of Kafka record batches (v2), without
 * compression. Written from Kafka's description of the format
 * (https://kafka.apache.org/documentation/#recordbatch), not from the log's code.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface OracleRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** When it was appended, by the log's clock; -1: not known. */
  readonly arrivalMs: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  /** The last one of a name; the tests write no name twice. */
  readonly headers: ReadonlyMap<string, string>
}

const CRC_START = 17
const ATTRIBUTES_START = 21
const HEADER_BYTES = 61
const LOG_APPEND_TIME = 0x08
const COMPRESSION = 0x07
const CONTROL = 0x20

/**
 * All records of a log's directory, by topic, partition and offset. A torn last batch of a
 * partition's last segment is left out; any other damage throws.
 */
export function readLog(directory: string): readonly OracleRecord[] {
  const records: OracleRecord[] = []
  for (const name of readdirSync(directory).sort()) {
    const match = /^(.+)-(\d+)$/.exec(name)
    if (match === null) continue
    const place = { topic: String(match[1]), partition: Number(match[2]) }
    const files = readdirSync(join(directory, name)).filter(file => /^\d{20}\.log$/.test(file))
    files.sort().forEach((file, index) => {
      const bytes = readFileSync(join(directory, name, file))
      readSegment(bytes, place, { records, mayBeTorn: index === files.length - 1 })
    })
  }
  return records
}

interface Place {
  readonly topic: string
  readonly partition: number
}

function readSegment(
  bytes: Buffer,
  place: Place,
  into: { records: OracleRecord[]; mayBeTorn: boolean },
): void {
  for (let start = 0; start < bytes.length; ) {
    const size = start + 12 <= bytes.length ? 12 + bytes.readInt32BE(start + 8) : 0
    const batch = bytes.subarray(start, start + size)
    if (size < HEADER_BYTES || batch.length < size || !isIntact(batch)) {
      if (into.mayBeTorn) return
      throw new Error(`${place.topic}-${place.partition}: a damaged batch at byte ${start}`)
    }
    into.records.push(...readBatch(batch, place))
    start += size
  }
}

function isIntact(batch: Buffer): boolean {
  const stored = batch.readUInt32BE(CRC_START)
  return batch.readInt8(16) === 2 && crc32c(batch.subarray(ATTRIBUTES_START)) === stored
}

function readBatch(batch: Buffer, place: Place): OracleRecord[] {
  const attributes = batch.readInt16BE(ATTRIBUTES_START)
  if ((attributes & COMPRESSION) !== 0) throw new Error('the oracle reads no compressed batches')
  if ((attributes & CONTROL) !== 0) return []
  const baseOffset = Number(batch.readBigInt64BE(0))
  const baseTimestamp = Number(batch.readBigInt64BE(27))
  const maxTimestamp = Number(batch.readBigInt64BE(35))
  const reader = createReader(batch, HEADER_BYTES)
  return Array.from({ length: batch.readInt32BE(57) }, () => {
    reader.varint() // the record's length
    reader.bytes(1) // its attributes, unused
    const timestamp = baseTimestamp + reader.varint()
    const arrivalMs = (attributes & LOG_APPEND_TIME) !== 0 ? maxTimestamp : timestamp
    const offset = baseOffset + reader.varint()
    const key = reader.sized()
    const value = reader.sized()
    return { ...place, offset, arrivalMs, key, value, headers: readHeaders(reader) }
  })
}

function readHeaders(reader: Reader): Map<string, string> {
  const headers = new Map<string, string>()
  for (let left = reader.varint(); left > 0; left -= 1) {
    const name = Buffer.from(reader.sized() ?? []).toString()
    headers.set(name, Buffer.from(reader.sized() ?? []).toString())
  }
  return headers
}

interface Reader {
  /** A zigzag-encoded variable-length integer. */
  varint(): number
  bytes(size: number): Buffer
  /** Bytes behind their length; null for length -1. */
  sized(): Buffer | null
}

function createReader(source: Buffer, start: number): Reader {
  let at = start
  const bytes = (size: number): Buffer => {
    at += size
    return source.subarray(at - size, at)
  }
  const varint = (): number => {
    let raw = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = source.readUInt8(at)
      at += 1
      raw |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return Number((raw >> 1n) ^ -(raw & 1n))
    }
  }
  const sized = (): Buffer | null => {
    const size = varint()
    return size < 0 ? null : bytes(size)
  }
  return { varint, bytes, sized }
}

/** CRC-32C (Castagnoli), by table. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0)
  return (crc ^ 0xffffffff) >>> 0
}

const CRC_TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})
