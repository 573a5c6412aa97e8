/**
 * The tables of the store. Hot ones have no key, no index and no constraint: rows are appended and,
 * now and then, rewritten into a new table with equal places added up. Integers are kept as BIGINT,
 * sums and extremes as HUGEINT: no doubles.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import { keepsSet } from '../../model/answer.ts'
import type { MetricPlan } from '../../model/plan.ts'

/** Changes with every change of the tables or of the files beside them. */
export const FORMAT = 1

/**
 * One row each in `meta`; `shards`: partitions and archives (totals as JSON) and where the ids
 * stand; `refused`: of partitions that are archived, what waits.
 */
const TABLES: readonly string[] = [
  'meta(format INTEGER, shards INTEGER, sequence BIGINT, progress BIGINT)',
  'catalogs(version VARCHAR, sequence BIGINT)',
  `metrics(hash VARCHAR, name VARCHAR, plan VARCHAR, since BIGINT, partial_until BIGINT,
    retired BIGINT, generation INTEGER, compacted_rows BIGINT)`,
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

/** The tables of a metric; compaction makes a new generation of both. */
export interface MetricTables {
  /** `m_…`: one row per append of window, key and currency. */
  readonly rows: string
  /** `s_…`: ids of distinct values that do not add up; null: the plan keeps none. */
  readonly sets: string | null
}

export function tablesOf(plan: MetricPlan, generation: number): MetricTables {
  const suffix = `${plan.hash}_${generation}`
  return { rows: `m_${suffix}`, sets: plan.measures.some(keepsSet) ? `s_${suffix}` : null }
}

export async function createMetricTables(
  connection: DuckDBConnection,
  plan: MetricPlan,
  generation: number,
): Promise<void> {
  const { rows, sets } = tablesOf(plan, generation)
  const place = [...PLACE, ...keyColumns(plan).map(name => `${name} VARCHAR`)]
  const tallies = TALLIES.map(name => `${name} BIGINT`)
  const measures = measureColumns(plan).map(({ name, type }) => `${name} ${type}`)
  const columns = [...place, 'currency VARCHAR', ...tallies, ...measures]
  await connection.run(`CREATE TABLE ${rows}(${columns.join(', ')})`)
  if (sets === null) return
  const setColumns = [...place, 'measure INTEGER', 'id HUGEINT']
  await connection.run(`CREATE TABLE ${sets}(${setColumns.join(', ')})`)
}

/** Milliseconds; both NULL of `all`. */
const PLACE = ['shard INTEGER', 'window_start BIGINT', 'window_end BIGINT']
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
