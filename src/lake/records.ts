/**
 * The records of a fetch, one after the other, without an object for each: `visit` is called with
 * places in bytes. The log has checked the batches.
 */

import { inflate } from '../model/inflate.ts'
import type { Fetch } from '../model/record.ts'
import type { BatchHeader } from '../model/record-batch.ts'
import { BATCH_HEADER_BYTES, isBatchIntact, readBatchHeader } from '../model/record-batch.ts'
import { fromUtf8 } from '../std/bytes.ts'
import { Fault, messageOf } from '../std/fault.ts'
import type { VarintReader } from '../std/varint.ts'
import { createVarintReader } from '../std/varint.ts'

/** One record; the same object is used for the next. Starts are -1 where there is none. */
export interface RecordView {
  bytes: Uint8Array
  offset: number
  /** -1: the record has none. */
  arrivalMs: number
  keyStart: number
  keyEnd: number
  valueStart: number
  valueEnd: number
  headersStart: number
}

/**
 * Visits the data records at offsets `from`..`to - 1`, upwards. Throws LOG_CORRUPT for bytes that
 * are no record batches.
 */
export function visitRecords(
  fetch: Fetch,
  { from, to }: { readonly from: number; readonly to: number },
  visit: (record: RecordView) => void,
): void {
  const view = createView()
  for (let at = 0; at < fetch.bytes.length; ) {
    const header = readBatchHeader(fetch.bytes, at)
    if (header === null) throw corrupt(fetch, 'has bytes that are no batch')
    const start = at
    at += header.byteLength
    if (header.isControl || header.lastOffset < from || header.baseOffset >= to) continue
    if (!fetch.isVerified && !isBatchIntact(fetch.bytes, start, header)) {
      throw corrupt(fetch, `fails its checksum in the batch at offset ${header.baseOffset}`)
    }
    visitBatch(
      inflateBatch(fetch, header),
      header,
      record => {
        if (record.offset >= from && record.offset < to) visit(record)
      },
      view,
    )
  }
}

function createView(): RecordView {
  return {
    bytes: new Uint8Array(0),
    offset: 0,
    arrivalMs: -1,
    keyStart: -1,
    keyEnd: -1,
    valueStart: -1,
    valueEnd: -1,
    headersStart: 0,
  }
}

function inflateBatch(fetch: Fetch, header: BatchHeader): Uint8Array {
  const end = header.recordsStart + header.byteLength - BATCH_HEADER_BYTES
  try {
    return inflate(fetch.bytes.subarray(header.recordsStart, end), header.codec)
  } catch (error) {
    throw corrupt(fetch, `cannot be inflated: ${messageOf(error)}`)
  }
}

function visitBatch(
  bytes: Uint8Array,
  header: BatchHeader,
  visit: (record: RecordView) => void,
  view: RecordView,
): void {
  const isLogAppend = header.timestampType === 'log-append'
  const reader = createVarintReader(bytes, 0, bytes.length)
  view.bytes = bytes
  for (let index = 0; index < header.recordCount; index += 1) {
    const size = reader.varint() ?? 0
    const end = reader.at + size
    reader.take(1)
    const timeDelta = reader.varint() ?? 0
    view.offset = header.baseOffset + (reader.varint() ?? 0)
    view.arrivalMs = isLogAppend ? header.maxTimestamp : header.baseTimestamp + timeDelta
    const keySize = reader.varint() ?? -1
    view.keyStart = keySize < 0 ? -1 : reader.at
    view.keyEnd = reader.at + Math.max(0, keySize)
    reader.take(Math.max(0, keySize))
    const valueSize = reader.varint() ?? -1
    view.valueStart = valueSize < 0 ? -1 : reader.at
    view.valueEnd = reader.at + Math.max(0, valueSize)
    reader.take(Math.max(0, valueSize))
    view.headersStart = reader.at
    visit(view)
    reader.take(end - reader.at)
  }
}

/** A header's value as text, the first of several; null: none. */
export function readHeader({ bytes, headersStart }: RecordView, name: string): string | null {
  const reader = createVarintReader(bytes, headersStart, bytes.length)
  const count = reader.varint() ?? 0
  for (let index = 0; index < count; index += 1) {
    const key = takeSized(reader)
    const value = takeSized(reader)
    if (key !== null && fromUtf8(key) === name) return value === null ? null : fromUtf8(value)
  }
  return null
}

function takeSized(reader: VarintReader): Uint8Array | null {
  return reader.take(reader.varint() ?? -1)
}

function corrupt({ topic, partition, offset }: Fetch, what: string): Fault {
  return new Fault('LOG_CORRUPT', `${topic}/${partition} from offset ${offset} on ${what}`)
}
