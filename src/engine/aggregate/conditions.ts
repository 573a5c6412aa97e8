/** `where`: conditions compiled against the columns of a batch. */

import type { Condition } from '../../model/plan.ts'
import { toUtf8 } from '../../std/bytes.ts'
import type { Batch } from './batch.ts'
import { columnOf } from './batch.ts'

/** Bound to a batch, tells of a row of its columns whether all conditions hold. */
export type Matcher = (batch: Batch) => (row: number) => boolean

/** null: there is no condition, and every row matches. */
export function createMatcher(conditions: readonly Condition[]): Matcher | null {
  if (conditions.length === 0) return null
  return batch => {
    const tests = conditions.map(condition => bind(condition, batch))
    return row => tests.every(test => test(row))
  }
}

function bind(condition: Condition, batch: Batch): (row: number) => boolean {
  const { field, value } = condition
  if (field.path === 'event_type') {
    const isEqual = value === batch.eventType
    return () => isEqual
  }
  const column = columnOf(batch, field.path)
  if (column.kind === 'number') {
    const { values } = column
    if (value === null) return row => Number.isNaN(values[row])
    const wanted = toUnits(condition)
    return row => values[row] === wanted
  }
  const { start, end } = column
  if (value === null) return row => (start[row] as number) < 0
  const wanted = toUtf8(String(value))
  const { bytes } = batch.columns
  return row => {
    const from = start[row] as number
    if (from < 0 || (end[row] as number) - from !== wanted.length) return false
    return wanted.every((byte, index) => bytes[from + index] === byte)
  }
}

/**
 * The value in the units of its column, which planMetrics has checked to be of the field's type;
 * NaN, which equals nothing, for a decimal with more digits than the field can have.
 */
function toUnits({ field, value }: Condition): number {
  if (field.type.kind !== 'decimal') return Number(value)
  const { scale } = field.type
  const [whole, digits = ''] = String(value).split('.')
  const fraction = digits.replace(/0+$/, '').padEnd(scale, '0')
  return fraction.length > scale ? Number.NaN : Number(`${whole}${fraction}`)
}
