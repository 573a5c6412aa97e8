/**
 * A strict JSON reader over UTF-8 bytes (RFC 8259). It accepts exactly what `JSON.parse` accepts of
 * the decoded text, but keeps what JSON.parse throws away: where each value stands, every member of
 * an object in order (duplicate keys too), the digits of numbers. It tells four faults apart, and
 * works off an explicit stack, so that nesting costs no call depth.
 */
import { isUtf8 } from 'node:buffer'
import { fromUtf8 } from './bytes.ts'

/** `start` and `end` enclose the value's bytes, quotes and brackets included. */
interface Span {
  readonly start: number
  readonly end: number
}

export interface JsonMember {
  /** Decoded. */
  readonly key: string
  readonly value: JsonValue
}

export interface JsonObject extends Span {
  readonly kind: 'object'
  /** In order; of several with one key, JSON.parse takes the last. */
  readonly members: readonly JsonMember[]
}

export interface JsonArray extends Span {
  readonly kind: 'array'
  readonly items: readonly JsonValue[]
}

export interface JsonScalar extends Span {
  readonly kind: 'string' | 'number' | 'true' | 'false' | 'null'
}

export type JsonValue = JsonObject | JsonArray | JsonScalar

export type JsonReading =
  | { readonly kind: 'ok'; readonly root: JsonValue }
  /** What is no JSON has no tree. */
  | { readonly kind: 'fault'; readonly code: 'not_utf8' | 'not_json'; readonly root: null }
  /** What goes against our limits has one all the same. */
  | {
      readonly kind: 'fault'
      readonly code: 'too_deep' | 'lone_surrogate'
      readonly root: JsonValue
    }

/** A container that is still open, with the key that its next value goes under. */
interface Frame {
  readonly kind: 'object' | 'array'
  readonly start: number
  readonly members: JsonMember[]
  readonly items: JsonValue[]
  key: string
}

interface Reader {
  readonly bytes: Uint8Array
  pos: number
  depthMost: number
  isLone: boolean
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const MINUS = 0x2d
const OBJECT_OPEN = 0x7b
const OBJECT_CLOSE = 0x7d
const ARRAY_OPEN = 0x5b
const ARRAY_CLOSE = 0x5d
const COMMA = 0x2c
const COLON = 0x3a
const LITERALS = ['true', 'false', 'null'] as const
/** What may follow a backslash, `u` apart: " \ / b f n r t */
const ESCAPES: ReadonlySet<number> = new Set([0x22, 0x5c, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74])

/**
 * Reads `bytes` as one JSON value. Of several faults the first of not_utf8, not_json, too_deep
 * (more than `depthMax` objects and arrays within one another), lone_surrogate is told.
 */
export function readJson(bytes: Uint8Array, depthMax: number): JsonReading {
  if (!isUtf8(bytes)) return { kind: 'fault', code: 'not_utf8', root: null }
  const reader: Reader = { bytes, pos: 0, depthMost: 0, isLone: false }
  const root = readTree(reader)
  skipSpace(reader)
  if (root === null || reader.pos !== bytes.length) {
    return { kind: 'fault', code: 'not_json', root: null }
  }
  if (reader.depthMost > depthMax) return { kind: 'fault', code: 'too_deep', root }
  if (reader.isLone) return { kind: 'fault', code: 'lone_surrogate', root }
  return { kind: 'ok', root }
}

/** The text of a string that `readJson` found in `bytes`. */
export function toStringText(bytes: Uint8Array, value: JsonScalar): string {
  const inner = bytes.subarray(value.start + 1, value.end - 1)
  if (!inner.includes(BACKSLASH)) return fromUtf8(inner)
  // The token is known to be a JSON string; its escapes are decoded by the one who knows them best.
  return String(JSON.parse(fromUtf8(bytes.subarray(value.start, value.end))))
}

/** The member of that key that counts: the last one; null where there is none. */
export function findMember(object: JsonObject, key: string): JsonValue | null {
  return object.members.findLast(member => member.key === key)?.value ?? null
}

/** Reads one value; null where there is none. Ifs in the order of the grammar, no recursion. */
function readTree(reader: Reader): JsonValue | null {
  const open: Frame[] = []
  for (;;) {
    const frame = openFrame(reader)
    if (frame !== null) {
      open.push(frame)
      reader.depthMost = Math.max(reader.depthMost, open.length)
      if (!isClosedNext(reader, frame)) {
        if (frame.kind === 'object' && !readKey(reader, frame)) return null
        continue
      }
    }
    let value: JsonValue | null = frame === null ? readScalar(reader) : null
    if (frame === null && value === null) return null
    // A value is complete, or (null) the innermost container closes: go outwards as far as can be.
    for (;;) {
      if (value === null) value = closeFrame(reader, open.pop() as Frame)
      const parent = open.at(-1)
      if (parent === undefined) return value
      addValue(parent, value)
      const after = readSeparator(reader, parent)
      if (after === 'fault') return null
      if (after === 'more') break
      value = null
    }
  }
}

function openFrame(reader: Reader): Frame | null {
  skipSpace(reader)
  const byte = reader.bytes[reader.pos]
  if (byte !== OBJECT_OPEN && byte !== ARRAY_OPEN) return null
  const kind = byte === OBJECT_OPEN ? 'object' : 'array'
  const start = reader.pos
  reader.pos += 1
  return { kind, start, members: [], items: [], key: '' }
}

function isClosedNext(reader: Reader, frame: Frame): boolean {
  skipSpace(reader)
  return reader.bytes[reader.pos] === (frame.kind === 'object' ? OBJECT_CLOSE : ARRAY_CLOSE)
}

/** Takes the closing bracket. */
function closeFrame(reader: Reader, frame: Frame): JsonValue {
  reader.pos += 1
  const { kind, start, members, items } = frame
  const end = reader.pos
  return kind === 'object' ? { kind, start, end, members } : { kind, start, end, items }
}

function addValue(frame: Frame, value: JsonValue): void {
  if (frame.kind === 'object') frame.members.push({ key: frame.key, value })
  else frame.items.push(value)
}

/** After a value: a comma (and in an object the next key), or the closing bracket, not taken. */
function readSeparator(reader: Reader, frame: Frame): 'more' | 'closed' | 'fault' {
  if (isClosedNext(reader, frame)) return 'closed'
  if (reader.bytes[reader.pos] !== COMMA) return 'fault'
  reader.pos += 1
  if (frame.kind === 'object' && !readKey(reader, frame)) return 'fault'
  return 'more'
}

function readKey(reader: Reader, frame: Frame): boolean {
  skipSpace(reader)
  const key = readString(reader)
  if (key === null) return false
  skipSpace(reader)
  if (reader.bytes[reader.pos] !== COLON) return false
  reader.pos += 1
  frame.key = toStringText(reader.bytes, key)
  return true
}

function readScalar(reader: Reader): JsonScalar | null {
  const byte = reader.bytes[reader.pos]
  if (byte === QUOTE) return readString(reader)
  if (byte === MINUS || isDigit(byte)) return readNumber(reader)
  for (const kind of LITERALS) if (takeWord(reader, kind)) return toScalar(reader, kind)
  return null
}

function toScalar(reader: Reader, kind: 'true' | 'false' | 'null'): JsonScalar {
  return { kind, start: reader.pos - kind.length, end: reader.pos }
}

function takeWord(reader: Reader, word: string): boolean {
  for (let index = 0; index < word.length; index += 1) {
    if (reader.bytes[reader.pos + index] !== word.charCodeAt(index)) return false
  }
  reader.pos += word.length
  return true
}

function readString(reader: Reader): JsonScalar | null {
  const { bytes } = reader
  const start = reader.pos
  if (bytes[start] !== QUOTE) return null
  let hasUnicodeEscape = false
  let pos = start + 1
  for (; bytes[pos] !== QUOTE; pos += 1) {
    const byte = bytes[pos]
    if (byte === undefined || byte < 0x20) return null
    if (byte !== BACKSLASH) continue
    pos += 1
    if (bytes[pos] === 0x75) {
      if (!isHex(bytes, pos + 1)) return null
      hasUnicodeEscape = true
      pos += 4
    } else if (!ESCAPES.has(bytes[pos] ?? 0)) return null
  }
  reader.pos = pos + 1
  const value: JsonScalar = { kind: 'string', start, end: reader.pos }
  // Valid UTF-8 holds no surrogates: only escapes can make one.
  if (hasUnicodeEscape && !toStringText(bytes, value).isWellFormed()) reader.isLone = true
  return value
}

function isHex(bytes: Uint8Array, start: number): boolean {
  for (let pos = start; pos < start + 4; pos += 1) {
    const byte = bytes[pos] ?? 0
    const lower = byte | 0x20
    if (!isDigit(byte) && !(lower >= 0x61 && lower <= 0x66)) return false
  }
  return true
}

/** `-`? (`0` | [1-9] digits) (`.` digits)? ([eE] [+-]? digits)? */
function readNumber(reader: Reader): JsonScalar | null {
  const { bytes } = reader
  const start = reader.pos
  if (bytes[reader.pos] === MINUS) reader.pos += 1
  const isZero = bytes[reader.pos] === 0x30
  const wholeDigits = takeDigits(reader)
  if (wholeDigits === 0 || (isZero && wholeDigits > 1)) return null
  if (bytes[reader.pos] === 0x2e) {
    reader.pos += 1
    if (takeDigits(reader) === 0) return null
  }
  if (((bytes[reader.pos] ?? 0) | 0x20) === 0x65) {
    reader.pos += 1
    if (bytes[reader.pos] === 0x2b || bytes[reader.pos] === MINUS) reader.pos += 1
    if (takeDigits(reader) === 0) return null
  }
  return { kind: 'number', start, end: reader.pos }
}

function takeDigits(reader: Reader): number {
  const start = reader.pos
  while (isDigit(reader.bytes[reader.pos])) reader.pos += 1
  return reader.pos - start
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}

function skipSpace(reader: Reader): void {
  for (;;) {
    const byte = reader.bytes[reader.pos]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return
    reader.pos += 1
  }
}
