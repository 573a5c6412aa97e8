/** The walk: the records of a batch become rows, by looking at the dozen bytes around each. */
import {
  COLUMN_ARRIVAL,
  COLUMN_KEY,
  COLUMN_OFFSET,
  COLUMN_REST,
  COLUMN_VALUE,
  columnAt,
  halfOf,
} from './memory'

/** What a walk may find wrong; `walk.ts` says it in words. */
export const WALKED: i32 = 0
const CUT: i32 = 1
const BYTES_BEHIND: i32 = 2
const WRONG_LENGTH: i32 = 3
const TOO_LONG_32: i32 = 4
const TOO_LONG_64: i32 = 5
const OUT_OF_ORDER: i32 = 6

const NONE: i32 = -1

/** Rows of the fetch so far, and the offsets of the last record and of the one before it. */
let rowCount: i32 = 0
let offsetLast: f64 = -1
let offsetBefore: f64 = -1

let pos: usize = 0
/** Of what is being read. */
let end: usize = 0
/** The first thing found wrong. */
let fault: i32 = WALKED

export function startWalk(): void {
  rowCount = 0
  offsetLast = -1
}

export function rowCountOf(): i32 {
  return rowCount
}

/** Takes rows back: those of a control batch. */
export function cutRows(count: i32): void {
  rowCount = count
}

export function offsetLastOf(): f64 {
  return offsetLast
}

export function offsetBeforeOf(): f64 {
  return offsetBefore
}

/** Where the batch under way has its records, and what it says of them all. */
let baseOffset: f64 = 0
let baseTimestamp: f64 = 0
/** Of all its records, unless each has its own. */
let arrivalMs: f64 = 0
let isCreateTime: bool = false

export function setBatch(offset: f64, createdMs: f64, lastMs: f64, isCreate: bool): void {
  baseOffset = offset
  baseTimestamp = createdMs
  arrivalMs = lastMs
  isCreateTime = isCreate
}

/** Adds the records at [from, from + size) as rows, but for those below `offsetFirst`. */
export function walkBatch(from: usize, size: usize, recordCount: i32, offsetFirst: f64): i32 {
  const batchEnd = from + size
  pos = from
  fault = WALKED
  for (let index = 0; index < recordCount; index += 1) {
    end = batchEnd
    const bytes = readVarint()
    end = pos + bytes
    if (fault !== WALKED) return fault
    if (bytes < 0 || end > batchEnd) return CUT
    const offset = readRecord()
    if (fault !== WALKED) return fault
    offsetBefore = offsetLast
    offsetLast = offset
    if (offset <= offsetBefore) return OUT_OF_ORDER
    if (offset >= offsetFirst) rowCount += 1
  }
  return pos === batchEnd ? WALKED : BYTES_BEHIND
}

/** Writes the row after the last, without counting it, and tells the record's offset. */
function readRecord(): f64 {
  const row: usize = rowCount
  pos += 1 // attributes: none are defined
  const createdMs = baseTimestamp + readVarlong()
  const arrival = isCreateTime ? createdMs : arrivalMs
  const offset = baseOffset + <f64>readVarint()
  store<f64>(columnAt(COLUMN_OFFSET) + 8 * row, offset)
  store<f64>(columnAt(COLUMN_ARRIVAL) + 8 * row, max<f64>(-1, arrival))
  readSized(columnAt(COLUMN_KEY), row)
  readSized(columnAt(COLUMN_VALUE), row)
  store<i32>(columnAt(COLUMN_REST) + 4 * row, <i32>pos)
  const headerCount = readVarint()
  for (let index = 0; index < headerCount && fault === WALKED; index += 1) {
    skipSized()
    skipSized()
  }
  if (fault === WALKED && pos !== end) fault = WRONG_LENGTH
  return offset
}

function readSized(column: usize, row: usize): void {
  const size = readVarint()
  store<i32>(column + 4 * row, size < 0 ? NONE : <i32>pos)
  pos += max<i32>(0, size)
  store<i32>(halfOf(column) + 4 * row, <i32>pos)
}

function skipSized(): void {
  const size = readVarint()
  pos += max<i32>(0, size)
}

/** A zigzag varint of 32 bits. The memory's slack lets it read past a record's end. */
function readVarint(): i32 {
  if (pos >= end) {
    // The first fault counts; what is read behind it is nothing.
    if (fault === WALKED) fault = CUT
    return 0
  }
  let byte: u32 = load<u8>(pos)
  let value = byte & 0x7f
  pos += 1
  for (let shift = 7; byte >= 0x80; shift += 7) {
    if (shift > 28) {
      if (fault === WALKED) fault = TOO_LONG_32
      return 0
    }
    byte = load<u8>(pos)
    value |= (byte & 0x7f) << shift
    pos += 1
  }
  return <i32>((value >>> 1) ^ -(value & 1))
}

/** A zigzag varint of 64 bits: timestamps. */
function readVarlong(): f64 {
  if (pos >= end) {
    if (fault === WALKED) fault = CUT
    return 0
  }
  let value: u64 = 0
  for (let shift: u64 = 0; shift < 70; shift += 7) {
    const byte: u64 = load<u8>(pos)
    value |= (byte & 0x7f) << shift
    pos += 1
    if (byte < 0x80) return <f64>(<i64>(value >>> 1) ^ -(<i64>(value & 1)))
  }
  if (fault === WALKED) fault = TOO_LONG_64
  return 0
}
