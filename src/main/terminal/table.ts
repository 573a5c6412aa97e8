/** How answers look on a terminal. */
import type { Value } from '../../model/result.ts'
import { toSafeText } from './terminal.ts'

/** Lines of an aligned table; text from events is made safe for a terminal. */
export function toTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const cells = [head, ...rows].map(row => row.map(toSafeText))
  const widths = head.map((_, column) => Math.max(...cells.map(row => lengthOf(row[column] ?? ''))))
  return cells.map(row =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - lengthOf(cell)))
      .join('  ')
      .trimEnd(),
  )
}

function lengthOf(text: string): number {
  return Array.from(text).length
}

/** A value as people read it: money with its codes, a dash for none. */
export function toValueText(value: Value): string {
  if (value === null) return '–'
  if (typeof value !== 'object') return String(value)
  const amounts = Object.entries(value).map(([code, amount]) => `${amount ?? '–'} ${code}`)
  return amounts.length === 0 ? '–' : amounts.join(' + ')
}
