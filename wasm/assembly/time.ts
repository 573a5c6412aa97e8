/**
 * Timestamps by day-number arithmetic, equal to `parseTimestamp` of the model. Events come in
 * order, more or less, so the minute of the last one is remembered by its sixteen bytes.
 */
import { BAIL, Slot } from './layout'
import { QUOTE } from './text'
import { COLON, MINUS, POINT } from './value'

const PLUS: u32 = 0x2b
const LETTER_T: u32 = 0x54
const LETTER_Z: u32 = 0x5a
/** `Z"`, little-endian. */
const Z_QUOTE: u32 = 0x225a
const FRACTION_DIGITS_MAX: usize = 9
const SECOND_MS: i64 = 1000
const MINUTE_MS: i64 = 60 * SECOND_MS
const HOUR_MS: i64 = 60 * MINUTE_MS
const DAY_MS: i64 = 24 * HOUR_MS
/** Not two digits. Adding up, it stays past every limit. */
const NO_DIGITS: u32 = 1000

/** `1970-01-01T00:00`: a true one from the start, for any sixteen bytes can stand in an event. */
let minuteText: v128 = i32x4(0x30373931, 0x2d31302d, 0x30543130, 0x30303a30)
let minuteMs: i64 = 0

let timeMsMin: i64 = 0
let timeMsMax: i64 = 0

export function setTimeBounds(min: f64, max: f64): void {
  timeMsMin = <i64>min
  timeMsMax = <i64>max
}

/** Reads a quoted timestamp into the slot, in ms since the epoch. */
export function readTime(slot: Slot, from: usize): usize {
  const start = from + 1
  if (load<u8>(from) !== QUOTE || !findMinute(start)) return BAIL
  const second = readPair(start + 17)
  if (load<u8>(start, 16) !== COLON || second > 59) return BAIL
  const timeMs = minuteMs + <i64>second * SECOND_MS
  const pos = start + 19
  if (load<u16>(pos) !== Z_QUOTE) return readRest(slot, pos, timeMs)
  slot.number = <f64>timeMs
  return timeMs >= timeMsMin && timeMs <= timeMsMax ? pos + 2 : BAIL
}

/** Makes the minute at `start` the one that is remembered; false: it is none. */
function findMinute(start: usize): bool {
  const text = v128.load(start)
  if (i8x16.all_true(i8x16.eq(text, minuteText))) return true
  const hour = readPair(start + 11)
  const minute = readPair(start + 14)
  if (load<u8>(start, 10) !== LETTER_T || load<u8>(start, 13) !== COLON) return false
  if (hour > 23 || minute > 59) return false
  const year = readPair(start) * 100 + readPair(start + 2)
  const month = readPair(start + 5)
  const day = readPair(start + 8)
  if (load<u8>(start, 4) !== MINUS || load<u8>(start, 7) !== MINUS) return false
  if (year > 9999 || month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return false
  minuteText = text
  minuteMs = toDayNumber(year, month, day) * DAY_MS + <i64>hour * HOUR_MS + <i64>minute * MINUTE_MS
  return true
}

/** Two digits; NO_DIGITS or more where they are not. */
function readPair(pos: usize): u32 {
  const tens = <u32>load<u8>(pos) - 0x30
  const ones = <u32>load<u8>(pos, 1) - 0x30
  return tens <= 9 && ones <= 9 ? tens * 10 + ones : NO_DIGITS
}

function daysOf(year: u32, month: u32): u32 {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
}

/**
 * Days since 1970-01-01 in the proleptic Gregorian calendar ("days_from_civil", Howard Hinnant,
 * chrono-Compatible Low-Level Date Algorithms); years 0 to 9999.
 */
function toDayNumber(year: u32, month: u32, day: u32): i64 {
  const shifted = month <= 2 ? year + 399 : year + 400 // 400 years on, so that nothing is negative
  const era = shifted / 400
  const yearOfEra = shifted - era * 400
  const dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
  const leapDays = yearOfEra / 4 - yearOfEra / 100
  return <i64>era * 146097 + <i64>(yearOfEra * 365 + leapDays + dayOfYear) - 719468 - 146097
}

/** A fraction, if there is one, and the zone. */
function readRest(slot: Slot, from: usize, wholeMs: i64): usize {
  let pos = from
  let timeMs = wholeMs
  if (load<u8>(pos) === POINT) {
    const start = pos + 1
    let unit = 100
    for (pos = start; pos - start < FRACTION_DIGITS_MAX; pos += 1) {
      const digit = <u32>load<u8>(pos) - 0x30
      if (digit > 9) break
      timeMs += digit * unit
      unit /= 10 // 0 behind the milliseconds: those digits are cut off
    }
    if (pos === start) return BAIL
  }
  if (load<u8>(pos) === LETTER_Z) pos += 1
  else {
    const offset = readOffset(pos)
    if (offset === NO_OFFSET) return BAIL
    timeMs -= offset
    pos += 6
  }
  slot.number = <f64>timeMs
  const isIn = timeMs >= timeMsMin && timeMs <= timeMsMax
  return isIn && load<u8>(pos) === QUOTE ? pos + 1 : BAIL
}

const NO_OFFSET: i64 = i64.MAX_VALUE

/** `+HH:MM` or `-HH:MM` in ms. */
function readOffset(pos: usize): i64 {
  const sign: u32 = load<u8>(pos)
  if ((sign !== PLUS && sign !== MINUS) || load<u8>(pos, 3) !== COLON) return NO_OFFSET
  const hours = readPair(pos + 1)
  const minutes = readPair(pos + 4)
  if (hours > 23 || minutes > 59) return NO_OFFSET
  const offset = <i64>hours * HOUR_MS + <i64>minutes * MINUTE_MS
  return sign === PLUS ? offset : -offset
}
