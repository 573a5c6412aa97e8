/**
 * The columns of the lake, told by the event schema: what the archive writes, and what SQL over the
 * lake reads. One type of event, one list of columns; names and types are those of the Parquet
 * files, in their order. docs/reference/lake.md tells the same to readers.
 *
 * Money stands in minor units of the row's currency, in a column `<name>_units`: a DECIMAL of one
 * scale could not hold yen and dinars. Decimals stand as what they are.
 */
import type { EventSchema } from './event.ts'
import type { Field } from './field.ts'

/** As DuckDB writes the type; `DECIMAL(38,s)` has a scale of 0..9. */
export type LakeType =
  | 'VARCHAR'
  | 'BIGINT'
  | 'INTEGER'
  | 'BOOLEAN'
  | 'TIMESTAMP'
  | 'BLOB'
  | `DECIMAL(38,${number})`

/** Where a column's value comes from. */
export type LakeSource =
  /** A part of the envelope or of the record, by the column's own name. */
  | { readonly kind: 'envelope' }
  /** A declared field of `data`. */
  | { readonly kind: 'field'; readonly name: string; readonly field: Field }

export interface LakeColumn {
  readonly name: string
  readonly type: LakeType
  readonly source: LakeSource
}

/** What stands before the fields of `data`. */
const HEAD: readonly LakeColumn[] = [
  envelope('event_id', 'VARCHAR'),
  envelope('event_type', 'VARCHAR'),
  envelope('user_id', 'VARCHAR'),
  envelope('session_id', 'VARCHAR'),
  envelope('timestamp_ms', 'BIGINT'),
  // UTC, without a zone; milliseconds.
  envelope('timestamp', 'TIMESTAMP'),
  // Of amounts: the event's, else the config's; null in types without money.
  envelope('currency', 'VARCHAR'),
  // What the event itself says in data.currency; null where it does not.
  envelope('data_currency', 'VARCHAR'),
]

/** What stands after them. */
const TAIL: readonly LakeColumn[] = [
  envelope('extra', 'VARCHAR'),
  envelope('topic', 'VARCHAR'),
  envelope('partition', 'INTEGER'),
  envelope('offset', 'BIGINT'),
  envelope('arrival_ms', 'BIGINT'),
  envelope('misplaced', 'BOOLEAN'),
]

/** Names that stand in the path of a file, which readers make columns of. */
const PATH_NAMES = ['event_type', 'event_date']

/** The columns of rejects: invalid records with their original bytes. */
export const REJECT_COLUMNS: readonly LakeColumn[] = [
  envelope('topic', 'VARCHAR'),
  envelope('partition', 'INTEGER'),
  envelope('offset', 'BIGINT'),
  envelope('arrival_ms', 'BIGINT'),
  envelope('code', 'VARCHAR'),
  envelope('pointer', 'VARCHAR'),
  envelope('key', 'BLOB'),
  envelope('value', 'BLOB'),
  envelope('file', 'VARCHAR'),
  envelope('line', 'BIGINT'),
]

/**
 * The columns of an event type, in order. Readers take names without regard to case, so a field
 * whose name is taken already, by the envelope or a field before it, gets `data_` before it, until
 * it is free.
 */
export function lakeColumnsOf(schema: EventSchema): readonly LakeColumn[] {
  const taken = new Set([...PATH_NAMES, ...[...HEAD, ...TAIL].map(column => column.name)])
  const fields = Object.entries(schema.data).map(([name, field]): LakeColumn => {
    let column = field.kind === 'money' ? `${name}_units` : name
    while (taken.has(column.toLowerCase())) column = `data_${column}`
    taken.add(column.toLowerCase())
    return { name: column, type: toLakeType(field), source: { kind: 'field', name, field } }
  })
  return [...HEAD, ...fields, ...TAIL]
}

/** The column of a field as metrics name it (`user_id`, `data.price`); null: there is none. */
export function lakeColumnOf(schema: EventSchema, path: string): LakeColumn | null {
  const columns = lakeColumnsOf(schema)
  if (path === 'data.currency') return columns.find(one => one.name === 'data_currency') ?? null
  const name = path.startsWith('data.') ? path.slice('data.'.length) : null
  const found = columns.find(({ name: column, source }) =>
    source.kind === 'field' ? source.name === name : column === path,
  )
  return found ?? null
}

/** Whether events of the type carry amounts, and so a currency. */
export function hasMoney(schema: EventSchema): boolean {
  return Object.values(schema.data).some(field => field.kind === 'money')
}

function envelope(name: string, type: LakeType): LakeColumn {
  return { name, type, source: { kind: 'envelope' } }
}

function toLakeType(field: Field): LakeType {
  switch (field.kind) {
    case 'string':
    // A list stands as its JSON text.
    case 'list':
      return 'VARCHAR'
    case 'integer':
    case 'money':
      return 'BIGINT'
    case 'decimal':
      return `DECIMAL(38,${field.scale})`
    case 'boolean':
      return 'BOOLEAN'
  }
}
