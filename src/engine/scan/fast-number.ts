/**
 * Numbers of known fields, from their digits: `-12.50` is -1250 with two decimals. Forms that are
 * not plain (exponents, more than fifteen digits) are left to the slow path.
 *
 * Hot: `as number` stands on typed arrays whose index is checked, or whose memory has slack.
 */
import { CURRENCY_CODES, CURRENCY_DECIMALS } from '../../model/currency.ts'
import type { EventScan } from './event-scan.ts'
import { BAIL } from './fast-value.ts'

/** Integers of so many digits are exact in a double, and are within the bound of units. */
const DIGITS_MAX = 15
const UNITS_MAX = 1e15
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const LETTER_E = 0x65
const POWERS_OF_TEN: Float64Array = Float64Array.from({ length: 16 }, (_, power) => 10 ** power)
/** By index into CURRENCY_CODES. */
const DECIMALS: Uint8Array = Uint8Array.from(
  CURRENCY_CODES,
  code => CURRENCY_DECIMALS.get(code) ?? 0,
)

/** Reads a number's digits into the slot, as one integer and the count of decimals. */
export function readNumber(scan: EventScan, slot: number, from: number): number {
  const { bytes } = scan.memory
  const start = bytes[from] === MINUS ? from + 1 : from
  let pos = start
  let digits = 0
  let byte = bytes[pos] as number
  for (; byte >= ZERO && byte <= 0x39; byte = bytes[pos] as number) {
    digits = digits * 10 + (byte - ZERO)
    pos += 1
  }
  const wholeCount = pos - start
  if (wholeCount === 0 || (bytes[start] === ZERO && wholeCount > 1)) return BAIL
  let decimals = 0
  if (byte === POINT) {
    const point = pos
    pos += 1
    for (byte = bytes[pos] as number; byte >= ZERO && byte <= 0x39; byte = bytes[pos] as number) {
      digits = digits * 10 + (byte - ZERO)
      pos += 1
    }
    decimals = pos - point - 1
    if (decimals === 0) return BAIL
  }
  if ((byte | 0x20) === LETTER_E || wholeCount + decimals > DIGITS_MAX) return BAIL
  const { values } = scan.program
  values.number[slot] = start === from ? digits : 0 - digits // never -0
  values.decimals[slot] = decimals
  return pos
}

/** An integer within the slot's bounds. */
export function readInteger(scan: EventScan, slot: number, from: number): number {
  const pos = readNumber(scan, slot, from)
  const { values, slots } = scan.program
  if (pos < 0 || values.decimals[slot] !== 0) return BAIL
  const value = values.number[slot] as number
  return value < (slots.min[slot] as number) || value > (slots.max[slot] as number) ? BAIL : pos
}

/** A decimal, in units of the slot's scale. */
export function readDecimal(scan: EventScan, slot: number, from: number): number {
  const pos = readNumber(scan, slot, from)
  if (pos < 0) return BAIL
  return toUnits(scan, slot, scan.program.slots.scale[slot] as number) ? pos : BAIL
}

/** Money in a list: what matters is only whether the event's currency can hold it. */
export function readItemMoney(scan: EventScan, slot: number, from: number): number {
  const pos = readNumber(scan, slot, from)
  if (pos < 0) return BAIL
  const { values } = scan.program
  const digits = Math.abs(values.number[slot] as number)
  const decimals = values.decimals[slot] as number
  if (decimals > scan.itemDecimalsMost) scan.itemDecimalsMost = decimals
  if (digits > (scan.itemDigitsMost[0] as number)) scan.itemDigitsMost[0] = digits
  return pos
}

/** Once the currency is known, all money becomes minor units; false: some of it is not certain. */
export function settleMoney(scan: EventScan, serial: number): boolean {
  const { moneySlots, values } = scan.program
  const scale = DECIMALS[scan.currency] as number
  for (let index = 0; index < moneySlots.length; index += 1) {
    const slot = moneySlots[index] as number
    if (values.seenAt[slot] !== serial || values.start[slot] === -1) continue
    if (!toUnits(scan, slot, scale)) return false
  }
  // Stricter than need be, for the digits may all stand behind the point: the slow path decides.
  const itemUnitsMost = (scan.itemDigitsMost[0] as number) * (POWERS_OF_TEN[scale] as number)
  return scan.itemDecimalsMost <= scale && itemUnitsMost <= UNITS_MAX
}

/** Brings a slot's digits to units of 10^-scale; false: more decimals, or too many. */
function toUnits(scan: EventScan, slot: number, scale: number): boolean {
  const { values } = scan.program
  const missing = scale - (values.decimals[slot] as number)
  if (missing < 0) return false
  // Exact: a product that would not be is far beyond the bound.
  const units = (values.number[slot] as number) * (POWERS_OF_TEN[missing] as number)
  values.number[slot] = units
  return units <= UNITS_MAX && units >= -UNITS_MAX
}
