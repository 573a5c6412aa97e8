/**
 * Numbers of known fields, from their digits: `-12.50` is -1250 with two decimals. Forms that are
 * not plain (exponents, more than fifteen digits) are left to the slow path.
 */
import { ABSENT, BAIL, Program, Slot } from './layout'
import { LETTER_E, MINUS, POINT, ZERO } from './value'

/** Integers of so many digits are exact in a double, and are within the bound of units. */
const DIGITS_MAX: usize = 15
const UNITS_MAX: f64 = 1e15

/** Of the money in lists of the event: the most decimals, and the largest number of its digits. */
let itemDecimalsMost: i32 = 0
let itemDigitsMost: f64 = 0

export function startMoney(): void {
  itemDecimalsMost = 0
  itemDigitsMost = 0
}

/** Reads a number's digits into the slot, as one integer and the count of decimals. */
export function readNumber(slot: Slot, from: usize): usize {
  const isNegative = load<u8>(from) === MINUS
  const start = isNegative ? from + 1 : from
  let pos = start
  // Wraps where there are more than nineteen; those are refused below.
  let digits: u64 = 0
  let byte: u32 = load<u8>(pos)
  for (; byte - ZERO <= 9; byte = load<u8>(pos)) {
    digits = digits * 10 + (byte - ZERO)
    pos += 1
  }
  const wholeCount = pos - start
  if (wholeCount === 0 || (wholeCount > 1 && load<u8>(start) === ZERO)) return BAIL
  let decimals: usize = 0
  if (byte === POINT) {
    const fraction = pos + 1
    pos = fraction
    for (byte = load<u8>(pos); byte - ZERO <= 9; byte = load<u8>(pos)) {
      digits = digits * 10 + (byte - ZERO)
      pos += 1
    }
    decimals = pos - fraction
    if (decimals === 0) return BAIL
  }
  if ((byte | 0x20) === LETTER_E || wholeCount + decimals > DIGITS_MAX) return BAIL
  const value = <f64>digits
  slot.number = isNegative ? 0 - value : value // never -0
  slot.decimals = <i32>decimals
  return pos
}

/** An integer within the slot's bounds. */
export function readInteger(slot: Slot, from: usize): usize {
  const pos = readNumber(slot, from)
  if (pos === BAIL || slot.decimals !== 0) return BAIL
  return slot.number < slot.min || slot.number > slot.max ? BAIL : pos
}

/** A decimal, in units of the slot's scale. */
export function readDecimal(slot: Slot, from: usize): usize {
  const pos = readNumber(slot, from)
  return pos !== BAIL && toUnits(slot, slot.scale) ? pos : BAIL
}

/** Money in a list: what matters is only whether the event's currency can hold it. */
export function readItemMoney(slot: Slot, from: usize): usize {
  const pos = readNumber(slot, from)
  if (pos === BAIL) return BAIL
  itemDecimalsMost = max(itemDecimalsMost, slot.decimals)
  itemDigitsMost = max(itemDigitsMost, abs(slot.number))
  return pos
}

/** Once the currency is known, all money becomes minor units; false: some of it is not certain. */
export function settleMoney(program: Program, serial: u64, scale: i32): bool {
  const end = program.money + 4 * <usize>program.moneyCount
  for (let at = program.money; at < end; at += 4) {
    const slot = changetype<Slot>(load<usize>(at))
    if (slot.seenAt === serial && slot.start !== ABSENT && !toUnits(slot, scale)) return false
  }
  // Stricter than need be, for the digits may all stand behind the point: the slow path decides.
  return itemDecimalsMost <= scale && itemDigitsMost * powerOfTen(scale) <= UNITS_MAX
}

/** Brings a slot's digits to units of 10^-scale; false: more decimals, or too many. */
function toUnits(slot: Slot, scale: i32): bool {
  const missing = scale - slot.decimals
  if (missing < 0) return false
  // Exact: a product that would not be is far beyond the bound.
  const units = slot.number * powerOfTen(missing)
  slot.number = units
  return units <= UNITS_MAX && units >= -UNITS_MAX
}

/** Powers up to fifteen: no scale is larger. */
function powerOfTen(power: i32): f64 {
  let value: u64 = 1
  for (let index = 0; index < power; index += 1) value *= 10
  return <f64>value
}
