/** Exact numbers of the oracle: an integer count of 10^-scale, as a BigInt. */

/** No field's bounds have more digits; spares making the number. */
const DIGITS_MAX = 40n

/** `('1.50', 2)` to 150n; or why the number is no such count. */
export function toUnits(digits: string, scale: number): bigint | 'too_precise' | 'out_of_range' {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(digits) ?? []
  const all = (whole + fraction).replace(/^0+/, '')
  const significant = withoutLastZeros(all)
  if (significant === '') return 0n
  // The number is ±significant × 10^power, and the last digit of `significant` is not 0.
  const power = BigInt(exponent) + BigInt(all.length - significant.length - fraction.length + scale)
  if (power < 0n) return 'too_precise'
  if (BigInt(significant.length) + power > DIGITS_MAX) return 'out_of_range'
  return BigInt(sign + significant) * 10n ** power
}

/** `(1250n, 2)` to `'12.50'`. */
export function toText(units: bigint, scale: number): string {
  const sign = units < 0n ? '-' : ''
  const digits = String(units)
    .replace('-', '')
    .padStart(scale + 1, '0')
  const point = digits.length - scale
  return sign + digits.slice(0, point) + (scale === 0 ? '' : `.${digits.slice(point)}`)
}

/** top / bottom, rounded to an integer, half away from zero. The bottom is not 0. */
export function roundedQuotient(top: bigint, bottom: bigint): bigint {
  const negative = top < 0n !== bottom < 0n
  const [high, low] = [top < 0n ? -top : top, bottom < 0n ? -bottom : bottom]
  const down = high / low
  const rounded = (high % low) * 2n >= low ? down + 1n : down
  return negative ? -rounded : rounded
}

function withoutLastZeros(digits: string): string {
  let end = digits.length
  while (digits[end - 1] === '0') end -= 1
  return digits.slice(0, end)
}
