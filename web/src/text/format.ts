/**
 * Numbers as people read them. Amounts come as decimal strings and stay strings: digits are grouped
 * where they stand, so nothing is rounded on its way to the screen.
 */
import type { Value } from '../../../src/model/result.ts'

const GROUP_SIZE = 3
const MINUS = '\u2212'
/** What stands where there is no value. */
export const NONE = '–'

export interface Amount {
  readonly currency: string
  /** Grouped digits, or NONE. */
  readonly text: string
}

/** `'-1234567.80'` to `'−1,234,567.80'`. Text that is no decimal is given back as it is. */
export function groupDigits(decimal: string): string {
  const match = /^(-?)(\d+)(\.\d+)?$/.exec(decimal)
  if (match === null) return decimal
  const [, sign = '', whole = '', fraction = ''] = match
  const head = whole.length % GROUP_SIZE
  const groups = head === 0 ? [] : [whole.slice(0, head)]
  for (let index = head; index < whole.length; index += GROUP_SIZE) {
    groups.push(whole.slice(index, index + GROUP_SIZE))
  }
  return `${sign === '' ? '' : MINUS}${groups.join(',')}${fraction}`
}

/** A count, or any other plain value of a row. */
export function toCountText(value: Value | undefined): string {
  if (typeof value === 'number') return groupDigits(String(value))
  return typeof value === 'string' ? groupDigits(value) : NONE
}

/** Money by currency code, in the order of the codes; nothing for what is not money. */
export function toAmounts(value: Value | undefined): readonly Amount[] {
  if (value === undefined || value === null || typeof value !== 'object') return []
  return Object.entries(value)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([currency, text]) => ({ currency, text: text === null ? NONE : groupDigits(text) }))
}

/** `part` of `whole`, to hundredths of a percent, halves up; NONE where `whole` is 0. */
export function toPercentText(part: number, whole: number): string {
  if (!(whole > 0)) return NONE
  const hundredths = String(Math.round((part / whole) * 10_000)).padStart(GROUP_SIZE, '0')
  return `${groupDigits(`${hundredths.slice(0, -2)}.${hundredths.slice(-2)}`)}\u202f%`
}
