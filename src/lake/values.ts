/**
 * Values of an accepted event by their digits: what the checks of the engine have read, read again
 * for a column. Most forms are read in place; the unusual ones as the engine's slow path does.
 *
 * Hot: `as number` stands on bytes within the token.
 */
import { AMOUNT_UNITS_MAX } from '../model/field.ts'
import { parseTimestamp } from '../model/time.ts'
import { fromUtf8 } from '../std/bytes.ts'
import { toUnits } from '../std/json-number.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../std/units.ts'

const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const COLON = 0x3a
const LETTER_T = 0x54
const LETTER_Z = 0x5a
/** So many digits are exact in a double. */
const DIGITS_MAX = 15
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const INTEGER_MAX = BigInt(Number.MAX_SAFE_INTEGER)

/**
 * The JSON number at bytes[start..end) as a count of 10^-scale; NaN where it is none, or no whole
 * count, or beyond the largest: 10^15, of integers 2^53 - 1.
 */
export function readUnits(
  bytes: Uint8Array,
  { start, end }: { readonly start: number; readonly end: number },
  { scale, isInteger }: { readonly scale: number; readonly isInteger: boolean },
): number {
  const isNegative = bytes[start] === MINUS
  let digits = 0
  let units = 0
  let decimals = -1
  for (let pos = isNegative ? start + 1 : start; pos < end; pos += 1) {
    const digit = (bytes[pos] as number) - ZERO
    if (digit >= 0 && digit <= 9) {
      units = units * 10 + digit
      digits += 1
      if (decimals >= 0) decimals += 1
    } else if (bytes[pos] === POINT && decimals < 0) decimals = 0
    else return readUnitsSlowly(fromUtf8(bytes.subarray(start, end)), scale, isInteger)
  }
  const missing = scale - Math.max(0, decimals)
  if (digits === 0 || missing < 0 || digits + missing > DIGITS_MAX) {
    return readUnitsSlowly(fromUtf8(bytes.subarray(start, end)), scale, isInteger)
  }
  units *= 10 ** missing
  return isNegative && units !== 0 ? -units : units
}

function readUnitsSlowly(text: string, scale: number, isInteger: boolean): number {
  if (!NUMBER.test(text)) return Number.NaN
  const units = toUnits(text, { scale, unitsMax: isInteger ? INTEGER_MAX : AMOUNT_UNITS_MAX })
  return typeof units === 'bigint' ? Number(units) : Number.NaN
}

/** Reads timestamps, in ms since the epoch; NaN for what is none. Days are looked up once each. */
export function createTimestampReader(): (bytes: Uint8Array, start: number, end: number) => number {
  let knownDate = -1
  let knownMs = 0
  const dayOf = (date: number): number => {
    if (date === knownDate) return knownMs
    const day = new Date(0)
    day.setUTCFullYear(Math.floor(date / 10_000), (Math.floor(date / 100) % 100) - 1, date % 100)
    knownDate = date
    knownMs = day.getTime()
    return knownMs
  }
  return (bytes, start, end) => {
    const timeMs = readUtc(bytes, start, end, dayOf)
    if (!Number.isNaN(timeMs)) return timeMs
    const token = fromUtf8(bytes.subarray(start, end))
    const text: unknown = token.startsWith('"') ? JSON.parse(token) : null
    return (typeof text === 'string' ? parseTimestamp(text) : null) ?? Number.NaN
  }
}

/** `"YYYY-MM-DDTHH:MM:SS[.f…]Z"` of an event that was accepted, so of a real instant. */
function readUtc(
  bytes: Uint8Array,
  start: number,
  end: number,
  dayOf: (date: number) => number,
): number {
  const at = start + 1
  const isUsual =
    end - start >= 22 &&
    bytes[end - 2] === LETTER_Z &&
    bytes[at + 10] === LETTER_T &&
    bytes[at + 4] === MINUS &&
    bytes[at + 16] === COLON
  if (!isUsual) return Number.NaN
  const two = (place: number): number =>
    ((bytes[at + place] as number) - ZERO) * 10 + (bytes[at + place + 1] as number) - ZERO
  const date = (two(0) * 100 + two(2)) * 10_000 + two(5) * 100 + two(8)
  let timeMs = dayOf(date) + two(11) * HOUR_MS + two(14) * MINUTE_MS + two(17) * SECOND_MS
  let weight = 100
  for (let pos = at + 20; pos < end - 2 && weight >= 1; pos += 1) {
    timeMs += ((bytes[pos] as number) - ZERO) * weight
    weight = Math.floor(weight / 10)
  }
  return timeMs
}

/** The UTC day of an instant, in days since the epoch. */
export function toDay(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS)
}
