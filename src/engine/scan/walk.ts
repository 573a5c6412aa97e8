/**
 * The walk: a fetch's record batches become a table of records, as offsets into one working memory.
 * It is the first of the two passes of a scan, and looks at the dozen bytes around a record only.
 *
 * Hot: `as number` stands on typed arrays whose index is checked, or whose memory has slack.
 */
import type { Fetch } from '../../model/record.ts'
import type { BatchHeader } from '../../model/record-batch.ts'
import { assert } from '../../std/assert.ts'
import type { Batch } from './batch.ts'
import { readBatches, toCorrupt } from './batch.ts'

/** A row is a data record. Columns have `capacity` entries, of which the first `count` hold. */
export interface RecordTable {
  count: number
  capacity: number
  offset: Float64Array
  /** -1: the record has none. */
  arrivalMs: Float64Array
  /** Start -1: null. */
  keyStart: Int32Array
  keyEnd: Int32Array
  valueStart: Int32Array
  valueEnd: Int32Array
  /** Of the header count. */
  headersStart: Int32Array
}

/** The memory that a scan works in. It is grown, never shrunk, and overwritten by the next scan. */
export interface Memory {
  bytes: Uint8Array
  view: DataView
  /** From here on bytes are free: decoded text is appended. Never past the array's slack. */
  tail: number
}

export interface Walk {
  readonly skippedCount: number
  readonly gapCount: number
}

/** Bytes after the last one in use, so that words can be read from anywhere in use. */
const SLACK_BYTES = 64
const MEMORY_BYTES_MAX = 2 ** 31 - 1
const NO_VALUE = -1

/**
 * Loads a fetch into memory and lists its data records from `fetch.offset` on, in place of what
 * both held. After it, memory has room for as many bytes again as were loaded: decoding text
 * never makes it longer. Throws LOG_CORRUPT.
 */
export function walkFetch(fetch: Fetch, memory: Memory, table: RecordTable): Walk {
  const place = `${fetch.topic}/${fetch.partition}`
  const batches = readBatches(fetch.bytes, place)
  reserve(batches, memory, table)
  const { bytes } = memory
  const walker: Walker = { bytes, place, from: fetch.offset, offsetLast: -1, pos: 0, end: 0 }
  let skippedCount = 0
  for (const batch of batches) {
    const before = table.count
    bytes.set(batch.records, walker.end)
    walkBatch(walker, batch, table)
    if (!batch.header.isControl) continue
    skippedCount += table.count - before
    table.count = before
  }
  memory.tail = walker.end
  if (walker.offsetLast >= fetch.offsetNext) {
    throw toCorrupt(place, `has offset ${walker.offsetLast}, past its fetch`)
  }
  const gapCount = fetch.offsetNext - fetch.offset - table.count - skippedCount
  return { skippedCount, gapCount }
}

export function createMemory(sizeBytes: number): Memory {
  const bytes = new Uint8Array(sizeBytes + SLACK_BYTES)
  return { bytes, view: new DataView(bytes.buffer), tail: 0 }
}

export function createRecordTable(): RecordTable {
  return {
    count: 0,
    capacity: 0,
    offset: new Float64Array(0),
    arrivalMs: new Float64Array(0),
    keyStart: new Int32Array(0),
    keyEnd: new Int32Array(0),
    valueStart: new Int32Array(0),
    valueEnd: new Int32Array(0),
    headersStart: new Int32Array(0),
  }
}

function reserve(batches: readonly Batch[], memory: Memory, table: RecordTable): void {
  let sizeBytes = 0
  let recordCount = 0
  for (const batch of batches) {
    sizeBytes += batch.records.length
    recordCount += batch.header.recordCount
  }
  assert(2 * sizeBytes + SLACK_BYTES <= MEMORY_BYTES_MAX, 'a fetch fits the working memory')
  if (memory.bytes.length < 2 * sizeBytes + SLACK_BYTES) {
    Object.assign(memory, createMemory(3 * sizeBytes))
  }
  memory.tail = 0
  table.count = 0
  if (table.capacity < recordCount) growTable(table, Math.ceil(recordCount * 1.5))
}

function growTable(table: RecordTable, capacity: number): void {
  table.capacity = capacity
  table.offset = new Float64Array(capacity)
  table.arrivalMs = new Float64Array(capacity)
  table.keyStart = new Int32Array(capacity)
  table.keyEnd = new Int32Array(capacity)
  table.valueStart = new Int32Array(capacity)
  table.valueEnd = new Int32Array(capacity)
  table.headersStart = new Int32Array(capacity)
}

/** One object per fetch, and the place where its reading is. */
interface Walker {
  readonly bytes: Uint8Array
  readonly place: string
  /** Records below this offset are left out. */
  readonly from: number
  offsetLast: number
  pos: number
  /** Of the record being read, and between records of the batch. */
  end: number
}

/** Adds the records of a batch, whose bytes stand in memory from `walker.end` on, to the table. */
function walkBatch(walker: Walker, batch: Batch, table: RecordTable): void {
  walker.pos = walker.end
  const batchEnd = walker.pos + batch.records.length
  for (let index = 0; index < batch.header.recordCount; index += 1) {
    walker.end = batchEnd
    const size = readVarint(walker)
    walker.end = walker.pos + size
    if (size < 0 || walker.end > batchEnd) throw toCorrupt(walker.place, 'has a cut record')
    const offset = readRecord(walker, batch.header, table)
    if (offset <= walker.offsetLast) {
      throw toCorrupt(walker.place, `has offset ${offset} after ${walker.offsetLast}`)
    }
    walker.offsetLast = offset
    if (offset < walker.from) continue
    table.offset[table.count] = offset
    table.count += 1
  }
  if (walker.pos !== batchEnd) throw toCorrupt(walker.place, 'has bytes that are no record')
  walker.end = batchEnd
}

/** Writes the row after the table's last, without counting it, and tells the record's offset. */
function readRecord(walker: Walker, header: BatchHeader, table: RecordTable): number {
  const row = table.count
  walker.pos += 1 // attributes: none are defined
  const createdMs = header.baseTimestamp + readVarlong(walker)
  const arrivalMs = header.timestampType === 'create' ? createdMs : header.maxTimestamp
  const offset = header.baseOffset + readVarint(walker)
  table.arrivalMs[row] = Math.max(-1, arrivalMs)
  const keySize = readVarint(walker)
  table.keyStart[row] = keySize < 0 ? NO_VALUE : walker.pos
  walker.pos += Math.max(0, keySize)
  table.keyEnd[row] = walker.pos
  const valueSize = readVarint(walker)
  table.valueStart[row] = valueSize < 0 ? NO_VALUE : walker.pos
  walker.pos += Math.max(0, valueSize)
  table.valueEnd[row] = walker.pos
  table.headersStart[row] = walker.pos
  const headerCount = readVarint(walker)
  for (let index = 0; index < headerCount; index += 1) {
    skipSized(walker)
    skipSized(walker)
  }
  if (walker.pos !== walker.end) throw toCorrupt(walker.place, 'has a record of a wrong length')
  return offset
}

/** A header's value by its key, the first of several; null: none. `start`: headersStart. */
export function findHeader(bytes: Uint8Array, start: number, key: string): Uint8Array | null {
  const end = bytes.length
  const walker: Walker = { bytes, place: 'memory', from: 0, offsetLast: -1, pos: start, end }
  const wanted = Buffer.from(key)
  const headerCount = readVarint(walker)
  for (let index = 0; index < headerCount; index += 1) {
    const headerKey = readSlice(walker)
    const value = readSlice(walker)
    if (headerKey !== null && wanted.equals(headerKey)) return value
  }
  return null
}

/** Skips a header's key or value. Reading its size moves the walker: `pos +=` would undo that. */
function skipSized(walker: Walker): void {
  const size = readVarint(walker)
  walker.pos += Math.max(0, size)
}

function readSlice(walker: Walker): Uint8Array | null {
  const size = readVarint(walker)
  const start = walker.pos
  if (size < 0) return null
  walker.pos += size
  return walker.bytes.subarray(start, walker.pos)
}

/** A zigzag varint of 32 bits. The memory's slack lets it read past a record's end. */
function readVarint(walker: Walker): number {
  const { bytes } = walker
  let { pos } = walker
  if (pos >= walker.end) throw toCorrupt(walker.place, 'has a cut record')
  let byte = bytes[pos] as number
  pos += 1
  let value = byte & 0x7f
  for (let shift = 7; byte >= 0x80; shift += 7) {
    if (shift > 28) throw toCorrupt(walker.place, 'has a number of more than 32 bits')
    byte = bytes[pos] as number
    pos += 1
    value |= (byte & 0x7f) << shift
  }
  walker.pos = pos
  return (value >>> 1) ^ -(value & 1)
}

/** A zigzag varint of 64 bits, of which 53 are kept exactly: timestamps. */
function readVarlong(walker: Walker): number {
  const { bytes } = walker
  let scale = 1
  let value = 0
  for (let count = 0; count < 10; count += 1) {
    const byte = bytes[walker.pos] as number
    walker.pos += 1
    value += (byte & 0x7f) * scale
    scale *= 128
    if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
  throw toCorrupt(walker.place, 'has a number of more than 64 bits')
}
