/**
 * Values of an event, read from bytes where they stand: strings, numbers, times, and what is not
 * known but must be JSON all the same. Each function takes the position of a value's first byte and
 * gives the one behind its last, or BAIL: the slow path then tells what the matter is. A zero byte
 * stands behind every event, so nothing here needs to look for its end.
 *
 * Hot: `as number` stands on typed arrays whose index is checked, or whose memory has slack.
 */
import { EVENT_DEPTH_MAX } from '../../model/event.ts'
import type { Memory } from './walk.ts'

export const BAIL = -1

export const QUOTE = 0x22
export const BACKSLASH = 0x5c
export const COMMA = 0x2c
export const COLON = 0x3a
export const OBJECT_OPEN = 0x7b
export const OBJECT_CLOSE = 0x7d
export const ARRAY_OPEN = 0x5b
export const ARRAY_CLOSE = 0x5d
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const LETTER_E = 0x65
const LETTER_U = 0x75
/** `true`, `fals`, `null` as little-endian words. */
export const WORD_TRUE = 0x65757274
export const WORD_FALS: number = 0x736c6166
export const WORD_NULL = 0x6c6c756e

/** The first byte from `pos` on that is a quote, a backslash, a control or not ASCII. */
export function skipPlain(view: DataView, from: number): number {
  for (let pos = from; ; pos += 4) {
    // Four bytes at a time: each term sets the high bit of a byte that is one of those, and of none
    // before it (a borrow only runs upwards, from such a byte).
    const word = view.getInt32(pos, true)
    const hit =
      (word |
        (word - 0x20202020) |
        ((word ^ 0x22222222) - 0x01010101) |
        ((word ^ 0x5c5c5c5c) - 0x01010101)) &
      0x80808080
    if (hit !== 0) return pos + ((31 - Math.clz32(hit & -hit)) >> 3)
  }
}

export function skipSpace(bytes: Uint8Array, from: number): number {
  let pos = from
  for (;;) {
    const byte = bytes[pos] as number
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09))
      return pos
    pos += 1
  }
}

/** Any string; `pos` stands at its quote. */
export function skipString(memory: Memory, from: number): number {
  const { bytes, view } = memory
  if (bytes[from] !== QUOTE) return BAIL
  let pos = from + 1
  for (;;) {
    pos = skipPlain(view, pos)
    const byte = bytes[pos] as number
    if (byte === QUOTE) return pos + 1
    if (byte === BACKSLASH) pos = skipEscape(bytes, pos)
    else if (byte >= 0x80) pos = skipUtf8(bytes, pos)
    else return BAIL
    if (pos < 0) return BAIL
  }
}

/** One escape, or two that make a surrogate pair. */
export function skipEscape(bytes: Uint8Array, pos: number): number {
  switch (bytes[pos + 1]) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f: // slash
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return pos + 2
    case LETTER_U:
      return skipUnit(bytes, pos)
    default:
      return BAIL
  }
}

function skipUnit(bytes: Uint8Array, pos: number): number {
  const unit = readHex(bytes, pos + 2)
  if (unit < 0) return BAIL
  if (unit < 0xd800 || unit > 0xdfff) return pos + 6
  if (unit > 0xdbff || bytes[pos + 6] !== BACKSLASH || bytes[pos + 7] !== LETTER_U) return BAIL
  const low = readHex(bytes, pos + 8)
  return low >= 0xdc00 && low <= 0xdfff ? pos + 12 : BAIL
}

/** Four hex digits; negative where they are not. */
export function readHex(bytes: Uint8Array, pos: number): number {
  let value = 0
  for (let index = 0; index < 4; index += 1) {
    const byte = bytes[pos + index] as number
    const digit = byte - ZERO
    const letter = (byte | 0x20) - 0x61
    if (digit >= 0 && digit <= 9) value = value * 16 + digit
    else if (letter >= 0 && letter <= 5) value = value * 16 + letter + 10
    else return BAIL
  }
  return value
}

/** One well-formed UTF-8 sequence that is not ASCII (Unicode 16, table 3-7). */
export function skipUtf8(bytes: Uint8Array, pos: number): number {
  const lead = bytes[pos] as number
  const second = bytes[pos + 1] as number
  if (lead >= 0xc2 && lead <= 0xdf) return isTrail(second) ? pos + 2 : BAIL
  if (!isTrail(second) || !isTrail(bytes[pos + 2] as number)) return BAIL
  if (lead >= 0xe0 && lead <= 0xef) {
    const isOverlong = lead === 0xe0 && second < 0xa0
    const isSurrogate = lead === 0xed && second > 0x9f
    return isOverlong || isSurrogate ? BAIL : pos + 3
  }
  if (lead < 0xf0 || lead > 0xf4 || !isTrail(bytes[pos + 3] as number)) return BAIL
  const isOverlong = lead === 0xf0 && second < 0x90
  return isOverlong || (lead === 0xf4 && second > 0x8f) ? BAIL : pos + 4
}

function isTrail(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}

/** Any value, of an unknown key, inside `depth` objects and arrays. */
export function skipValue(memory: Memory, from: number, depth: number): number {
  const { bytes, view } = memory
  const byte = bytes[from] as number
  switch (byte) {
    case QUOTE:
      return skipString(memory, from)
    case OBJECT_OPEN:
    case ARRAY_OPEN:
      return depth >= EVENT_DEPTH_MAX ? BAIL : skipContainer(memory, from, depth + 1)
    case 0x74:
      return view.getInt32(from, true) === WORD_TRUE ? from + 4 : BAIL
    case 0x6e:
      return view.getInt32(from, true) === WORD_NULL ? from + 4 : BAIL
    case 0x66:
      return view.getInt32(from, true) === WORD_FALS && bytes[from + 4] === LETTER_E
        ? from + 5
        : BAIL
    default:
      return skipNumber(bytes, from)
  }
}

function skipContainer(memory: Memory, from: number, depth: number): number {
  const { bytes } = memory
  const isObject = bytes[from] === OBJECT_OPEN
  const close = isObject ? OBJECT_CLOSE : ARRAY_CLOSE
  let pos = skipSpace(bytes, from + 1)
  if (bytes[pos] === close) return pos + 1
  for (;;) {
    if (isObject) pos = skipKey(memory, pos)
    if (pos < 0) return BAIL
    pos = skipValue(memory, pos, depth)
    if (pos < 0) return BAIL
    pos = skipSpace(bytes, pos)
    if (bytes[pos] === close) return pos + 1
    if (bytes[pos] !== COMMA) return BAIL
    pos = skipSpace(bytes, pos + 1)
  }
}

/** A key and its colon, to the first byte of the value. */
export function skipKey(memory: Memory, from: number): number {
  const { bytes } = memory
  const end = skipString(memory, from)
  if (end < 0) return BAIL
  const pos = skipSpace(bytes, end)
  return bytes[pos] === COLON ? skipSpace(bytes, pos + 1) : BAIL
}

function skipNumber(bytes: Uint8Array, from: number): number {
  let pos = bytes[from] === MINUS ? from + 1 : from
  const whole = pos
  pos = skipDigits(bytes, pos)
  if (pos === whole || (bytes[whole] === ZERO && pos > whole + 1)) return BAIL
  if (bytes[pos] === POINT) {
    const fraction = pos + 1
    pos = skipDigits(bytes, fraction)
    if (pos === fraction) return BAIL
  }
  if (((bytes[pos] as number) | 0x20) !== LETTER_E) return pos
  pos += 1
  if (bytes[pos] === 0x2b || bytes[pos] === MINUS) pos += 1
  const exponent = pos
  pos = skipDigits(bytes, exponent)
  return pos === exponent ? BAIL : pos
}

function skipDigits(bytes: Uint8Array, from: number): number {
  let pos = from
  while (isDigit(bytes[pos] as number)) pos += 1
  return pos
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39
}
