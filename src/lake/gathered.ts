/**
 * What is gathered of a range, and how the columns of its files are made of it: what is the same in
 * all rows is not gathered, and units become decimals in SQL.
 */
import type { Place } from '../model/archive.ts'
import type { EventSchema } from '../model/event.ts'
import type { LakeColumn } from '../model/lake-columns.ts'
import { hasMoney, lakeColumnsOf, REJECT_COLUMNS } from '../model/lake-columns.ts'
import type { ColumnKind } from './columns.ts'

export interface GatheredColumn {
  readonly name: string
  /** null: it is not gathered. */
  readonly kind: ColumnKind | null
  /** SQL of the file's column, over what is gathered; '' where it is in no file. */
  readonly sql: string
}

/** Of accepted events; the last one is the UTC day, in days since the epoch. */
export function eventColumnsOf(schema: EventSchema, place: Place): readonly GatheredColumn[] {
  const constants: { readonly [name: string]: string } = {
    event_type: toLiteral(schema.name),
    topic: toLiteral(place.topic),
    partition: String(place.partition),
    // Milliseconds are gathered once.
    timestamp: 'epoch_ms(CAST(timestamp_ms AS BIGINT))',
    ...(hasMoney(schema) ? {} : { currency: 'NULL' }),
  }
  const columns = lakeColumnsOf(schema).map(column => toGathered(column, constants))
  return [...columns, { name: DAY, kind: 'number', sql: '' }]
}

/** Of the column that files are told apart by. */
export const DAY = 'weir day'

export function rejectColumnsOf(place: Place): readonly GatheredColumn[] {
  const constants = { topic: toLiteral(place.topic), partition: String(place.partition) }
  return REJECT_COLUMNS.map(column => toGathered(column, constants))
}

function toGathered(
  { name, type, source }: LakeColumn,
  constants: { readonly [name: string]: string },
): GatheredColumn {
  const constant = source.kind === 'envelope' ? constants[name] : undefined
  if (constant !== undefined) return { name, kind: null, sql: `CAST(${constant} AS ${type})` }
  const quoted = `"${name}"`
  if (type === 'VARCHAR') return { name, kind: 'text', sql: quoted }
  if (type === 'BLOB') return { name, kind: 'blob', sql: quoted }
  const isDecimal = source.kind === 'field' && source.field.kind === 'decimal'
  const sql = isDecimal ? toDecimalSql(quoted, source.field.scale) : `CAST(${quoted} AS ${type})`
  return { name, kind: 'number', sql }
}

/** Units become a decimal by exact multiplication: a quotient would be a double. */
function toDecimalSql(units: string, scale: number): string {
  const whole = `CAST(CAST(${units} AS BIGINT) AS DECIMAL(18,0))`
  if (scale === 0) return `CAST(${whole} AS DECIMAL(38,0))`
  const unit = `CAST('0.${'1'.padStart(scale, '0')}' AS DECIMAL(${scale + 1},${scale}))`
  return `CAST(${whole} * ${unit} AS DECIMAL(38,${scale}))`
}

function toLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
