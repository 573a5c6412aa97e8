/**
 * The window that slides over a file: the bytes at hand, and where the item being looked for
 * starts.
 *
 * What bounds the memory is here: an item longer than ITEM_BYTES_MAX is not gathered. Its first
 * bytes are kept, one more than an event may have so that it is judged too large; the rest is
 * counted and hashed while it passes by.
 */
import type { Hash } from 'node:crypto'
import { createHash } from 'node:crypto'
import { EVENT_BYTES_MAX } from '../model/event.ts'
import type { InvalidCode } from '../model/verdict.ts'
import { MIB } from '../std/units.ts'

/** The longest item that is held whole. */
export const ITEM_BYTES_MAX: number = MIB
/** What is kept of a longer one. */
export const CUT_BYTES: number = EVENT_BYTES_MAX + 1

export interface ImportItem {
  /** Its line, from 1; its place, from 1, where items are not lines. */
  readonly line: number
  /**
   * The bytes of the event, or of what should be one. They stay as they are; they are not copied.
   */
  readonly value: Uint8Array
  /**
   * Known to be invalid already (`csv_line`: `value` is the original line), or null: to be judged.
   */
  readonly reason: InvalidCode | null
  /** Of an item longer than 1 MiB, of which `value` is the start; else null. */
  readonly cut: CutItem | null
}

/** What is known of the whole of an item that was cut. */
export interface CutItem {
  readonly lengthBytes: number
  /** Lower-case hex. */
  readonly sha256: string
}

/**
 * Finds the next item of the window, or null: it needs more bytes, or, at the last, there is none.
 */
export type Split = (window: Window, isLast: boolean) => ImportItem | null

export interface Window {
  bytes: Buffer
  /** Offset in the (uncompressed) file of bytes[0]. */
  base: number
  /** Index of the first byte that belongs to no item yet. */
  start: number
  /** Index up to which a splitter has looked in vain for the item's end. */
  scanned: number
  /** The number of the line, or item, that begins at `start`. */
  line: number
  /** The item that passes by, being too long to be held; `start` is then within it. */
  passing: Passing | null
}

interface Passing {
  readonly head: Buffer
  readonly hash: Hash
  lengthBytes: number
}

export function createWindow(base: number, line: number): Window {
  return { bytes: Buffer.alloc(0), base, start: 0, scanned: 0, line, passing: null }
}

/** Adds bytes, which are copied, and drops those that were taken. */
export function refill(window: Window, chunk: Uint8Array): void {
  const kept = window.bytes.subarray(window.start)
  window.bytes = kept.length === 0 ? Buffer.from(chunk) : Buffer.concat([kept, chunk])
  window.base += window.start
  window.scanned -= window.start
  window.start = 0
}

/**
 * Lets a long item pass by as far as it was scanned. Call when a splitter asks for more bytes. One
 * byte stays, so that the carriage return before a newline can be told from the item.
 */
export function passLongItem(window: Window): void {
  const lengthBytes = window.scanned - window.start - 1
  if (window.passing === null && lengthBytes <= ITEM_BYTES_MAX) return
  window.passing ??= createPassing(window.bytes.subarray(window.start, window.start + CUT_BYTES))
  pass(window.passing, window.bytes.subarray(window.start, window.start + lengthBytes))
  window.start += lengthBytes
}

/** Takes the item that ends before `end`; the next one begins at `next`. Leaves `line` alone. */
export function takeItem(
  window: Window,
  end: number,
  next: number,
): Pick<ImportItem, 'value' | 'cut'> {
  const value = window.bytes.subarray(window.start, end)
  const passing = window.passing
  window.start = next
  window.scanned = next
  window.passing = null
  if (passing === null) return cutLong(value)
  pass(passing, value)
  return endPassing(passing)
}

/** A value as it is, or the start of one that is too long. */
export function cutLong(value: Buffer): Pick<ImportItem, 'value' | 'cut'> {
  if (value.length <= ITEM_BYTES_MAX) return { value, cut: null }
  const passing = createPassing(value.subarray(0, CUT_BYTES))
  pass(passing, value)
  return endPassing(passing)
}

function createPassing(head: Buffer): Passing {
  return { head: Buffer.from(head), hash: createHash('sha256'), lengthBytes: 0 }
}

function pass(passing: Passing, bytes: Buffer): void {
  passing.hash.update(bytes)
  passing.lengthBytes += bytes.length
}

function endPassing(passing: Passing): Pick<ImportItem, 'value' | 'cut'> {
  const { head, hash, lengthBytes } = passing
  return { value: head, cut: { lengthBytes, sha256: hash.digest('hex') } }
}
