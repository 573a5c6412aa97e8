/** Appending: rows go into the database as chunks of typed columns, never as SQL. */
import type { DuckDBConnection, DuckDBType, DuckDBValue } from '@duckdb/node-api'
import {
  BIGINT,
  BLOB,
  blobValue,
  DuckDBDataChunk,
  HUGEINT,
  INTEGER,
  VARCHAR,
} from '@duckdb/node-api'
import type { PartialBatch, PartialColumn } from '../../model/partial.ts'
import type { Reject } from '../../model/step.ts'
import { present, unreachable } from '../../std/assert.ts'
import type { Lateness } from '../lateness.ts'
import type { MetricTables } from './schema.ts'

/** Rows of a chunk at most: DuckDB's vector size. */
const CHUNK_ROWS = 2048

/** A column to append: what stands in a row. */
interface Column {
  readonly type: DuckDBType
  readonly at: (row: number) => DuckDBValue
}

/** Appends a batch of partials of a shard, within the caller's transaction. */
export async function appendPartials(
  connection: DuckDBConnection,
  tables: MetricTables,
  rows: {
    readonly shard: number
    readonly batch: PartialBatch
    readonly lateness: readonly Lateness[] | null
  },
): Promise<void> {
  const { batch, lateness } = rows
  const place = placeColumns(rows.shard, batch)
  const tallies = [
    ofNumbers(batch.events),
    ofNumbers(batch.misplaced),
    ofCount(row => lateness?.[row]?.late ?? 0),
    ofCount(row => lateness?.[row]?.revision ?? 0),
  ]
  const currency: Column = { type: VARCHAR, at: row => batch.currency?.[row] ?? null }
  const measures = batch.measures.flatMap(toColumns)
  const columns = [...place, currency, ...tallies, ...measures]
  await appendRows(connection, tables.rows, { rowCount: batch.rowCount, columns })
  for (const [index, column] of batch.measures.entries()) {
    if (column.kind !== 'set') continue
    await appendSet(connection, present(tables.sets, 'the table of sets'), { place, index, column })
  }
}

export async function appendRejects(
  connection: DuckDBConnection,
  rejects: readonly Reject[],
): Promise<void> {
  const of = (type: DuckDBType, pick: (reject: Reject) => DuckDBValue): Column => ({
    type,
    at: row => pick(present(rejects[row], 'a reject')),
  })
  const columns = [
    of(VARCHAR, reject => reject.topic),
    of(INTEGER, reject => reject.partition),
    of(BIGINT, reject => BigInt(reject.offset)),
    of(BIGINT, reject => BigInt(reject.arrivalMs)),
    of(VARCHAR, reject => reject.code),
    of(VARCHAR, reject => reject.pointer),
    of(BLOB, reject => (reject.key === null ? null : blobValue(reject.key))),
    of(BLOB, reject => (reject.value === null ? null : blobValue(reject.value))),
    of(VARCHAR, reject => reject.file),
    of(BIGINT, reject => (reject.line === null ? null : BigInt(reject.line))),
  ]
  await appendRows(connection, 'rejects', { rowCount: rejects.length, columns })
}

function placeColumns(shard: number, batch: PartialBatch): readonly Column[] {
  return [
    { type: INTEGER, at: () => shard },
    ofInstants(batch.windowStart),
    ofInstants(batch.windowEnd),
    ...batch.keys.map((values): Column => ({ type: VARCHAR, at: row => values[row] ?? null })),
  ]
}

function toColumns(column: PartialColumn): readonly Column[] {
  switch (column.kind) {
    case 'count':
      return [ofNumbers(column.values)]
    case 'sum':
      return [{ type: HUGEINT, at: row => column.values[row] ?? 0n }, ofNumbers(column.carriers)]
    case 'min':
    case 'max':
      return [{ type: HUGEINT, at: row => column.values[row] ?? null }]
    case 'set':
    case 'none':
      return []
    default:
      return unreachable(column)
  }
}

async function appendSet(
  connection: DuckDBConnection,
  table: string,
  set: {
    readonly place: readonly Column[]
    readonly index: number
    readonly column: Extract<PartialColumn, { kind: 'set' }>
  },
): Promise<void> {
  const { rows, ids } = set.column
  const view = new DataView(ids.buffer, ids.byteOffset, ids.byteLength)
  const columns = [
    ...set.place.map(({ type, at }): Column => ({ type, at: id => at(rows[id] ?? 0) })),
    { type: INTEGER, at: () => set.index },
    { type: HUGEINT, at: (id: number) => toHugeInt(view, id * 16) },
  ]
  await appendRows(connection, table, { rowCount: rows.length, columns })
}

/** Any bijection of 128 bits would do: only equality counts. */
function toHugeInt(view: DataView, position: number): bigint {
  return (view.getBigInt64(position + 8, true) << 64n) | view.getBigUint64(position, true)
}

function ofNumbers(values: readonly number[]): Column {
  return ofCount(row => values[row] ?? 0)
}

function ofCount(at: (row: number) => number): Column {
  return { type: BIGINT, at: row => BigInt(at(row)) }
}

function ofInstants(values: readonly number[]): Column {
  return {
    type: BIGINT,
    at: row => {
      const instant = values[row] ?? 0
      return Number.isFinite(instant) ? BigInt(instant) : null
    },
  }
}

async function appendRows(
  connection: DuckDBConnection,
  table: string,
  rows: { readonly rowCount: number; readonly columns: readonly Column[] },
): Promise<void> {
  if (rows.rowCount === 0) return
  const appender = await connection.createAppender(table)
  const types = rows.columns.map(column => column.type)
  try {
    for (let start = 0; start < rows.rowCount; start += CHUNK_ROWS) {
      const size = Math.min(CHUNK_ROWS, rows.rowCount - start)
      const chunk = DuckDBDataChunk.create(types, size)
      for (const [index, column] of rows.columns.entries()) {
        const vector = chunk.getColumnVector(index)
        for (let row = 0; row < size; row += 1) vector.setItem(row, column.at(start + row))
        vector.flush()
      }
      appender.appendDataChunk(chunk)
    }
  } catch (error) {
    appender.clear()
    throw error
  } finally {
    appender.closeSync()
  }
}
