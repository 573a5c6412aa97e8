/**
 * The lake as queries see it: one view per event type, with the columns of its Parquet files (see
 * model/lake-columns.ts) and the date of the folder that a file is in.
 */
import type { Catalog } from '../../model/catalog.ts'
import { lakeColumnsOf } from '../../model/lake-columns.ts'

export interface LakeViewColumn {
  readonly name: string
  /** As DuckDB writes it. */
  readonly type: string
}

export interface LakeView {
  readonly type: string
  /** Its name in SQL: lower-case letters, digits and `_`. */
  readonly name: string
  /** Its folder in the lake. */
  readonly path: string
  readonly columns: readonly LakeViewColumn[]
}

/** Of the path: the UTC date of the event. The type is the view's own. */
const EVENT_DATE: LakeViewColumn = { name: 'event_date', type: 'VARCHAR' }

/** The views of all event types of a catalog, in its order. */
export function toLakeViews(catalog: Pick<Catalog, 'events'>): readonly LakeView[] {
  const names = new Set<string>()
  return catalog.events.map((schema, index) => {
    const plain = `lake_${schema.name.toLowerCase().replaceAll(/\W/g, '_')}`
    const name = names.has(plain) ? `${plain}_${index}` : plain
    names.add(name)
    const columns = lakeColumnsOf(schema)
      .filter(column => column.name !== 'event_type')
      .map(column => ({ name: column.name, type: column.type }))
    const path = `events/event_type=${schema.name}`
    return { type: schema.name, name, path, columns: [...columns, EVENT_DATE] }
  })
}
