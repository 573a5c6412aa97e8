/**
 * The walk: a fetch's record batches are loaded into the memory of the fast path, which finds the
 * records in them. It is the first of the two passes of a scan.
 */
import type { Fetch } from '../../model/record.ts'
import { assert } from '../../std/assert.ts'
import { fromUtf8 } from '../../std/bytes.ts'
import type { Fault } from '../../std/fault.ts'
import { createVarintReader } from '../../std/varint.ts'
import type { Batch } from './batch.ts'
import { readBatches, toCorrupt } from './batch.ts'
import type { Address, FastPath } from './fast-path.ts'
import { bytesOf } from './fast-path.ts'

export interface Walk {
  readonly rowCount: number
  readonly skippedCount: number
  readonly gapCount: number
}

/** The memory has not room for more, nor for the text of so many. */
const FETCH_BYTES_MAX = 2 ** 30
/** What the walk finds wrong, by the numbers that `wasm/assembly/records.ts` gives. */
const FAULTS = [
  '',
  'has a cut record',
  'has bytes that are no record',
  'has a record of a wrong length',
  'has a number of more than 32 bits',
  'has a number of more than 64 bits',
]
const OUT_OF_ORDER = 6

/**
 * Loads a fetch in place of the one before, and lists its data records from `fetch.offset` on; the
 * columns have room for `fieldCount` fields. Throws LOG_CORRUPT.
 */
export function walkFetch(fast: FastPath, fetch: Fetch, fieldCount: number): Walk {
  const place = `${fetch.topic}/${fetch.partition}`
  const batches = readBatches(fetch, place)
  let at = layOut(fast, batches, fieldCount)
  const bytes = bytesOf(fast)
  fast.startWalk()
  let skippedCount = 0
  for (const { header, records } of batches) {
    const before = fast.rowCountOf()
    bytes.set(records, at)
    const isCreateTime = Number(header.timestampType === 'create')
    fast.setBatch(header.baseOffset, header.baseTimestamp, header.maxTimestamp, isCreateTime)
    const fault = fast.walkBatch(at, records.length, header.recordCount, fetch.offset)
    if (fault !== 0) throw toFault(fast, fault, place)
    at += records.length
    if (!header.isControl) continue
    skippedCount += fast.rowCountOf() - before
    fast.cutRows(before)
  }
  if (fast.offsetLastOf() >= fetch.offsetNext) {
    throw toCorrupt(place, `has offset ${fast.offsetLastOf()}, past its fetch`)
  }
  const rowCount = fast.rowCountOf()
  const gapCount = fetch.offsetNext - fetch.offset - rowCount - skippedCount
  return { rowCount, skippedCount, gapCount }
}

/** Makes room for the batches' rows, their bytes, and as many bytes again: decoded text. */
function layOut(fast: FastPath, batches: readonly Batch[], fieldCount: number): Address {
  let byteCount = 0
  let recordCount = 0
  for (const { header, records } of batches) {
    byteCount += records.length
    recordCount += header.recordCount
  }
  const at = byteCount > FETCH_BYTES_MAX ? 0 : fast.layOut(recordCount, fieldCount, byteCount)
  assert(at !== 0, 'a fetch fits the memory of a scan')
  return at
}

function toFault(fast: FastPath, fault: number, place: string): Fault {
  if (fault !== OUT_OF_ORDER) return toCorrupt(place, FAULTS[fault] ?? 'is unreadable')
  return toCorrupt(place, `has offset ${fast.offsetLastOf()} after ${fast.offsetBeforeOf()}`)
}

/** A header's value by its key, the first of several; null: none. `start`: of the header count. */
export function findHeader(bytes: Uint8Array, start: number, key: string): Uint8Array | null {
  const reader = createVarintReader(bytes, start, bytes.length)
  const readSlice = (): Uint8Array | null => reader.take(reader.varint() ?? -1)
  const headerCount = reader.varint() ?? 0
  for (let index = 0; index < headerCount; index += 1) {
    const headerKey = readSlice()
    const value = readSlice()
    if (headerKey !== null && fromUtf8(headerKey) === key) return value
  }
  return null
}
