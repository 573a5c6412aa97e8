/** Conditions in SQL: a field equals a value, or is not there. A null equals nothing. */
import { toDecimalText } from '../../model/decimal.ts'
import { AMOUNT_UNITS_MAX } from '../../model/field.ts'
import type { Condition } from '../../model/plan.ts'
import type { Dialect } from './dialect.ts'

/** How a field stands in the query around; of `event_type`, a text literal or a column. */
export type Naming = (path: string) => string

/** All of them, joined by AND; there is at least one. */
export function toConditionsSql(
  conditions: readonly Condition[],
  dialect: Dialect,
  naming: Naming,
): string {
  return conditions.map(one => toConditionSql(one, dialect, naming(one.field.path))).join(' AND ')
}

function toConditionSql({ field, value }: Condition, { text }: Dialect, column: string): string {
  if (value === null) return `${column} IS NULL`
  switch (field.type.kind) {
    case 'text':
      return `${column} = ${text(String(value))}`
    case 'boolean':
      return `${column} = ${value === true ? 'TRUE' : 'FALSE'}`
    case 'decimal': {
      const literal = toLiteral(String(value), field.type.scale)
      return literal === null ? 'FALSE' : `${column} = ${literal}`
    }
    default:
      return `${column} = ${String(value)}`
  }
}

/** In the digits of its scale; null for a value that the field cannot have. */
function toLiteral(value: string, scale: number): string | null {
  const [whole = '', digits = ''] = value.split('.')
  const fraction = digits.replace(/0+$/, '').padEnd(scale, '0')
  if (fraction.length > scale) return null
  const units = BigInt(`${whole}${fraction}`)
  const isHeld = units <= AMOUNT_UNITS_MAX && units >= -AMOUNT_UNITS_MAX
  return isHeld ? toDecimalText(units, scale) : null
}
