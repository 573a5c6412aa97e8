/**
 * Swapping: rows of a range of windows go, and others come, within the caller's transaction. Rows
 * that go leave room that DuckDB uses again; the next compaction rewrites the rest.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { MetricSwap, WindowRange } from '../../model/swap.ts'
import { toPartialAfter } from '../declaration.ts'
import { appendPartials } from './append.ts'
import type { Appenders } from './appenders.ts'
import { readMetric } from './records.ts'
import type { MetricTables } from './schema.ts'

interface Writer {
  readonly connection: DuckDBConnection
  readonly appenders: Appenders
}

/** `appenders` then have the new rows to flush. */
export async function replaceRows(
  { connection, appenders }: Writer,
  { plan, range, rows }: MetricSwap,
  tables: MetricTables,
): Promise<void> {
  for (const table of [tables.rows, tables.sets]) {
    if (table !== null) await connection.run(`DELETE FROM ${table}${toWhere(range)}`)
  }
  for (const one of rows) await appendPartials(appenders, tables, one)
  const { partialUntilMs } = await readMetric(connection, plan)
  const after = toPartialAfter(partialUntilMs, range)
  await connection.run(
    `UPDATE metrics SET partial_until = ${after ?? 'NULL'} WHERE hash = '${plan.hash}'`,
  )
}

/** Of `all` window_start is NULL, which is in no range that has a bound. */
function toWhere({ fromMs, toMs }: WindowRange): string {
  const bounds = [
    ...(fromMs === null ? [] : [`window_start >= ${BigInt(Math.ceil(fromMs))}`]),
    ...(toMs === null ? [] : [`window_start < ${BigInt(Math.ceil(toMs))}`]),
  ]
  return bounds.length === 0 ? '' : ` WHERE ${bounds.join(' AND ')}`
}
