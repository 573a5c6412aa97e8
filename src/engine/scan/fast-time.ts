/**
 * Timestamps by day-number arithmetic: the fast path's `parseTimestamp`, and equal to it. Events
 * come in order, more or less, so the day of the last date is remembered by its ten bytes.
 *
 * Hot: `as number` stands on typed arrays whose index is checked, or whose memory has slack.
 */
import { TIME_MS_MAX, TIME_MS_MIN } from '../../model/time.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../std/units.ts'
import { BAIL, QUOTE } from './fast-value.ts'
import type { Memory } from './walk.ts'

export interface TimeReader {
  /** The words of the last date: `2024`, `-09-`, `03`. */
  readonly date: Int32Array
  /** [0]: midnight of the last date. [1]: the time read last. In ms since the epoch. */
  readonly timeMs: Float64Array
}

const MIDNIGHT = 0
export const RESULT = 1
const MINUS = 0x2d
const PLUS = 0x2b
const POINT = 0x2e
const COLON = 0x3a
const LETTER_T = 0x54
const LETTER_Z = 0x5a
const DATE_SIZE = 10
const FRACTION_DIGITS_MAX = 9
const MONTH_DAYS = Uint8Array.of(0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
/** Not two digits. Adding up, it stays past every limit. */
const NO_DIGITS = 1000

export function createTimeReader(): TimeReader {
  // No two bytes make -1: the first date is always read.
  return { date: Int32Array.of(0, 0, -1), timeMs: new Float64Array(2) }
}

/** Reads a quoted timestamp at `from` into `reader.timeMs[RESULT]`. */
export function readTime(reader: TimeReader, memory: Memory, from: number): number {
  const { bytes, view } = memory
  const start = from + 1
  if (bytes[from] !== QUOTE || !readDate(reader, memory, start)) return BAIL
  if (bytes[start + 10] !== LETTER_T || bytes[start + 13] !== COLON) return BAIL
  if (bytes[start + 16] !== COLON) return BAIL
  const hour = readPair(view, start + 11)
  const minute = readPair(view, start + 14)
  const second = readPair(view, start + 17)
  if (hour > 23 || minute > 59 || second > 59) return BAIL
  const midnight = reader.timeMs[MIDNIGHT] as number
  reader.timeMs[RESULT] = midnight + hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS
  let pos = start + 19
  if (bytes[pos] === POINT) pos = readFraction(reader, bytes, pos + 1)
  pos = bytes[pos] === LETTER_Z ? pos + 1 : readOffset(reader, memory, pos)
  if (pos < 0) return BAIL
  const timeMs = reader.timeMs[RESULT] as number
  if (timeMs < TIME_MS_MIN || timeMs > TIME_MS_MAX) return BAIL
  return bytes[pos] === QUOTE ? pos + 1 : BAIL
}

function readDate(reader: TimeReader, memory: Memory, start: number): boolean {
  const { view } = memory
  const { date } = reader
  const word0 = view.getInt32(start, true)
  const word1 = view.getInt32(start + 4, true)
  const word2 = view.getUint16(start + 8, true)
  if (word0 === date[0] && word1 === date[1] && word2 === date[2]) return true
  const midnight = toMidnight(memory, start)
  if (midnight === null) return false
  date[0] = word0
  date[1] = word1
  date[2] = word2
  reader.timeMs[MIDNIGHT] = midnight
  return true
}

/** The instant at which a date of `DATE_SIZE` bytes begins in UTC; null where it is none. */
function toMidnight({ bytes, view }: Memory, start: number): number | null {
  if (bytes[start + 4] !== MINUS || bytes[start + DATE_SIZE - 3] !== MINUS) return null
  const year = readPair(view, start) * 100 + readPair(view, start + 2)
  const month = readPair(view, start + 5)
  const day = readPair(view, start + 8)
  if (year > 9999 || month < 1 || month > 12 || day < 1) return null
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const days = month === 2 && isLeap ? 29 : (MONTH_DAYS[month] as number)
  if (day > days) return null
  return toDayNumber(year, month, day) * DAY_MS
}

/**
 * Days since 1970-01-01 in the proleptic Gregorian calendar ("days_from_civil", Howard Hinnant,
 * chrono-Compatible Low-Level Date Algorithms); years 0 to 9999.
 */
function toDayNumber(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year + 399 : year + 400 // 400 years on, so that nothing is negative
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  const leapDays = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100)
  return (era - 1) * 146_097 + yearOfEra * 365 + leapDays + dayOfYear - 719_468
}

/** Two digits; NO_DIGITS or more where they are not. */
function readPair(view: DataView, pos: number): number {
  const pair = view.getUint16(pos, true) - 0x3030
  const tens = pair & 0xff
  const ones = pair >> 8
  return tens <= 9 && ones <= 9 && ones >= 0 ? tens * 10 + ones : NO_DIGITS
}

/** One to nine digits; those behind the milliseconds are cut off. */
function readFraction(reader: TimeReader, bytes: Uint8Array, from: number): number {
  let pos = from
  let milliseconds = 0
  let unit = 100
  for (; pos - from < FRACTION_DIGITS_MAX; pos += 1) {
    const digit = (bytes[pos] as number) - 0x30
    if (digit < 0 || digit > 9) break
    milliseconds += digit * unit
    unit = unit === 1 || unit === 0 ? 0 : unit / 10
  }
  reader.timeMs[RESULT] = (reader.timeMs[RESULT] as number) + milliseconds
  // Without a digit: back at the point, which is no zone.
  return pos === from ? from - 1 : pos
}

/** `+HH:MM` or `-HH:MM`. */
function readOffset(reader: TimeReader, { bytes, view }: Memory, pos: number): number {
  const sign = bytes[pos]
  if ((sign !== PLUS && sign !== MINUS) || bytes[pos + 3] !== COLON) return BAIL
  const hours = readPair(view, pos + 1)
  const minutes = readPair(view, pos + 4)
  if (hours > 23 || minutes > 59) return BAIL
  const offsetMs = (hours * 60 + minutes) * MINUTE_MS
  const timeMs = reader.timeMs[RESULT] as number
  reader.timeMs[RESULT] = sign === PLUS ? timeMs - offsetMs : timeMs + offsetMs
  return pos + 6
}
