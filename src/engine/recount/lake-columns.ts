/**
 * Rows of the lake as columns: what a recount reads of the files of one event type, by SQL, and the
 * columns that the aggregators take, as a scan gives them. Texts are encoded again, since keys and
 * ids are made of their bytes.
 */
import type { Catalog } from '../../model/catalog.ts'
import { CURRENCY_CODES } from '../../model/currency.ts'
import type { EventSchema } from '../../model/event.ts'
import { lakeColumnOf } from '../../model/lake-columns.ts'
import type { ColumnRef } from '../../model/plan.ts'
import { present } from '../../std/assert.ts'
import type { Columns, FieldColumn, NumberColumn, TextColumn } from '../scan/scanner.ts'
import { DIALECTS } from '../sql/dialect.ts'
import type { LakeView } from '../sql/lake-names.ts'

/** Values of a chunk of rows, by the column of the query. */
export type LakeChunk = readonly (readonly unknown[])[]

export interface LakeReader {
  /** Asks for all rows of the view in the order of offsets; they are of one partition. */
  readonly sql: string
  /** The columns of a chunk; they hold until the next. */
  toColumns(chunk: LakeChunk): LakeRows
}

export interface LakeRows {
  readonly columns: Columns
  /** 1 where the user does not belong in the partition. */
  readonly misplaced: Uint8Array
}

/** What stands before the fields; `event_id` is asked for only where a metric names it. */
const HEAD_COUNT = 5

export function createLakeReader(
  catalog: Pick<Catalog, 'events' | 'currency'>,
  view: LakeView,
  { wanted, hasEventId }: { readonly wanted: readonly ColumnRef[]; readonly hasEventId: boolean },
): LakeReader {
  const { quote } = DIALECTS.duckdb
  const schema = present(
    catalog.events.find(one => one.name === view.type),
    `the schema of ${view.type}`,
  )
  const head = [
    quote('user_id'),
    hasEventId ? quote('event_id') : 'NULL',
    `CAST(${quote('timestamp_ms')} AS DOUBLE)`,
    quote('currency'),
    `CAST(${quote('misplaced')} AS INTEGER)`,
  ]
  const fields = wanted.map(ref => toFieldSql(schema, ref))
  const columns = [...head, ...fields].join(', ')
  const ownCurrency = CURRENCY_CODES.indexOf(catalog.currency)
  return {
    sql: `SELECT ${columns} FROM ${view.name} ORDER BY ${quote('offset')}`,
    toColumns: chunk => toRows(chunk, wanted, ownCurrency),
  }
}

/** Texts as they are, all else as doubles, which are exact: units are below 2^53. */
function toFieldSql(schema: EventSchema, { path, type }: ColumnRef): string {
  // The view has the files of one type, and no column of it.
  if (path === 'event_type') return DIALECTS.duckdb.text(schema.name)
  const column = present(lakeColumnOf(schema, path) ?? undefined, `the column of ${path}`)
  const name = DIALECTS.duckdb.quote(column.name)
  switch (type.kind) {
    case 'text':
      return name
    case 'decimal': {
      const exact = `CAST(${name} AS DECIMAL(38, ${type.scale}))`
      // Through its digits: a product would have to be rounded, or not fit.
      return `CAST(replace(CAST(${exact} AS VARCHAR), '.', '') AS DOUBLE)`
    }
    case 'boolean':
      return `CAST(CAST(${name} AS INTEGER) AS DOUBLE)`
    default:
      return `CAST(${name} AS DOUBLE)`
  }
}

const encoder = new TextEncoder()
/** A UTF-16 unit is three bytes at most. */
const UNIT_BYTES_MAX = 3

function toRows(chunk: LakeChunk, wanted: readonly ColumnRef[], ownCurrency: number): LakeRows {
  const [users = [], eventIds = [], times = [], currencies = [], misplaced = []] = chunk
  const rowCount = users.length
  const texts = [users, eventIds]
  wanted.forEach(({ type }, index) => {
    if (type.kind === 'text') texts.push(chunk[HEAD_COUNT + index] ?? [])
  })
  const bytes = new Uint8Array(texts.reduce((sum, values) => sum + sizeOf(values), 0))
  let end = 0
  const toText = (values: readonly unknown[]): TextColumn => {
    const column = { kind: 'text', start: noneOf(rowCount), end: noneOf(rowCount) } as const
    for (let row = 0; row < rowCount; row += 1) {
      const value = values[row]
      if (typeof value !== 'string') continue
      column.start[row] = end
      end += encoder.encodeInto(value, bytes.subarray(end)).written
      column.end[row] = end
    }
    return column
  }
  const columns: Columns = {
    rowCount,
    skippedCount: 0,
    gapCount: 0,
    bytes,
    offset: new Float64Array(0),
    arrivalMs: new Float64Array(0),
    valid: new Uint8Array(rowCount).fill(1),
    timeMs: toNumbers(times),
    userId: toText(users),
    eventId: toText(eventIds),
    currency: Uint16Array.from(currencies, code => toCurrency(code, ownCurrency)),
    fields: wanted.map(({ type }, index): FieldColumn => {
      const values = chunk[HEAD_COUNT + index] ?? []
      return type.kind === 'text' ? toText(values) : toNumberColumn(values)
    }),
    invalids: [],
    slowCount: 0,
  }
  return { columns, misplaced: Uint8Array.from(misplaced, value => (value === 1 ? 1 : 0)) }
}

function toNumberColumn(values: readonly unknown[]): NumberColumn {
  return { kind: 'number', values: toNumbers(values) }
}

/** NaN where there is none; never -0, which a text of digits may come to. */
function toNumbers(values: readonly unknown[]): Float64Array {
  return Float64Array.from(values, value => (typeof value === 'number' ? value + 0 : Number.NaN))
}

function toCurrency(code: unknown, own: number): number {
  return typeof code === 'string' ? CURRENCY_CODES.indexOf(code) : own
}

function sizeOf(values: readonly unknown[]): number {
  let size = 0
  for (const value of values) if (typeof value === 'string') size += value.length * UNIT_BYTES_MAX
  return size
}

/** Starts and ends of texts that are missing. */
function noneOf(rowCount: number): Int32Array {
  return new Int32Array(rowCount).fill(-1)
}
