/**
 * CSV, RFC 4180: records end at newlines that are not in quotes; a quote within quotes is doubled.
 * A quote anywhere else is broken, and then only its own line is given up: the next one starts
 * afresh. That costs at most one second look at each byte, since what an open quote ran into is
 * the next quote.
 */
import type { Decode } from './encoding.ts'
import type { LineMapper } from './line-mapper.ts'
import { REJECTED, SKIPPED } from './line-mapper.ts'
import { CARRIAGE_RETURN, findLineEnd, isBlank, NEWLINE, trimEnd } from './lines.ts'
import type { ImportItem, Split, Window } from './window.ts'
import { cutLong, ITEM_BYTES_MAX, takeItem } from './window.ts'

const QUOTE = 0x22

/** A record that is broken by a quote, or that goes on behind the bytes at hand. */
const BROKEN = -1
export const OPEN = -2

/** What a record became: an item, nothing (a line to skip), or `more` bytes are needed. */
type Taken = ImportItem | 'nothing' | 'more'

/** Splits the records behind the header and maps each to an event. */
export function createCsvSplit(mapLine: LineMapper, delimiter: string, decode: Decode): Split {
  const takeRecord = createTaker(mapLine, delimiter, decode)
  return (window, isLast) => {
    for (;;) {
      const newline = findLineEnd(window, isLast)
      if (newline === -1) return null
      const taken = takeRecord(window, newline, isLast)
      if (taken === 'more') return null
      if (taken !== 'nothing') return taken
    }
  }
}

function createTaker(
  mapLine: LineMapper,
  delimiter: string,
  decode: Decode,
): (window: Window, newline: number, isLast: boolean) => Taken {
  const findQuote = createQuoteFinder()
  const delimiterByte = delimiter.charCodeAt(0)
  const takeMapped = createMappedTaker(decode)
  return (window, newline, isLast) => {
    if (window.passing !== null) return rejectLine(window, newline)
    if (findQuote(window) >= newline) {
      return takeMapped(window, newline, text => mapLine(text.split(delimiter), text, window.line))
    }
    const end = findRecordEnd(window.bytes, window.start, delimiterByte)
    const size = (end === OPEN ? window.bytes.length : end) - window.start
    if (end === BROKEN || size > ITEM_BYTES_MAX) return rejectLine(window, newline)
    if (end === OPEN) return isLast ? rejectLine(window, newline) : 'more'
    if (end === window.bytes.length && !isLast) return 'more'
    return takeMapped(window, end, text => mapLine(toCells(text, delimiter), text, window.line))
  }
}

/** Index of the first quote at or behind `start`; looks at each byte once. */
function createQuoteFinder(): (window: Window) => number {
  let bytes: Buffer | null = null
  let quote = 0
  return window => {
    if (window.bytes === bytes && quote >= window.start) return quote
    bytes = window.bytes
    const found = bytes.indexOf(QUOTE, window.start)
    quote = found === -1 ? Number.POSITIVE_INFINITY : found
    return quote
  }
}

function rejectLine(window: Window, newline: number): ImportItem {
  const line = window.line
  window.line += 1
  const next = Math.min(newline + 1, window.bytes.length)
  const { value, cut } = takeItem(window, trimEnd(window, newline), next)
  return { line, value, reason: 'csv_line', cut }
}

type MappedTaker = (window: Window, newline: number, map: (text: string) => string) => Taken

/** `newline` is where the record ends. */
function createMappedTaker(decode: Decode): MappedTaker {
  return (window, newline, map) => {
    const { bytes, start } = window
    const end = trimEnd(window, newline)
    const next = Math.min(newline + 1, bytes.length)
    if (isBlank(window, end)) {
      window.line += 1
      window.start = next
      window.scanned = next
      return 'nothing'
    }
    const text = decode(bytes, start, end)
    const mapped = text === null ? REJECTED : map(text)
    const line = window.line
    window.line += 1 + countNewlines(bytes, start, end)
    const original = takeItem(window, end, next)
    if (mapped === SKIPPED) return 'nothing'
    if (mapped === REJECTED) return { line, ...original, reason: 'csv_line' }
    return { line, ...cutLong(Buffer.from(mapped)), reason: null }
  }
}

function countNewlines(bytes: Buffer, start: number, end: number): number {
  let count = 0
  let newline = bytes.indexOf(NEWLINE, start)
  while (newline !== -1 && newline < end) {
    count += 1
    newline = bytes.indexOf(NEWLINE, newline + 1)
  }
  return count
}

/**
 * Index of the newline that ends the record at `start`, or of the end of the bytes where a last
 * record is whole without one; BROKEN for a quote out of place; OPEN where one is not closed yet.
 */
export function findRecordEnd(bytes: Uint8Array, start: number, delimiter: number): number {
  let index = start
  for (;;) {
    if (bytes[index] === QUOTE) {
      index = skipQuoted(bytes, index)
      if (index === OPEN) return OPEN
    } else index = skipPlain(bytes, index, delimiter)
    const byte = bytes[index]
    if (byte === undefined || byte === NEWLINE) return index
    if (byte === CARRIAGE_RETURN && endsLine(bytes, index + 1)) return index + 1
    if (byte !== delimiter) return BROKEN
    index += 1
  }
}

function endsLine(bytes: Uint8Array, index: number): boolean {
  return index === bytes.length || bytes[index] === NEWLINE
}

/** Index past the quote that closes the one at `start`. */
function skipQuoted(bytes: Uint8Array, start: number): number {
  let quote = bytes.indexOf(QUOTE, start + 1)
  while (quote !== -1 && bytes[quote + 1] === QUOTE) quote = bytes.indexOf(QUOTE, quote + 2)
  return quote === -1 ? OPEN : quote + 1
}

/** Index of what ends a cell without quotes; of a quote, which may not stand there. */
function skipPlain(bytes: Uint8Array, start: number, delimiter: number): number {
  let index = start
  while (index < bytes.length) {
    const byte = bytes[index]
    if (byte === delimiter || byte === NEWLINE || byte === QUOTE) return index
    if (byte === CARRIAGE_RETURN && endsLine(bytes, index + 1)) return index
    index += 1
  }
  return index
}

/** The cells of a record that findRecordEnd found whole. */
export function toCells(text: string, delimiter: string): readonly string[] {
  const cells: string[] = []
  let start = 0
  while (start <= text.length) {
    const end = text[start] === '"' ? endOfQuoted(text, start) : endOfPlain(text, start, delimiter)
    const raw = text.slice(start, end)
    cells.push(raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw)
    start = end + 1
  }
  return cells
}

function endOfPlain(text: string, start: number, delimiter: string): number {
  const end = text.indexOf(delimiter, start)
  return end === -1 ? text.length : end
}

function endOfQuoted(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1)
  while (quote !== -1 && text[quote + 1] === '"') quote = text.indexOf('"', quote + 2)
  return quote === -1 ? text.length : quote + 1
}
