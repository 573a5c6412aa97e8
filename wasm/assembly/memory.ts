/**
 * The one memory: programs at its bottom, above them what a scan works in, laid out anew by each:
 *
 *   columns of 8 bytes a row, one behind another   the bytes of the fetch   room for decoded text
 *
 * A text column is two halves, start and end.
 */

export const COLUMN_OFFSET: i32 = 0
export const COLUMN_ARRIVAL: i32 = 1
export const COLUMN_TIME: i32 = 2
export const COLUMN_KEY: i32 = 3
export const COLUMN_VALUE: i32 = 4
export const COLUMN_EVENT_ID: i32 = 5
export const COLUMN_USER_ID: i32 = 6
/** Half: where the headers start. Half: the rows that the slow path is to read. */
export const COLUMN_REST: i32 = 7
/** A quarter: the currency. An eighth behind it: 1 where the event is valid. */
export const COLUMN_MARKS: i32 = 8
/** The first of those that are wanted. */
export const COLUMN_FIELDS: i32 = 9

/** Bytes after the last one in use, so that blocks can be read from anywhere in use. */
const SLACK_BYTES: u64 = 64
const PAGE_BYTES: u64 = 65536
/** Addresses are positive as signed numbers, too. */
const ADDRESS_MAX: u64 = 0x7fff0000
/** Columns of so many rows are whole blocks. */
const ROWS_OF_BLOCK: u64 = 16

/** Of what is free for programs. */
let heap: usize = (__heap_base + 15) & ~15
let heapStart: usize = heap

let columnsAt: usize = 0
let columnBytes: usize = 0
/** From here on bytes are free: decoded text is appended. */
export let tail: usize = 0

export function setTail(position: usize): void {
  tail = position
}

/** What is allocated by now stays when programs are forgotten. */
export function keepAllocated(): void {
  heapStart = heap
}

export function tailOf(): usize {
  return tail
}

/** Forgets every program. */
export function forgetPrograms(): void {
  heap = heapStart
}

/** Takes zeroed memory for a part of a program. */
export function allocate(size: usize): usize {
  const start = heap
  heap = (start + size + 15) & ~15
  if (!reach(heap)) unreachable()
  memory.fill(start, 0, heap - start)
  return start
}

/**
 * Lays out a scan; gives where its bytes go, or 0 where they do not fit. The text that they decode
 * to is never longer.
 */
export function layOut(rowCount: i32, fieldCount: i32, byteCount: usize): usize {
  const rows = <u64>rowCount + ROWS_OF_BLOCK - (<u64>rowCount % ROWS_OF_BLOCK)
  const bytesAt = <u64>heap + 8 * rows * <u64>(COLUMN_FIELDS + fieldCount)
  if (!reach(bytesAt + 2 * <u64>byteCount + SLACK_BYTES)) return 0
  columnsAt = heap
  columnBytes = 8 * <usize>rows
  tail = <usize>bytesAt + byteCount
  return <usize>bytesAt
}

export function columnAt(index: i32): usize {
  return columnsAt + <usize>index * columnBytes
}

/** Of the second half of a column. */
export function halfOf(column: usize): usize {
  return column + (columnBytes >> 1)
}

/** Of the flags behind the currencies. */
export function validAt(): usize {
  return columnAt(COLUMN_MARKS) + (columnBytes >> 2)
}

/** Grows the memory to `end`, and by a quarter, so that it rarely grows; false: it cannot. */
function reach(end: u64): bool {
  const pages = <u64>memory.size()
  if (end <= pages * PAGE_BYTES) return true
  if (end > ADDRESS_MAX) return false
  const missing = (end + PAGE_BYTES - 1) / PAGE_BYTES - pages
  return memory.grow(<i32>(missing + pages / 4)) >= 0 || memory.grow(<i32>missing) >= 0
}
