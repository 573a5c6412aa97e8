/**
 * JSON documents: finds where each item of an array, or each value of a sequence, begins and ends,
 * without parsing any. What is wrong inside an item is found later, when it is judged.
 *
 * The items keep their original bytes, however they are printed. Where brackets do not match, the
 * ends can only be guessed: an item with one too few takes in what follows it. What comes after the
 * document is one more item; a document that ends too early needs no closing brackets.
 */
import type { ImportItem, Split, Window } from './window.ts'
import { takeItem } from './window.ts'

/** What is around the items: nothing, an array, or an array inside an object. */
export type Surroundings = 'none' | 'array' | 'object'

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * `between` items; in a `container`, a `text` or a `word` (a number, or rubbish); in the `rest` of
 * the object around the array; or `after` the document.
 */
type Place = 'between' | 'container' | 'text' | 'word' | 'rest' | 'after'

/** Where the splitter is; it outlives a refill, so that no byte is looked at twice. */
interface Scan {
  readonly surroundings: Surroundings
  place: Place
  depth: number
  isInText: boolean
  isEscaped: boolean
}

/** Splits the items of an array whose `[` was read, or a sequence of values. */
export function createValueSplit(surroundings: Surroundings): Split {
  const scan: Scan = {
    surroundings,
    place: 'between',
    depth: 0,
    isInText: false,
    isEscaped: false,
  }
  return (window, isLast) => {
    if (scan.place === 'between') skipSeparators(scan, window)
    if (scan.place === 'rest') skipRest(scan, window)
    if (scan.place === 'after') skipWhitespace(window)
    if (window.passing === null && window.start === window.bytes.length) return null
    const end = findEnd(scan, window)
    if (end === -1 && !isLast) return null
    if (end !== -1) scan.place = 'between'
    return takeValue(window, end === -1 ? window.bytes.length : end)
  }
}

function takeValue(window: Window, end: number): ImportItem {
  const line = window.line
  window.line += 1
  const { value, cut } = takeItem(window, end, end)
  return { line, value, reason: null, cut }
}

/** Goes to the next item, or past the end of the array. */
function skipSeparators(scan: Scan, window: Window): void {
  const { bytes } = window
  let index = window.start
  while (index < bytes.length && isSeparator(bytes[index])) index += 1
  const first = bytes[index]
  if (first === CLOSE_ARRAY && scan.surroundings !== 'none') {
    scan.place = scan.surroundings === 'object' ? 'rest' : 'after'
    scan.depth = 1
    index += 1
  } else if (first !== undefined) {
    scan.place = placeOf(first)
    scan.depth = 0
  }
  window.start = index
  window.scanned = index
}

function placeOf(first: number): Place {
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) return 'container'
  return first === QUOTE ? 'text' : 'word'
}

/** Passes over the members behind the array, up to the end of the object around it. */
function skipRest(scan: Scan, window: Window): void {
  const end = findContainerEnd(scan, window)
  if (end !== -1) scan.place = 'after'
  window.start = end === -1 ? window.bytes.length : end
  window.scanned = window.start
}

function skipWhitespace(window: Window): void {
  if (window.passing !== null || window.scanned > window.start) return
  while (isWhitespace(window.bytes[window.start])) window.start += 1
  window.scanned = window.start
}

/** Index past the item at `start`, or -1 where the bytes at hand do not hold its end. */
function findEnd(scan: Scan, window: Window): number {
  if (scan.place === 'container' || scan.place === 'text') return findContainerEnd(scan, window)
  if (scan.place === 'word') return findWordEnd(window)
  window.scanned = window.bytes.length
  return -1
}

/** Index past the bracket, or at depth 0 the quote, that closes what was open. */
function findContainerEnd(scan: Scan, window: Window): number {
  const { bytes } = window
  let { depth, isInText, isEscaped } = scan
  let end = -1
  for (let index = window.scanned; index < bytes.length && end === -1; index += 1) {
    const byte = bytes[index]
    if (isInText) {
      if (isEscaped) isEscaped = false
      else if (byte === BACKSLASH) isEscaped = true
      else if (byte === QUOTE) {
        isInText = false
        if (depth === 0) end = index + 1
      }
    } else if (byte === QUOTE) isInText = true
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      depth -= 1
      if (depth === 0) end = index + 1
    }
  }
  scan.depth = depth
  scan.isInText = isInText
  scan.isEscaped = isEscaped
  window.scanned = end === -1 ? bytes.length : end
  return end
}

/** The first byte of a word is of it, whatever it is, so that splitting always gets on. */
function findWordEnd(window: Window): number {
  const { bytes } = window
  const isFirst = window.passing === null && window.scanned === window.start
  for (let index = isFirst ? window.start + 1 : window.scanned; index < bytes.length; index += 1) {
    if (endsWord(bytes[index])) return index
  }
  window.scanned = bytes.length
  return -1
}

function endsWord(byte: number | undefined): boolean {
  return (
    isSeparator(byte) ||
    byte === CLOSE_ARRAY ||
    byte === OPEN_ARRAY ||
    byte === OPEN_OBJECT ||
    byte === QUOTE
  )
}

function isSeparator(byte: number | undefined): boolean {
  return isWhitespace(byte) || byte === COMMA
}

/** White space of JSON (RFC 8259, section 2). */
export function isWhitespace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}
