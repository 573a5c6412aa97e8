/**
 * Compaction: what a metric was given is settled, in new tables, with equal places added up, and
 * the old ones are dropped. The new ones are made beside the commits that go on meanwhile, of the
 * rows that there are when it begins; what came since is copied when they are taken into use, which
 * commits wait for. That is what `rowid` tells apart, for rows are appended, and none is deleted.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { MetricPlan } from '../../model/plan.ts'
import { ask } from './database/ask.ts'
import type { Generation } from './tables/schema.ts'
import {
  createRecent,
  foldedColumns,
  keyColumns,
  namesOf,
  rowColumns,
  tablesOf,
} from './tables/schema.ts'
import { makeTotals } from './tables/totals.ts'

/** Fewer rows than this are not worth a rewrite, nor projections. */
export const COMPACT_ROWS_MIN = 30_000

export interface RowCounts {
  /** Of all tables, projections left out. */
  readonly rowCount: number
  /** Those that the last compaction left. */
  readonly compactedRows: number
}

/** When a metric has grown by half: while it grows, thrice what it ends with is rewritten. */
export const GROWTH = 1.5
/** At a start nothing waits for it, and questions to come are answered the quicker. */
export const GROWTH_AT_START = 1.1

export function needsCompaction(
  { rowCount, compactedRows }: RowCounts,
  { rowsMin, growth }: { readonly rowsMin: number; readonly growth: number },
): boolean {
  return rowCount >= rowsMin && rowCount >= growth * compactedRows
}

/** Tables of a generation to come, of which nobody knows yet. */
export interface Compacted extends Generation {
  /** The first rows that they lack; null: they lack none. */
  readonly recentFrom: number | null
  readonly setsFrom: number | null
}

export interface Making {
  readonly before: Generation
  /** Of the new tables. */
  readonly generation: number
  /** Rows from which on there are projections. */
  readonly projectFrom: number
}

/** A metric of an open store. */
export interface MetricState {
  readonly plan: MetricPlan
  /** What its tables are. */
  at: Generation & RowCounts
  /** For the tables of the next compaction; one that came to nothing used some too. */
  nextGeneration: number
}

/** What to make of a metric next, in tables that no other compaction makes. */
export function takeMaking(metric: MetricState, projectFrom: number): Making {
  const { at: before, nextGeneration: generation } = metric
  metric.nextGeneration += 1
  return { before, generation, projectFrom }
}

/** Makes them beside other transactions, within the caller's, which commits it. */
export async function makeCompacted(
  connection: DuckDBConnection,
  plan: MetricPlan,
  making: Making,
): Promise<Compacted> {
  const { recent, sets } = tablesOf(plan, making.before)
  const ends = {
    recentFrom: await readEnd(connection, recent),
    setsFrom: sets === null ? null : await readEnd(connection, sets),
  }
  return await makeTables(connection, plan, { ...making, ...ends })
}

/** Compacts all that there is, also what was changed within the caller's transaction. */
export async function compactWhole(
  connection: DuckDBConnection,
  plan: MetricPlan,
  making: Making,
): Promise<Generation & RowCounts> {
  const ends = { recentFrom: null, setsFrom: null }
  const made = await makeTables(connection, plan, { ...making, ...ends })
  return await adoptCompacted(connection, plan, { before: making.before, made })
}

async function makeTables(
  connection: DuckDBConnection,
  plan: MetricPlan,
  { before, generation, projectFrom, ...ends }: Making & Pick<Compacted, 'recentFrom' | 'setsFrom'>,
): Promise<Compacted> {
  const old = tablesOf(plan, before)
  const { settled } = tablesOf(plan, { generation, projected: false })
  await connection.run(`CREATE TABLE ${settled} AS ${settle(plan, old, ends.recentFrom)}`)
  const projected = (await countRows(connection, [settled])) >= projectFrom
  const now = tablesOf(plan, { generation, projected })
  if (now.byKey !== null) {
    const order = [...keyColumns(plan), 'window_start'].join(', ')
    await connection.run(`CREATE TABLE ${now.byKey} AS FROM ${settled} ORDER BY ${order}`)
  }
  if (now.totals !== null) {
    for (const sql of makeTotals(plan, now.totals, settled)) await connection.run(sql)
  }
  if (now.sets !== null && old.sets !== null) {
    const known = `SELECT DISTINCT * FROM ${old.sets} ${upTo(ends.setsFrom)}`
    await connection.run(`CREATE TABLE ${now.sets} AS ${known} ORDER BY window_start`)
  }
  return { generation, projected, ...ends }
}

/** Takes them into use, within the caller's transaction, in the place of those before. */
export async function adoptCompacted(
  connection: DuckDBConnection,
  plan: MetricPlan,
  { before, made }: { readonly before: Generation; readonly made: Compacted },
): Promise<Generation & RowCounts> {
  const { generation, projected } = made
  const [old, now] = [tablesOf(plan, before), tablesOf(plan, made)]
  await createRecent(connection, plan, now.recent)
  await copyFrom(connection, { from: old.recent, to: now.recent, first: made.recentFrom })
  const compactedRows = await countRows(connection, [now.settled, now.sets])
  if (now.sets !== null && old.sets !== null) {
    await copyFrom(connection, { from: old.sets, to: now.sets, first: made.setsFrom })
  }
  const rowCount = await countRows(connection, [now.recent, now.settled, now.sets])
  for (const name of namesOf(old)) await connection.run(`DROP TABLE ${name}`)
  await connection.run(
    `UPDATE metrics SET generation = ${generation}, projected = ${projected},
       compacted_rows = ${compactedRows} WHERE hash = '${plan.hash}'`,
  )
  return { generation, projected, rowCount, compactedRows }
}

async function copyFrom(
  connection: DuckDBConnection,
  {
    from,
    to,
    first,
  }: { readonly from: string; readonly to: string; readonly first: number | null },
): Promise<void> {
  if (first === null) return
  await connection.run(`INSERT INTO ${to} SELECT * FROM ${from} WHERE rowid >= ${first}`)
}

/** Past the last row of a table. */
async function readEnd(connection: DuckDBConnection, table: string): Promise<number> {
  const sql = `SELECT coalesce(max(rowid) + 1, 0)::DOUBLE FROM ${table}`
  const [[end] = []] = await ask(connection, sql)
  return end as number
}

/** How many rows tables have; of null, none. */
export async function countRows(
  connection: DuckDBConnection,
  tables: readonly (string | null)[],
): Promise<number> {
  let sum = 0
  for (const table of tables) {
    if (table === null) continue
    const [[count] = []] = await ask(connection, `SELECT count(*)::DOUBLE FROM ${table}`)
    sum += count as number
  }
  return sum
}

/** One row a place, whatever shards it is of; by window, so that ranges are near. */
function settle(
  plan: MetricPlan,
  { settled, recent }: { readonly settled: string; readonly recent: string },
  recentEnd: number | null,
): string {
  const columns = rowColumns(plan).map(({ name }) => name)
  const rows = `(FROM ${settled} UNION ALL
    SELECT ${columns.join(', ')} FROM ${recent} ${upTo(recentEnd)})`
  const place = ['window_start', 'window_end', ...keyColumns(plan), 'currency'].join(', ')
  return `SELECT ${place}, ${foldedColumns(plan).join(', ')} FROM ${rows}
    GROUP BY ${place} ORDER BY window_start`
}

function upTo(end: number | null): string {
  return end === null ? '' : `WHERE rowid < ${end}`
}
