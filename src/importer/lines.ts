/** NDJSON: each line that is not blank is an item, whatever is in it. */
import type { ImportItem, Split, Window } from './window.ts'
import { takeItem } from './window.ts'

export const NEWLINE = 0x0a
export const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20

/** Splits at newlines. A carriage return before one is not of the line. */
export const splitLines: Split = (window, isLast) => {
  for (;;) {
    const newline = findLineEnd(window, isLast)
    if (newline === -1) return null
    const item = takeLine(window, newline)
    if (item !== null) return item
  }
}

/**
 * Index of the newline that ends the line at `start`; of the end of the bytes for a last line
 * without one; -1 where more bytes are needed, or nothing is left.
 */
export function findLineEnd(window: Window, isLast: boolean): number {
  const { bytes } = window
  const newline = bytes.indexOf(NEWLINE, window.scanned)
  if (newline !== -1) return newline
  window.scanned = bytes.length
  const hasRest = window.start < bytes.length || window.passing !== null
  return isLast && hasRest ? bytes.length : -1
}

/** Index of the end of a line's content: before the carriage return, where there is one. */
export function trimEnd(window: Window, newline: number): number {
  const hasReturn = newline > window.start && window.bytes[newline - 1] === CARRIAGE_RETURN
  return hasReturn ? newline - 1 : newline
}

/** Tells whether there is nothing but white space between `start` and `end`. */
export function isBlank(window: Window, end: number): boolean {
  const { bytes, passing } = window
  if (passing !== null) return false
  for (let index = window.start; index < end; index += 1) {
    const byte = bytes[index] ?? 0
    if (byte !== SPACE && byte !== CARRIAGE_RETURN && byte !== 0x09) return false
  }
  return true
}

/** Takes a line, or passes over a blank one. */
function takeLine(window: Window, newline: number): ImportItem | null {
  const end = trimEnd(window, newline)
  const line = window.line
  window.line += 1
  const next = Math.min(newline + 1, window.bytes.length)
  if (isBlank(window, end)) {
    window.start = next
    window.scanned = next
    return null
  }
  const { value, cut } = takeItem(window, end, next)
  return { line, value, reason: null, cut }
}
