/**
 * Appending: rows go into the database as chunks of typed columns, never as SQL. Counts and
 * instants go as doubles, which hold them exactly, and become integers in the database: a BigInt
 * for each would be garbage.
 */
import type { DuckDBType, DuckDBValue } from '@duckdb/node-api'
import { BLOB, blobValue, DOUBLE, HUGEINT, INTEGER, VARCHAR } from '@duckdb/node-api'
import type { PartialBatch, PartialColumn } from '../../model/partial.ts'
import type { Reject } from '../../model/step.ts'
import { present, unreachable } from '../../std/assert.ts'
import type { Lateness } from '../lateness.ts'
import type { Appenders, Column } from './database/appenders.ts'
import type { MetricTables } from './tables/schema.ts'

/** Appends a batch of partials of a shard; `appenders` then has it to flush. */
export async function appendPartials(
  appenders: Appenders,
  tables: Pick<MetricTables, 'recent' | 'sets'>,
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
    ofNumber(row => lateness?.[row]?.late ?? 0),
    ofNumber(row => lateness?.[row]?.revision ?? 0),
  ]
  const currency: Column = { type: VARCHAR, at: row => batch.currency?.[row] ?? null }
  const measures = batch.measures.flatMap(toColumns)
  const columns = [...place, currency, ...tallies, ...measures]
  await appenders.append(tables.recent, { rowCount: batch.rowCount, columns })
  for (const [index, column] of batch.measures.entries()) {
    if (column.kind !== 'set') continue
    await appendSet(appenders, present(tables.sets, 'the table of sets'), { place, index, column })
  }
}

/** How many rows a batch is, in all tables of its metric. */
export function countAppended({ rowCount, measures }: PartialBatch): number {
  const sets = measures.map(column => (column.kind === 'set' ? column.rows.length : 0))
  return sets.reduce((sum, count) => sum + count, rowCount)
}

export async function appendRejects(
  appenders: Appenders,
  rejects: readonly Reject[],
): Promise<void> {
  const of = (type: DuckDBType, pick: (reject: Reject) => DuckDBValue): Column => ({
    type,
    at: row => pick(present(rejects[row], 'a reject')),
  })
  const columns = [
    of(VARCHAR, reject => reject.topic),
    of(INTEGER, reject => reject.partition),
    of(DOUBLE, reject => reject.offset),
    of(DOUBLE, reject => reject.arrivalMs),
    of(VARCHAR, reject => reject.code),
    of(VARCHAR, reject => reject.pointer),
    of(BLOB, reject => (reject.key === null ? null : blobValue(reject.key))),
    of(BLOB, reject => (reject.value === null ? null : blobValue(reject.value))),
    of(VARCHAR, reject => reject.file),
    of(DOUBLE, reject => reject.line),
  ]
  await appenders.append('rejects', { rowCount: rejects.length, columns })
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
  appenders: Appenders,
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
  await appenders.append(table, { rowCount: rows.length, columns })
}

/** Any bijection of 128 bits would do: only equality counts. */
function toHugeInt(view: DataView, position: number): bigint {
  return (view.getBigInt64(position + 8, true) << 64n) | view.getBigUint64(position, true)
}

function ofNumbers(values: Float64Array): Column {
  return ofNumber(row => values[row] ?? 0)
}

function ofNumber(at: (row: number) => number | null): Column {
  return { type: DOUBLE, at }
}

/** Those of `all` are NULL. */
function ofInstants(values: Float64Array): Column {
  return ofNumber(row => {
    const instant = values[row] ?? 0
    return Number.isFinite(instant) ? instant : null
  })
}
