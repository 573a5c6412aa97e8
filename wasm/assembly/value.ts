/** Values that are not known but must be JSON all the same, and the space between values. */
import { BAIL } from './layout'
import { QUOTE, skipString } from './text'

export const COMMA: u32 = 0x2c
export const COLON: u32 = 0x3a
export const OBJECT_OPEN: u32 = 0x7b
export const OBJECT_CLOSE: u32 = 0x7d
export const ARRAY_OPEN: u32 = 0x5b
export const ARRAY_CLOSE: u32 = 0x5d
export const MINUS: u32 = 0x2d
export const POINT: u32 = 0x2e
export const ZERO: u32 = 0x30
export const LETTER_E: u32 = 0x65
/** `true`, `fals`, `null` as little-endian words. */
export const WORD_TRUE: u32 = 0x65757274
export const WORD_FALS: u32 = 0x736c6166
export const WORD_NULL: u32 = 0x6c6c756e

/** Objects and arrays in one another that an event may have. */
export let depthMax: i32 = 0

export function setDepthMax(depth: i32): void {
  depthMax = depth
}

export function skipSpace(from: usize): usize {
  let pos = from
  while (true) {
    const byte: u32 = load<u8>(pos)
    if (byte > 0x20) return pos
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return pos
    pos += 1
  }
}

/** Any value, inside `depth` objects and arrays. */
export function skipValue(from: usize, depth: i32): usize {
  const byte: u32 = load<u8>(from)
  if (byte === QUOTE) return skipString(from)
  if (byte === OBJECT_OPEN || byte === ARRAY_OPEN) {
    return depth >= depthMax ? BAIL : skipContainer(from, depth + 1)
  }
  const word = load<u32>(from)
  if (word === WORD_TRUE || word === WORD_NULL) return from + 4
  if (word === WORD_FALS) return load<u8>(from, 4) === LETTER_E ? from + 5 : BAIL
  return skipNumber(from)
}

function skipContainer(from: usize, depth: i32): usize {
  const isObject = load<u8>(from) === OBJECT_OPEN
  const close = isObject ? OBJECT_CLOSE : ARRAY_CLOSE
  let pos = skipSpace(from + 1)
  if (load<u8>(pos) === close) return pos + 1
  while (true) {
    if (isObject) pos = skipKey(pos)
    if (pos === BAIL) return BAIL
    pos = skipValue(pos, depth)
    if (pos === BAIL) return BAIL
    pos = skipSpace(pos)
    const byte: u32 = load<u8>(pos)
    if (byte === close) return pos + 1
    if (byte !== COMMA) return BAIL
    pos = skipSpace(pos + 1)
  }
}

/** A key and its colon, to the first byte of the value. */
function skipKey(from: usize): usize {
  const end = skipString(from)
  return end === BAIL ? BAIL : skipColon(end)
}

export function skipColon(from: usize): usize {
  const pos = skipSpace(from)
  return load<u8>(pos) === COLON ? skipSpace(pos + 1) : BAIL
}

function skipNumber(from: usize): usize {
  let pos = load<u8>(from) === MINUS ? from + 1 : from
  const whole = pos
  pos = skipDigits(pos)
  if (pos === whole || (load<u8>(whole) === ZERO && pos > whole + 1)) return BAIL
  if (load<u8>(pos) === POINT) {
    const fraction = pos + 1
    pos = skipDigits(fraction)
    if (pos === fraction) return BAIL
  }
  if ((<u32>load<u8>(pos) | 0x20) !== LETTER_E) return pos
  pos += 1
  if (load<u8>(pos) === 0x2b || load<u8>(pos) === MINUS) pos += 1
  const exponent = pos
  pos = skipDigits(pos)
  return pos === exponent ? BAIL : pos
}

function skipDigits(from: usize): usize {
  let pos = from
  while (<u32>load<u8>(pos) - ZERO <= 9) pos += 1
  return pos
}
