// In the loops over bytes, `as number` says that an index below the length is there.
/**
 * What is one item in a body. Items are found by brackets, quotes and line breaks alone, and never
 * parsed, so that one that is broken harms no other and all keep their bytes:
 *
 * - an object is one item; `{"events":[…]}` and nothing else is a list of items, as is `[…]`;
 * - lines, if the type says so, or if more follows the end of a first object: one item each;
 * - whatever else it is, it is one item.
 *
 * In a list that goes wrong, what comes before is split off, and the rest is one item.
 */

export type BodyKind = 'json' | 'lines' | 'raw'

export type Split =
  | { readonly kind: 'items'; readonly items: readonly Uint8Array[] }
  | { readonly kind: 'empty' }
  | { readonly kind: 'too_many' }

const TAB = 0x09
const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BRACKET_OPEN = 0x5b
const BACKSLASH = 0x5c
const BRACKET_CLOSE = 0x5d
const BRACE_OPEN = 0x7b
const BRACE_CLOSE = 0x7d
/** `"events"`, the quotes included. */
const EVENTS_KEY: Uint8Array = new TextEncoder().encode('"events"')

/** Splits a body into at most `countMax` items, which are views of its bytes. */
export function splitBody(bytes: Uint8Array, kind: BodyKind, countMax: number): Split {
  if (kind === 'raw') return bytes.length === 0 ? { kind: 'empty' } : toSplit([bytes])
  if (kind === 'lines') return splitLines(bytes, countMax)
  const start = skipBlanks(bytes, 0)
  if (start === bytes.length) return { kind: 'empty' }
  if (bytes[start] === BRACKET_OPEN) return splitList(bytes, start + 1, countMax)
  if (bytes[start] !== BRACE_OPEN) return toSplit([trim(bytes, start, bytes.length)])
  const listStart = findEnvelopeList(bytes, start)
  if (listStart !== -1) return splitList(bytes, listStart, countMax)
  const end = findValueEnd(bytes, start)
  const isWhole = end === -1 || skipBlanks(bytes, end) === bytes.length
  return isWhole ? toSplit([trim(bytes, start, bytes.length)]) : splitLines(bytes, countMax)
}

function toSplit(items: readonly Uint8Array[]): Split {
  return { kind: 'items', items }
}

function splitLines(bytes: Uint8Array, countMax: number): Split {
  const items: Uint8Array[] = []
  let start = 0
  while (start < bytes.length) {
    const found = bytes.indexOf(LF, start)
    const end = found === -1 ? bytes.length : found
    const item = trim(bytes, start, end)
    start = end + 1
    if (item.length === 0) continue
    if (items.length === countMax) return { kind: 'too_many' }
    items.push(item)
  }
  return items.length === 0 ? { kind: 'empty' } : toSplit(items)
}

/** `start` is behind the list's `[`. */
function splitList(bytes: Uint8Array, start: number, countMax: number): Split {
  const items: Uint8Array[] = []
  let position = start
  if (bytes[skipBlanks(bytes, start)] === BRACKET_CLOSE) {
    position = skipBlanks(bytes, start) + 1
  } else {
    let delimiter = COMMA
    while (delimiter === COMMA) {
      const end = findElementEnd(bytes, position)
      if (items.length === countMax) return { kind: 'too_many' }
      const item = trim(bytes, position, end)
      // A list that breaks off behind its `[` or a `,` has that as its last item.
      const isCut = item.length === 0 && end === bytes.length
      items.push(isCut ? trim(bytes, position - 1, end) : item)
      delimiter = bytes[end] ?? 0
      position = end + 1
    }
  }
  const rest = findRest(bytes, position, bytes[skipBlanks(bytes, 0)] === BRACE_OPEN)
  if (rest.length > 0 && items.length === countMax) return { kind: 'too_many' }
  if (rest.length > 0) items.push(rest)
  return items.length === 0 ? { kind: 'empty' } : toSplit(items)
}

/** What follows a list, and the `}` of its envelope, and should not be there. */
function findRest(bytes: Uint8Array, listEnd: number, isEnvelope: boolean): Uint8Array {
  const start = skipBlanks(bytes, Math.min(listEnd, bytes.length))
  return trim(bytes, isEnvelope && bytes[start] === BRACE_CLOSE ? start + 1 : start, bytes.length)
}

/** Where the list of `{"events":[…]}` begins, behind its `[`; -1: the object is none such. */
function findEnvelopeList(bytes: Uint8Array, start: number): number {
  const key = skipBlanks(bytes, start + 1)
  for (let index = 0; index < EVENTS_KEY.length; index += 1) {
    if (bytes[key + index] !== EVENTS_KEY[index]) return -1
  }
  const colon = skipBlanks(bytes, key + EVENTS_KEY.length)
  if (bytes[colon] !== COLON) return -1
  const list = skipBlanks(bytes, colon + 1)
  if (bytes[list] !== BRACKET_OPEN) return -1
  // With more members it is an event that has a field of this name.
  const end = findValueEnd(bytes, list)
  return end !== -1 && bytes[skipBlanks(bytes, end)] === COMMA ? -1 : list + 1
}

/** One past the bracket that closes the one at `start`; -1: none does. */
function findValueEnd(bytes: Uint8Array, start: number): number {
  let depth = 0
  for (let index = start; index < bytes.length; index += 1) {
    const byte = bytes[index] as number
    if (byte === QUOTE) index = skipString(bytes, index)
    else if (byte === BRACE_OPEN || byte === BRACKET_OPEN) depth += 1
    else if (byte === BRACE_CLOSE || byte === BRACKET_CLOSE) {
      depth -= 1
      if (depth === 0) return index + 1
    }
  }
  return -1
}

/** The `,` or `]` that ends a list's element, or the end of the bytes. */
function findElementEnd(bytes: Uint8Array, start: number): number {
  let depth = 0
  for (let index = start; index < bytes.length; index += 1) {
    const byte = bytes[index] as number
    if (byte === QUOTE) index = skipString(bytes, index)
    else if (byte === BRACE_OPEN || byte === BRACKET_OPEN) depth += 1
    else if (depth === 0 && (byte === COMMA || byte === BRACKET_CLOSE)) return index
    else if (byte === BRACE_CLOSE || byte === BRACKET_CLOSE) depth = Math.max(0, depth - 1)
  }
  return bytes.length
}

/** The closing quote of the string that opens at `start`, or the end of the bytes. */
function skipString(bytes: Uint8Array, start: number): number {
  for (let index = start + 1; index < bytes.length; index += 1) {
    const byte = bytes[index] as number
    if (byte === QUOTE) return index
    if (byte === BACKSLASH) index += 1
  }
  return bytes.length
}

function trim(bytes: Uint8Array, from: number, to: number): Uint8Array {
  let start = from
  while (start < to && isBlank(bytes[start])) start += 1
  let end = to
  while (end > start && isBlank(bytes[end - 1])) end -= 1
  return bytes.subarray(start, end)
}

function skipBlanks(bytes: Uint8Array, start: number): number {
  let index = start
  while (index < bytes.length && isBlank(bytes[index])) index += 1
  return index
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === LF || byte === CR || byte === TAB
}
