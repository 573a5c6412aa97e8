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

/** A count where there is little room: `940`, `12.4k`, `3.1M`. */
export function toShortText(count: number): string {
  if (Math.abs(count) < 10_000) return groupDigits(String(Math.round(count)))
  const [size, unit] = SHORT_UNITS.find(([least]) => Math.abs(count) >= least) ?? [1, '']
  return `${(count / size).toFixed(count / size >= 100 ? 0 : 1)}${unit}`
}

const SHORT_UNITS = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const

/** Bytes in the largest binary unit that fits: `217 MiB`. */
export function toSizeText(bytes: number): string {
  const power = Math.min(4, Math.max(0, Math.floor(Math.log2(Math.max(bytes, 1)) / 10)))
  const value = bytes / 1024 ** power
  return `${value.toFixed(value >= 100 || power === 0 ? 0 : 1)}\u202f${SIZE_UNITS[power]}`
}

const SIZE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const
