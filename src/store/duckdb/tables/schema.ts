/**
 * The tables of the store. Hot ones have no key, no index and no constraint: rows are appended and,
 * now and then, rewritten into new tables with equal places added up. Integers are kept as BIGINT,
 * sums and extremes as HUGEINT: no doubles.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import { keepsSet } from '../../../model/answer.ts'
import type { MetricPlan } from '../../../model/plan.ts'
import type { WindowRange } from '../../../model/swap.ts'
import { ask } from '../database/ask.ts'

/**
 * Changes with every change of the tables or of the files beside them. Before 2 what is settled lay
 * before what is recent, in one table.
 */
export const FORMAT = 2
export const FORMAT_BEFORE = 1

/**
 * One row each in `meta`; `shards`: partitions and archives (totals as JSON) and where the ids
 * stand; `refused`: of partitions that are archived, what waits.
 */
const TABLES: readonly string[] = [
  'meta(format INTEGER, shards INTEGER, sequence BIGINT, progress BIGINT)',
  'catalogs(version VARCHAR, sequence BIGINT)',
  `metrics(hash VARCHAR, name VARCHAR, plan VARCHAR, since BIGINT, partial_until BIGINT,
    retired BIGINT, generation INTEGER, compacted_rows BIGINT, projected BOOLEAN)`,
  'shards(shard INTEGER, partitions VARCHAR, ids_generation BIGINT, ids_length BIGINT)',
  'runs(shard INTEGER, number BIGINT)',
  `rejects(topic VARCHAR, "partition" INTEGER, "offset" BIGINT, arrival BIGINT, code VARCHAR,
    pointer VARCHAR, key BLOB, value BLOB, file VARCHAR, line BIGINT)`,
]

/** Creates what a new file needs, within the caller's transaction. */
export async function createTables(connection: DuckDBConnection, shards: number): Promise<void> {
  for (const table of TABLES) await connection.run(`CREATE TABLE ${table}`)
  await addArchiveTables(connection)
  await connection.run(`INSERT INTO meta VALUES (${FORMAT}, ${shards}, 0, NULL)`)
}

/** What files that were made before there was an archive lack. */
export async function addArchiveTables(connection: DuckDBConnection): Promise<void> {
  await connection.run('ALTER TABLE shards ADD COLUMN IF NOT EXISTS archives VARCHAR')
  await connection.run(
    `CREATE TABLE IF NOT EXISTS refused(topic VARCHAR, "partition" INTEGER, first BIGINT,
      next BIGINT, runs BLOB)`,
  )
}

/** Which tables of a metric are in use. */
export interface Generation {
  /** Of the last compaction, which made new ones of all of them. */
  readonly generation: number
  /** Whether it made projections too. */
  readonly projected: boolean
}

/** The tables of a metric. */
export interface MetricTables {
  /** `m_…`: rows as they were appended since the last compaction, several of one place. */
  readonly recent: string
  /** `b_…`: those of before, one a place, by window. */
  readonly settled: string
  /** `k_…`: the settled rows by key, so that those of one key are near. */
  readonly byKey: string | null
  /** `t_…`: settled rows of each key added up over the blocks of totals.ts. */
  readonly totals: string | null
  /** `s_…`: ids of distinct values that do not add up; null: the plan keeps none. */
  readonly sets: string | null
}

export function tablesOf(plan: MetricPlan, { generation, projected }: Generation): MetricTables {
  const suffix = `${plan.hash}_${generation}`
  const hasKeys = projected && plan.groupBy.length > 0
  return {
    recent: `m_${suffix}`,
    settled: `b_${suffix}`,
    byKey: hasKeys ? `k_${suffix}` : null,
    totals: hasKeys && plan.window.kind !== 'all' ? `t_${suffix}` : null,
    sets: plan.measures.some(keepsSet) ? `s_${suffix}` : null,
  }
}

/** Those that there are. */
export function namesOf({ recent, settled, byKey, totals, sets }: MetricTables): readonly string[] {
  return [recent, settled, byKey, totals, sets].filter(name => name !== null)
}

/** Whether a table is one of a metric, by its name. */
export function isOfMetric(name: string): boolean {
  return /^[mbkts]_[0-9a-f]+_[0-9]+$/.test(name)
}

export async function createMetricTables(
  connection: DuckDBConnection,
  plan: MetricPlan,
  generation: number,
): Promise<void> {
  const { recent, settled, sets } = tablesOf(plan, { generation, projected: false })
  await createRecent(connection, plan, recent)
  await createSettled(connection, plan, settled)
  if (sets === null) return
  const columns = [...placeColumns(plan), { name: 'measure', type: 'INTEGER' }, ID]
  await createTable(connection, sets, [SHARD, ...columns])
}

export function createRecent(
  connection: DuckDBConnection,
  plan: MetricPlan,
  name: string,
): Promise<void> {
  return createTable(connection, name, [SHARD, ...rowColumns(plan)])
}

export function createSettled(
  connection: DuckDBConnection,
  plan: MetricPlan,
  name: string,
): Promise<void> {
  return createTable(connection, name, rowColumns(plan))
}

async function createTable(
  connection: DuckDBConnection,
  name: string,
  columns: readonly TableColumn[],
): Promise<void> {
  const texts = columns.map(column => `${column.name} ${column.type}`)
  await connection.run(`CREATE TABLE ${name}(${texts.join(', ')})`)
}

interface TableColumn {
  readonly name: string
  readonly type: string
}

const SHARD: TableColumn = { name: 'shard', type: 'INTEGER' }
const ID: TableColumn = { name: 'id', type: 'HUGEINT' }

/** Milliseconds; both NULL of `all`. */
function placeColumns(plan: MetricPlan): readonly TableColumn[] {
  return [
    { name: 'window_start', type: 'BIGINT' },
    { name: 'window_end', type: 'BIGINT' },
    ...keyColumns(plan).map(name => ({ name, type: 'VARCHAR' })),
  ]
}

/** Of every row, settled or recent. */
export function rowColumns(plan: MetricPlan): readonly TableColumn[] {
  return [
    ...placeColumns(plan),
    { name: 'currency', type: 'VARCHAR' },
    ...TALLIES.map(name => ({ name, type: 'BIGINT' })),
    ...measureColumns(plan),
  ]
}

/** Which rows are of a range, as conditions. Of `all` window_start is NULL, which is in none. */
export function inRange({ fromMs, toMs }: WindowRange): readonly string[] {
  return [
    ...(fromMs === null ? [] : [`window_start >= ${BigInt(Math.ceil(fromMs))}`]),
    ...(toMs === null ? [] : [`window_start < ${BigInt(Math.ceil(toMs))}`]),
  ]
}

/** What every row counts beside its measures. */
export const TALLIES = ['events', 'misplaced', 'late', 'revision'] as const

/** `k0`, `k1`, … one per field of the key. */
export function keyColumns(plan: MetricPlan): readonly string[] {
  return plan.groupBy.map((_, index) => `k${index}`)
}

export interface MeasureColumn {
  /** Its place among the measures. */
  readonly measure: number
  /** `v3` of the measure at 3; `c3` of the events that carried its field. */
  readonly name: string
  /** Counts are BIGINT; sums and extremes, in their exact units, HUGEINT. */
  readonly type: 'BIGINT' | 'HUGEINT'
  /** How values of equal places become one. */
  readonly fold: 'sum' | 'min' | 'max'
}

/** Columns of the measures in their order; ratios and sets have none. */
export function measureColumns(plan: MetricPlan): readonly MeasureColumn[] {
  return plan.measures.flatMap((measure, index): readonly MeasureColumn[] => {
    if (measure.kind === 'ratio' || keepsSet(measure)) return []
    const value = { measure: index, name: `v${index}` } as const
    if (measure.kind === 'min' || measure.kind === 'max') {
      return [{ ...value, type: 'HUGEINT', fold: measure.kind }]
    }
    if (measure.kind !== 'sum') return [{ ...value, type: 'BIGINT', fold: 'sum' }]
    return [
      { ...value, type: 'HUGEINT', fold: 'sum' },
      { ...value, name: `c${index}`, type: 'BIGINT', fold: 'sum' },
    ]
  })
}

/** Tallies and measures of rows that become one. */
export function foldedColumns(plan: MetricPlan): readonly string[] {
  const tallies = TALLIES.map(name => `sum(${name})::BIGINT AS ${name}`)
  const measures = measureColumns(plan).map(
    ({ name, type, fold }) => `${fold}(${name})::${type} AS ${name}`,
  )
  return [...tallies, ...measures]
}

/** Makes the tables of a store as they were before FORMAT those of today. */
export async function upgradeTables(connection: DuckDBConnection): Promise<void> {
  await connection.run('ALTER TABLE metrics ADD COLUMN projected BOOLEAN')
  const rows = await ask(connection, 'SELECT plan, generation FROM metrics')
  for (const [text, generation] of rows) {
    const plan = JSON.parse(text as string) as MetricPlan
    const tables = tablesOf(plan, { generation: generation as number, projected: false })
    await createSettled(connection, plan, tables.settled)
  }
  await connection.run('UPDATE metrics SET compacted_rows = 0, projected = false')
  await connection.run(`UPDATE meta SET format = ${FORMAT}`)
}
