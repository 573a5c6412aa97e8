/** JSON numbers by their digits, exactly: no double stands between the text and the units. */
import { assert } from './assert.ts'

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/

/** How many units of 10^-scale there may be, on both sides of zero. */
export interface UnitBounds {
  readonly scale: number
  readonly unitsMax: bigint
}

/**
 * A JSON number as a count of 10^-scale: at scale 2, `1.5`, `1.50` and `15e-1` are 150n. Says
 * `too_precise` of a number that is no whole count, else `out_of_range` of one beyond ±unitsMax.
 * Takes time linear in the text's length, however large the exponent it names.
 */
export function toUnits(text: string, bounds: UnitBounds): bigint | 'too_precise' | 'out_of_range' {
  const match = NUMBER.exec(text)
  assert(match !== null, 'the text is a JSON number')
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match
  const digits = whole + fraction
  const first = firstNonZero(digits)
  if (first === digits.length) return 0n
  const last = lastNonZero(digits)
  const significant = digits.slice(first, last + 1)
  // The value is significant · 10^shift units. An exponent too large for a double is infinite here,
  // and so is the shift: the digits around it are at most as many as the text is long.
  const shift = Number(exponent) + bounds.scale + (whole.length - 1 - last)
  if (shift < 0) return 'too_precise'
  if (significant.length + shift > bounds.unitsMax.toString().length) return 'out_of_range'
  const magnitude = BigInt(significant) * 10n ** BigInt(shift)
  if (magnitude > bounds.unitsMax) return 'out_of_range'
  return sign === '-' ? -magnitude : magnitude
}

// By hand: a regular expression for trailing zeros takes quadratic time on long inner runs.
function firstNonZero(digits: string): number {
  let index = 0
  while (index < digits.length && digits[index] === '0') index += 1
  return index
}

function lastNonZero(digits: string): number {
  let index = digits.length - 1
  while (digits[index] === '0') index -= 1
  return index
}
