/**
 * Strings, where they stand in an event. A zero byte stands behind every event, and no JSON has
 * one, so nothing here needs to look for its end. Blocks of 16 bytes are read past it, but what
 * stands there is never looked at, since the zero stops first.
 */
import { BAIL, Slot } from './layout'
import { setTail, tail } from './memory'

export const QUOTE: u32 = 0x22
export const BACKSLASH: u32 = 0x5c
const LETTER_U: u32 = 0x75

/** Which of the 16 bytes are a quote, a backslash, a control or not ASCII. */
export function oddsOf(pos: usize): i32 {
  const block = v128.load(pos)
  const marks = v128.or(i8x16.eq(block, i8x16.splat(0x22)), i8x16.eq(block, i8x16.splat(0x5c)))
  // Signed: all that is not ASCII is below zero.
  return i8x16.bitmask(v128.or(marks, i8x16.lt_s(block, i8x16.splat(0x20))))
}

/** The first such byte from `pos` on. */
export function skipPlain(from: usize): usize {
  let pos = from
  let odds = oddsOf(pos)
  while (odds === 0) {
    pos += 16
    odds = oddsOf(pos)
  }
  return pos + ctz(odds)
}

/** Any string, from its quote. */
export function skipString(from: usize): usize {
  if (load<u8>(from) !== QUOTE) return BAIL
  const pos = skipPlain(from + 1)
  return load<u8>(pos) === QUOTE ? pos + 1 : skipRare(pos)
}

/** The rest of a string with escapes or other letters than ASCII's. */
function skipRare(from: usize): usize {
  let pos = from
  while (true) {
    const byte: u32 = load<u8>(pos)
    if (byte === QUOTE) return pos + 1
    if (byte >= 0x80) pos = skipUtf8(pos)
    else if (byte === BACKSLASH) pos = skipEscape(pos)
    else if (byte >= 0x20) pos = skipPlain(pos)
    else return BAIL
    if (pos === BAIL) return BAIL
  }
}

/** One escape, or two that make a surrogate pair. */
function skipEscape(pos: usize): usize {
  switch (load<u8>(pos, 1)) {
    case 0x22:
    case 0x5c:
    case 0x2f: // slash
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return pos + 2
    case 0x75:
      return skipUnit(pos)
    default:
      return BAIL
  }
}

function skipUnit(pos: usize): usize {
  const unit = readHex(pos + 2)
  if (unit < 0) return BAIL
  if (unit < 0xd800 || unit > 0xdfff) return pos + 6
  if (unit > 0xdbff || load<u8>(pos, 6) !== BACKSLASH || load<u8>(pos, 7) !== LETTER_U) return BAIL
  const low = readHex(pos + 8)
  return low >= 0xdc00 && low <= 0xdfff ? pos + 12 : BAIL
}

/** Four hex digits; negative where they are not. */
function readHex(pos: usize): i32 {
  let value = 0
  for (let index: usize = 0; index < 4; index += 1) {
    const byte: u32 = load<u8>(pos + index)
    const digit = byte - 0x30
    const letter = (byte | 0x20) - 0x61
    if (digit <= 9) value = value * 16 + digit
    else if (letter <= 5) value = value * 16 + letter + 10
    else return -1
  }
  return value
}

/** One well-formed UTF-8 sequence that is not ASCII (Unicode 16, table 3-7). */
function skipUtf8(pos: usize): usize {
  const lead: u32 = load<u8>(pos)
  const second: u32 = load<u8>(pos, 1)
  if (lead >= 0xc2 && lead <= 0xdf) return isTrail(second) ? pos + 2 : BAIL
  if (!isTrail(second) || !isTrail(load<u8>(pos, 2))) return BAIL
  if (lead >= 0xe0 && lead <= 0xef) {
    const isOverlong = lead === 0xe0 && second < 0xa0
    const isSurrogate = lead === 0xed && second > 0x9f
    return isOverlong || isSurrogate ? BAIL : pos + 3
  }
  if (lead < 0xf0 || lead > 0xf4 || !isTrail(load<u8>(pos, 3))) return BAIL
  const isOverlong = lead === 0xf0 && second < 0x90
  return isOverlong || (lead === 0xf4 && second > 0x8f) ? BAIL : pos + 4
}

function isTrail(byte: u32): bool {
  return (byte & 0xc0) === 0x80
}

/** A quoted string into the slot. */
export function readText(slot: Slot, from: usize): usize {
  if (load<u8>(from) !== QUOTE) return BAIL
  const start = from + 1
  const end = skipPlain(start)
  if (load<u8>(end) !== QUOTE) return readRareText(slot, start, end)
  slot.start = start
  slot.end = end
  return end + 1
}

/** Text that is not plain ASCII, which it is up to `odd`. With escapes it is decoded, if needed. */
function readRareText(slot: Slot, start: usize, odd: usize): usize {
  const next = skipRare(odd)
  if (next === BAIL) return BAIL
  const end = next - 1
  slot.start = start
  slot.end = end
  if (!slot.isKept || !hasEscape(odd, end)) return next
  slot.start = tail
  decodeText(start, end)
  slot.end = tail
  return next
}

function hasEscape(start: usize, end: usize): bool {
  for (let pos = start; pos < end; pos += 1) if (load<u8>(pos) === BACKSLASH) return true
  return false
}

/** Appends the text of the inside of a string that `skipString` has passed. */
function decodeText(start: usize, end: usize): void {
  for (let pos = start; pos < end; ) {
    const byte: u32 = load<u8>(pos)
    if (byte === BACKSLASH) pos = decodeEscape(pos)
    else {
      append(byte)
      pos += 1
    }
  }
}

function append(byte: u32): void {
  store<u8>(tail, byte)
  setTail(tail + 1)
}

function decodeEscape(pos: usize): usize {
  const letter: u32 = load<u8>(pos, 1)
  if (letter !== LETTER_U) {
    append(toEscaped(letter))
    return pos + 2
  }
  const unit = readHex(pos + 2)
  if (unit < 0xd800 || unit > 0xdfff) {
    appendCodePoint(unit)
    return pos + 6
  }
  const low = readHex(pos + 8)
  appendCodePoint(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
  return pos + 12
}

/** What the letters of short escapes stand for; the others stand for themselves. */
function toEscaped(letter: u32): u32 {
  switch (letter) {
    case 0x62:
      return 0x08
    case 0x66:
      return 0x0c
    case 0x6e:
      return 0x0a
    case 0x72:
      return 0x0d
    case 0x74:
      return 0x09
    default:
      return letter
  }
}

function appendCodePoint(point: u32): void {
  if (point < 0x80) {
    append(point)
    return
  }
  if (point < 0x800) append(0xc0 | (point >> 6))
  else {
    if (point < 0x10000) append(0xe0 | (point >> 12))
    else {
      append(0xf0 | (point >> 18))
      append(0x80 | ((point >> 12) & 0x3f))
    }
    append(0x80 | ((point >> 6) & 0x3f))
  }
  append(0x80 | (point & 0x3f))
}
