/**
 * The lake counted again by listing it: rows as the footers of its files tell, per topic and
 * partition. Of a Parquet file only the end is read: the footer, its length, and the magic `PAR1`.
 * The footer is Thrift's compact protocol (parquet.thrift: FileMetaData, whose field 3 is
 * `num_rows`).
 */
import type { Catalog } from '../model/catalog.ts'
import type { ObjectStore } from '../model/object-store.ts'
import { Fault } from '../std/fault.ts'
import { KIB } from '../std/units.ts'
import { EVENTS, parseKey, REJECTS } from './keys.ts'

export interface Recount {
  readonly rows: number
  readonly rejects: number
}

export interface RecountOptions {
  readonly objects: ObjectStore
  readonly catalog: Catalog
  /** By `partition topic`: only files within these offsets count. */
  readonly ranges: ReadonlyMap<string, { readonly first: number; readonly next: number }>
  readonly signal: AbortSignal
}

/** Most footers are smaller. */
const TAIL_BYTES: number = 64 * KIB
const END_BYTES = 8

/** By `partition topic`. Throws OBJECTS_UNAVAILABLE, STORE_CORRUPT. */
export async function recountLake(options: RecountOptions): Promise<ReadonlyMap<string, Recount>> {
  const { objects, catalog, ranges, signal } = options
  const counts = new Map<string, Recount>()
  for (const prefix of [EVENTS, REJECTS]) {
    for await (const { key, sizeBytes } of objects.list(prefix, signal)) {
      const file = parseKey(key)
      const named = /=([^/]+)\//.exec(key)?.[1]
      if (file === null || named === undefined) continue
      const topic = prefix === EVENTS ? catalog.topicPrefix + named : named
      const name = `${file.partition} ${topic}`
      const range = ranges.get(name)
      if (range === undefined || file.first < range.first || file.last >= range.next) continue
      const rows = await readRowCount(objects, key, sizeBytes)
      const known = counts.get(name) ?? { rows: 0, rejects: 0 }
      const sums =
        prefix === EVENTS ? { rows: known.rows + rows } : { rejects: known.rejects + rows }
      counts.set(name, { ...known, ...sums })
    }
  }
  return counts
}

async function readRowCount(objects: ObjectStore, key: string, size: number): Promise<number> {
  const tail = await readTail(objects, key, { size, length: TAIL_BYTES })
  const end = Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength)
  const isParquet = end.length > END_BYTES && end.toString('latin1', end.length - 4) === 'PAR1'
  const footerBytes = isParquet ? end.readUInt32LE(end.length - END_BYTES) : size
  if (footerBytes + END_BYTES > size) {
    throw new Fault('STORE_CORRUPT', `object '${key}' of the lake is no parquet file`)
  }
  const length = footerBytes + END_BYTES
  const whole = length <= end.length ? end : await readTail(objects, key, { size, length })
  return readNumRows(whole.subarray(whole.length - length, whole.length - END_BYTES))
}

async function readTail(
  objects: ObjectStore,
  key: string,
  { size, length }: { readonly size: number; readonly length: number },
): Promise<Uint8Array> {
  const offset = Math.max(0, size - length)
  const found = await objects.get(key, { range: { offset, length } })
  return found === null || found === 'unchanged' ? new Uint8Array(0) : found.bytes
}

/** Field types of the compact protocol. */
const BYTE = 3
const DOUBLE = 7
const BINARY = 8
const LIST = 9
const SET = 10
const STRUCT = 12
const NUM_ROWS = 3

function readNumRows(bytes: Uint8Array): number {
  let at = 0
  const byte = (): number => {
    at += 1
    return bytes[at - 1] ?? 0
  }
  const varint = (): number => {
    let value = 0
    for (let weight = 1; ; weight *= 128) {
      const next = byte()
      value += (next & 0x7f) * weight
      if (next < 0x80 || at > bytes.length) return value
    }
  }
  const skip = (type: number): void => {
    if (type === STRUCT) fields(() => false)
    else if (type === BINARY) {
      const size = varint()
      at += size
    } else if (type === DOUBLE) at += 8
    else if (type === BYTE) at += 1
    else if (type === LIST || type === SET) {
      const head = byte()
      const count = head >> 4 === 15 ? varint() : head >> 4
      for (let index = 0; index < count; index += 1) skip(head & 0x0f)
    } else if (type > 2) varint()
  }
  /** Walks a struct until `visit`, told each field's number, says that it took one. */
  const fields = (visit: (field: number) => boolean): void => {
    for (let field = 0; at < bytes.length; ) {
      const head = byte()
      if (head === 0) return
      field = head >> 4 === 0 ? varint() / 2 : field + (head >> 4)
      if (visit(field)) return
      skip(head & 0x0f)
    }
  }
  let rows = 0
  fields(field => {
    if (field === NUM_ROWS) rows = varint() / 2
    return field === NUM_ROWS
  })
  return rows
}
