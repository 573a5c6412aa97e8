/** Decimals as integers of a scale: 12.50 at scale 2 is 1250n. No doubles anywhere near a sum. */

/** `(1250n, 2)` to `'12.50'`, `(-5n, 2)` to `'-0.05'`, `(7n, 0)` to `'7'`. */
export function toDecimalText(units: bigint, scale: number): string {
  if (scale === 0) return units.toString()
  const sign = units < 0n ? '-' : ''
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0')
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** numerator / denominator, rounded half away from zero. The denominator is positive. */
export function divideRounded(numerator: bigint, denominator: bigint): bigint {
  const magnitude = numerator < 0n ? -numerator : numerator
  const quotient = (2n * magnitude + denominator) / (2n * denominator)
  return numerator < 0n ? -quotient : quotient
}

/** Decimals of a ratio that is not of money. */
export const RATIO_SCALE = 6

/**
 * `numerator / denominator` of two counts or decimals as text with six decimals; null over zero.
 */
export function toRatioText(
  numerator: { readonly units: bigint; readonly scale: number },
  denominator: { readonly units: bigint; readonly scale: number },
): string | null {
  if (denominator.units === 0n) return null
  const sign = denominator.units < 0n ? -1n : 1n
  const top = sign * numerator.units * 10n ** BigInt(RATIO_SCALE + denominator.scale)
  const bottom = sign * denominator.units * 10n ** BigInt(numerator.scale)
  return toDecimalText(divideRounded(top, bottom), RATIO_SCALE)
}
