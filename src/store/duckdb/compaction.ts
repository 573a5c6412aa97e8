/**
 * Compaction: a metric's rows are rewritten into new tables with equal places added up, and the
 * old ones dropped, in one transaction. A table is rewritten when it has doubled since the last
 * time, so each row is rewritten about once per doubling.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { MetricPlan } from '../../model/plan.ts'
import { countMetricRows } from './records.ts'
import { keyColumns, measureColumns, TALLIES, tablesOf } from './schema.ts'

/** Fewer rows than this are not worth a rewrite. */
export const COMPACT_ROWS_MIN = 30_000
const GROWTH = 2

export function needsCompaction(rowCount: number, compactedRows: number, rowsMin: number): boolean {
  return rowCount >= rowsMin && rowCount >= GROWTH * compactedRows
}

/** Rewrites a metric within the caller's transaction. Returns how many rows are left. */
export async function rewriteMetric(
  connection: DuckDBConnection,
  plan: MetricPlan,
  generation: number,
): Promise<number> {
  const before = tablesOf(plan, generation)
  const now = tablesOf(plan, generation + 1)
  await connection.run(`CREATE TABLE ${now.rows} AS ${addUp(plan, before.rows)}`)
  await connection.run(`DROP TABLE ${before.rows}`)
  if (now.sets !== null && before.sets !== null) {
    const sql = `SELECT DISTINCT * FROM ${before.sets} ORDER BY window_start`
    await connection.run(`CREATE TABLE ${now.sets} AS ${sql}`)
    await connection.run(`DROP TABLE ${before.sets}`)
  }
  const rowCount = await countMetricRows(connection, plan, generation + 1)
  await connection.run(
    `UPDATE metrics SET generation = ${generation + 1}, compacted_rows = ${rowCount}
     WHERE hash = '${plan.hash}'`,
  )
  return rowCount
}

/**
 * The same columns in the same order and of the same types; by window, so that ranges are near.
 * What shards had of one place is one row, said to be of the first of them: nobody asks.
 */
function addUp(plan: MetricPlan, table: string): string {
  const group = ['window_start', 'window_end', ...keyColumns(plan), 'currency']
  const tallies = TALLIES.map(name => `sum(${name})::BIGINT AS ${name}`)
  const measures = measureColumns(plan).map(
    ({ name, type, fold }) => `${fold}(${name})::${type} AS ${name}`,
  )
  const columns = ['min(shard) AS shard', ...group, ...tallies, ...measures].join(', ')
  return `SELECT ${columns} FROM ${table} GROUP BY ${group.join(', ')} ORDER BY window_start`
}
