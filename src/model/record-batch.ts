/**
 * Kafka's record batch, version 2 (magic 2; KIP-98, and
 * https://kafka.apache.org/documentation/#recordbatch): the unit that is stored, fetched, scanned.
 *
 *   0 baseOffset i64      12 leaderEpoch i32   21 attributes i16       35 maxTimestamp i64
 *   8 batchLength i32     16 magic i8 = 2      23 lastOffsetDelta i32  43 producerId i64
 *                         17 crc u32           27 baseTimestamp i64    51 producerEpoch i16
 *                                                                      53 baseSequence i32
 *   57 recordCount i32    61 records…
 *
 * All big-endian. batchLength counts what follows it; the CRC-32C covers everything from the
 * attributes on, so not the base offset. A record is a varint length, then attributes i8, varint
 * timestamp delta, varint offset delta, key and value (varint length, -1 for null), headers.
 *
 * What we write carries LogAppendTime: the arrival of all its records is the batch's max timestamp.
 */
import { assert } from '../std/assert.ts'
import { fromUtf8 } from '../std/bytes.ts'
import { crc32c } from '../std/crc32c.ts'
import { Fault, messageOf } from '../std/fault.ts'
import { createVarintReader, sizeOfVarint, type VarintReader, writeVarint } from '../std/varint.ts'
import type { Codec } from './inflate.ts'
import { CODECS, inflate } from './inflate.ts'
import type { NewRecord } from './record.ts'

export const BATCH_HEADER_BYTES = 61

/** The head of a batch. Offsets within ±2^53; timestamps in ms since the epoch, -1 for none. */
export interface BatchHeader {
  readonly baseOffset: number
  readonly lastOffset: number
  /** Of the whole batch, this header included. */
  readonly byteLength: number
  readonly crc: number
  readonly codec: Codec
  /** `log-append`: `maxTimestamp` is when all its records arrived. */
  readonly timestampType: 'create' | 'log-append'
  readonly isTransactional: boolean
  readonly isControl: boolean
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  /** Fewer than the offsets that it spans where the topic was compacted. */
  readonly recordCount: number
  /** Where in the bytes the records begin. They end `byteLength - 61` further on. */
  readonly recordsStart: number
}

export interface NewBatch {
  readonly baseOffset: number
  readonly arrivalMs: number
  /** At least one. */
  readonly records: readonly Pick<NewRecord, 'key' | 'value' | 'headers'>[]
}

export interface DecodedRecord {
  readonly offset: number
  /** Views of the batch's bytes, as are the values of headers. */
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly { readonly key: string; readonly value: Uint8Array | null }[]
  /** The append clock's time, or the producer's where the batch carries CreateTime; -1: none. */
  readonly arrivalMs: number
}

const MAGIC = 2
/** Before the part that batchLength counts: base offset and batchLength itself. */
const LENGTH_END = 12
const CRC_AT = 17
const ATTRIBUTES_AT = 21
const CODEC_MASK = 0x07
const LOG_APPEND_TIME = 0x08
const TRANSACTIONAL = 0x10
const CONTROL = 0x20
const TWO_32 = 2 ** 32
const SHORT_BYTES = 32

/** Encodes records as one batch: no compression, no producer, LogAppendTime. */
export function encodeRecordBatch(batch: NewBatch): Uint8Array {
  assert(batch.records.length > 0, 'a batch has records')
  const bodySizes = batch.records.map(bodyBytesOf)
  let size = BATCH_HEADER_BYTES
  for (const bodySize of bodySizes) size += sizeOfVarint(bodySize) + bodySize
  const bytes = Buffer.allocUnsafeSlow(size)
  let at = BATCH_HEADER_BYTES
  batch.records.forEach((record, index) => {
    at = writeVarint(bytes, at, bodySizes[index] ?? 0)
    at = writeBody(bytes, at, { record, index })
  })
  assert(at === size, 'a batch is as large as it was measured')
  writeHeader(bytes, batch)
  return bytes
}

/** Whose batch it is; see KIP-98. A partition takes a producer's batches in their sequence. */
export interface Production {
  readonly producerId: bigint
  readonly producerEpoch: number
  /** Number of the batch's first record among the producer's of this partition, from 0. */
  readonly baseSequence: number
  readonly codec: Exclude<Codec, 'unknown'>
  /** The records, compressed; null: as they stand in the batch. */
  readonly body: Uint8Array | null
}

/** An encoded batch as a producer sends it: numbered, perhaps compressed, with CreateTime. */
export function toProducedBatch(encoded: Uint8Array, production: Production): Uint8Array {
  const body = production.body ?? encoded.subarray(BATCH_HEADER_BYTES)
  const bytes = Buffer.allocUnsafeSlow(BATCH_HEADER_BYTES + body.length)
  bytes.set(encoded.subarray(0, BATCH_HEADER_BYTES))
  bytes.set(body, BATCH_HEADER_BYTES)
  bytes.writeInt32BE(bytes.length - LENGTH_END, 8)
  bytes.writeInt16BE(CODECS.indexOf(production.codec), ATTRIBUTES_AT)
  bytes.writeBigInt64BE(production.producerId, 43)
  bytes.writeInt16BE(production.producerEpoch, 51)
  bytes.writeInt32BE(production.baseSequence, 53)
  bytes.writeUInt32BE(crc32c(bytes, ATTRIBUTES_AT), CRC_AT)
  return bytes
}

type Body = NewBatch['records'][number]

function bodyBytesOf(record: Body, index: number): number {
  // Attributes and a timestamp delta of 0 take a byte each.
  let size = 2 + sizeOfVarint(index) + sizedBytesOf(record.key) + sizedBytesOf(record.value)
  size += sizeOfVarint(record.headers.length)
  for (const header of record.headers) {
    const keyBytes = Buffer.byteLength(header.key)
    size += sizeOfVarint(keyBytes) + keyBytes + sizedBytesOf(header.value)
  }
  return size
}

function sizedBytesOf(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : sizeOfVarint(bytes.length) + bytes.length
}

function writeBody(
  target: Buffer,
  start: number,
  { record, index }: { readonly record: Body; readonly index: number },
): number {
  target[start] = 0
  target[start + 1] = 0
  let at = writeVarint(target, start + 2, index)
  at = writeSized(target, at, record.key)
  at = writeSized(target, at, record.value)
  at = writeVarint(target, at, record.headers.length)
  for (const header of record.headers) {
    at = writeVarint(target, at, Buffer.byteLength(header.key))
    at += target.write(header.key, at)
    at = writeSized(target, at, header.value)
  }
  return at
}

function writeSized(target: Buffer, at: number, bytes: Uint8Array | null): number {
  if (bytes === null) return writeVarint(target, at, -1)
  const start = writeVarint(target, at, bytes.length)
  // A call into the system costs more than the few bytes of a key.
  if (bytes.length > SHORT_BYTES) target.set(bytes, start)
  else
    for (let index = 0; index < bytes.length; index += 1) target[start + index] = bytes[index] ?? 0
  return start + bytes.length
}

function writeHeader(bytes: Buffer, batch: NewBatch): void {
  writeInt64(bytes, 0, batch.baseOffset)
  bytes.writeInt32BE(bytes.length - LENGTH_END, 8)
  bytes.writeInt32BE(0, 12) // leader epoch: the first and only leader
  bytes.writeInt8(MAGIC, 16)
  bytes.writeInt16BE(LOG_APPEND_TIME, ATTRIBUTES_AT)
  bytes.writeInt32BE(batch.records.length - 1, 23)
  writeInt64(bytes, 27, batch.arrivalMs)
  writeInt64(bytes, 35, batch.arrivalMs)
  bytes.fill(0xff, 43, 57) // producer id, producer epoch, base sequence: -1
  bytes.writeInt32BE(batch.records.length, 57)
  bytes.writeUInt32BE(crc32c(bytes, ATTRIBUTES_AT), CRC_AT)
}

function writeInt64(bytes: Buffer, at: number, value: number): void {
  bytes.writeInt32BE(Math.floor(value / TWO_32), at)
  bytes.writeUInt32BE(value >>> 0, at + 4)
}

/** The most bytes that a record can take in a batch. */
export function recordBytesMax(record: Body): number {
  const integers = 5 * (5 + 2 * record.headers.length)
  let size = 2 + integers + (record.key?.length ?? 0) + record.value.length
  for (const header of record.headers) size += Buffer.byteLength(header.key) + header.value.length
  return size
}

/** Reads the header of the batch at `at`; null unless a whole batch of version 2 is there. */
export function readBatchHeader(bytes: Uint8Array, at: number): BatchHeader | null {
  const header = peekBatchHeader(bytes, at)
  return header !== null && at + header.byteLength <= bytes.length ? header : null
}

/** As `readBatchHeader`, but the records behind the header may be cut off. */
export function peekBatchHeader(bytes: Uint8Array, at: number): BatchHeader | null {
  if (at + BATCH_HEADER_BYTES > bytes.length || bytes[at + 16] !== MAGIC) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, BATCH_HEADER_BYTES)
  const attributes = view.getInt16(ATTRIBUTES_AT)
  const baseOffset = readInt64(view, 0)
  const header: BatchHeader = {
    baseOffset,
    lastOffset: baseOffset + view.getInt32(23),
    byteLength: LENGTH_END + view.getInt32(8),
    crc: view.getUint32(CRC_AT),
    codec: CODECS[attributes & CODEC_MASK] ?? 'unknown',
    timestampType: (attributes & LOG_APPEND_TIME) === 0 ? 'create' : 'log-append',
    isTransactional: (attributes & TRANSACTIONAL) !== 0,
    isControl: (attributes & CONTROL) !== 0,
    baseTimestamp: readInt64(view, 27),
    maxTimestamp: readInt64(view, 35),
    recordCount: view.getInt32(57),
    recordsStart: at + BATCH_HEADER_BYTES,
  }
  return isPlausible(header) ? header : null
}

function readInt64(view: DataView, at: number): number {
  return view.getInt32(at) * TWO_32 + view.getUint32(at + 4)
}

function isPlausible(header: BatchHeader): boolean {
  return (
    header.byteLength >= BATCH_HEADER_BYTES &&
    header.recordCount >= 0 &&
    header.baseOffset >= 0 &&
    header.lastOffset >= header.baseOffset &&
    header.lastOffset < Number.MAX_SAFE_INTEGER
  )
}

/** Whether the batch at `at`, whose header this is, has the bytes that its CRC was made of. */
export function isBatchIntact(bytes: Uint8Array, at: number, header: BatchHeader): boolean {
  return crc32c(bytes, at + ATTRIBUTES_AT, at + header.byteLength) === header.crc
}

/**
 * The records of the batch whose header was read from `bytes`, as objects: for tools and tests, not
 * for the hot path. Throws LOG_CORRUPT where the records do not fit the header.
 */
export function decodeRecords(bytes: Uint8Array, header: BatchHeader): readonly DecodedRecord[] {
  const end = header.recordsStart + header.byteLength - BATCH_HEADER_BYTES
  const body = inflateBody(bytes.subarray(header.recordsStart, end), header)
  const reader = createVarintReader(body, 0, body.length)
  const records: DecodedRecord[] = []
  while (records.length < header.recordCount) {
    const record = decodeRecord(reader, header)
    if (record === null) throw corrupt(header, `its record ${records.length} is malformed`)
    records.push(record)
  }
  if (reader.at !== body.length) throw corrupt(header, 'bytes follow its last record')
  return records
}

function inflateBody(body: Uint8Array, header: BatchHeader): Uint8Array {
  try {
    return inflate(body, header.codec)
  } catch (error) {
    throw corrupt(header, `its ${header.codec} data cannot be read: ${messageOf(error)}`)
  }
}

function corrupt(header: BatchHeader, what: string): Fault {
  return new Fault('LOG_CORRUPT', `the batch at offset ${header.baseOffset} is corrupt: ${what}`)
}

function decodeRecord(reader: VarintReader, header: BatchHeader): DecodedRecord | null {
  const size = reader.varint()
  const end = reader.at + (size ?? 0)
  const attributes = reader.take(1)
  const timestampDelta = reader.varint()
  const offsetDelta = reader.varint()
  const key = takeSized(reader)
  const value = takeSized(reader)
  const headers = decodeHeaders(reader)
  if (attributes === null || timestampDelta === null || offsetDelta === null) return null
  if (key === undefined || value === undefined || headers === null) return null
  if (reader.at !== end) return null
  const arrivalMs =
    header.timestampType === 'log-append'
      ? header.maxTimestamp
      : header.baseTimestamp + timestampDelta
  return { offset: header.baseOffset + offsetDelta, key, value, headers, arrivalMs }
}

function decodeHeaders(reader: VarintReader): DecodedRecord['headers'] | null {
  const count = reader.varint()
  if (count === null || count < 0) return null
  const headers: DecodedRecord['headers'][number][] = []
  while (headers.length < count) {
    const key = takeSized(reader)
    const value = takeSized(reader)
    if (key === null || key === undefined || value === undefined) return null
    headers.push({ key: fromUtf8(key), value })
  }
  return headers
}

/** Bytes behind their length; null for length -1; undefined where they are cut. */
function takeSized(reader: VarintReader): Uint8Array | null | undefined {
  const size = reader.varint()
  if (size === -1) return null
  return (size === null ? null : reader.take(size)) ?? undefined
}
