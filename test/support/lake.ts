/**
 * A lake of what the oracle accepted, in the layout that docs/reference tells, written by DuckDB's
 * own COPY: so a test of what reads a lake needs nothing of what writes one.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { EventSchema } from '../../src/model/event.ts'
import type { LakeColumn } from '../../src/model/lake-columns.ts'
import { hasMoney, lakeColumnsOf } from '../../src/model/lake-columns.ts'
import type { Judged, OracleEvent, Value } from '../oracle/judge.ts'
import { toText } from '../oracle/number.ts'

type Cell = string | number | boolean | null

/** Writes `directory`/events/…; types without events have no folder. */
export async function writeLake(
  directory: string,
  judged: readonly Judged[],
  schemas: readonly EventSchema[],
): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  await mkdir(join(directory, 'events'), { recursive: true })
  for (const schema of schemas) {
    const lines = judged.flatMap(one => toLine(schema, one))
    if (lines.length === 0) continue
    const columns = [...lakeColumnsOf(schema), { name: 'event_date', type: 'VARCHAR' }]
    const types = columns.map(({ name, type }) => `"${name}": '${type}'`).join(', ')
    const file = join(directory, 'lines.ndjson')
    await writeFile(file, `${lines.join('\n')}\n`)
    const path = join(directory, 'events', `event_type=${schema.name}`)
    await connection.run(
      `COPY (SELECT * FROM read_json('${file}', format = 'newline_delimited', columns = {${types}}))
       TO '${path}' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (event_date))`,
    )
    await rm(file)
  }
  connection.closeSync()
  instance.closeSync()
}

function toLine(schema: EventSchema, { record, verdict }: Judged): readonly string[] {
  if (verdict.kind !== 'accepted' || verdict.event.type !== schema.name) return []
  const { event } = verdict
  const time = new Date(event.timeMs).toISOString()
  const cells: Record<string, Cell> = {
    event_date: time.slice(0, 10),
    event_type: event.type,
    timestamp_ms: event.timeMs,
    timestamp: time.slice(0, -1).replace('T', ' '),
    currency: hasMoney(schema) ? event.currency : null,
    data_currency: toCell(event.fields.get('data.currency')),
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    arrival_ms: record.arrivalMs,
    misplaced: false,
  }
  for (const name of ['event_id', 'user_id', 'session_id'])
    cells[name] = toCell(event.fields.get(name))
  for (const column of lakeColumnsOf(schema)) addField(cells, column, event)
  return [JSON.stringify(cells)]
}

function addField(cells: Record<string, Cell>, column: LakeColumn, event: OracleEvent): void {
  const { source, name } = column
  if (source.kind !== 'field') return
  const value = event.fields.get(`data.${source.name}`)
  const isMoney = source.field.kind === 'money'
  cells[name] = isMoney && typeof value === 'object' ? String(value.units) : toCell(value)
}

function toCell(value: Value | undefined): Cell {
  if (value === undefined) return null
  return typeof value === 'object' ? toText(value.units, value.scale) : value
}
