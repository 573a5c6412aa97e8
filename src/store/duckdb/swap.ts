/**
 * Swapping: rows of a range of windows go, and others come, within the caller's transaction. The
 * metric is compacted in the same one, for compaction knows rows that come from those that were
 * there by their place, which DuckDB changes where rows are deleted.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { MetricSwap } from '../../model/swap.ts'
import { toPartialAfter } from '../declaration.ts'
import { appendPartials } from './append.ts'
import type { Making, RowCounts } from './compaction.ts'
import { compactWhole } from './compaction.ts'
import type { Appenders } from './database/appenders.ts'
import { where } from './database/binding.ts'
import { readMetric } from './tables/records.ts'
import type { Generation } from './tables/schema.ts'
import { inRange, namesOf, tablesOf } from './tables/schema.ts'

interface Writer {
  readonly connection: DuckDBConnection
  readonly appenders: Appenders
}

/** Gives what the tables of the metric are then. */
export async function replaceRows(
  { connection, appenders }: Writer,
  { plan, range, rows }: MetricSwap,
  making: Making,
): Promise<Generation & RowCounts> {
  // Projections are made anew of what is left.
  const tables = tablesOf(plan, making.before)
  for (const table of [tables.recent, tables.settled, tables.sets]) {
    if (table !== null) await connection.run(`DELETE FROM ${table} ${where(inRange(range))}`)
  }
  for (const one of rows) await appendPartials(appenders, tables, one)
  appenders.flush()
  for (const name of namesOf(tables)) appenders.forget(name)
  const { partialUntilMs } = await readMetric(connection, plan)
  const after = toPartialAfter(partialUntilMs, range)
  await connection.run(
    `UPDATE metrics SET partial_until = ${after ?? 'NULL'} WHERE hash = '${plan.hash}'`,
  )
  return await compactWhole(connection, plan, making)
}
