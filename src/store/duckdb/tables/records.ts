/**
 * What the store knows of itself: its format, how far it came, which shards and metrics it has.
 * Read once at open and on every snapshot; written with every commit.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { ArchiveTotals } from '../../../model/archive.ts'
import type { MetricPlan } from '../../../model/plan.ts'
import type { PartitionTotals, ShardStep } from '../../../model/step.ts'
import { Fault } from '../../../std/fault.ts'
import { toPartialUntil } from '../../declaration.ts'
import type { Connection } from '../database/ask.ts'
import { ask, askOnce } from '../database/ask.ts'
import type { DeltaPointer, PreparedIds, PreparedMerge, RunPointer } from '../ids/id-store.ts'
import type { Generation } from './schema.ts'
import {
  addArchiveTables,
  createMetricTables,
  createTables,
  FORMAT,
  FORMAT_BEFORE,
  isOfMetric,
  namesOf,
  tablesOf,
  upgradeTables,
} from './schema.ts'

export interface Progress {
  readonly sequence: number
  readonly progress: number | null
}

export interface ShardRecord {
  readonly partitions: readonly PartitionTotals[]
  readonly delta: DeltaPointer
}

/** A metric as it stands in the database. */
export interface MetricRecord extends Generation {
  readonly partialUntilMs: number | null
  readonly compactedRows: number
}

/**
 * Makes the tables of a new store, or checks those of an old one: throws DATA_DIR_MISMATCH for
 * another format or number of shards.
 */
export async function openRecords(connection: DuckDBConnection, shards: number): Promise<void> {
  const [[tableCount] = []] = await ask(
    connection,
    "SELECT count(*)::DOUBLE FROM duckdb_tables() WHERE table_name = 'meta'",
  )
  if (tableCount === 0) return createTables(connection, shards)
  const [[format, known] = []] = await ask(connection, 'SELECT format, shards FROM meta')
  if (format !== FORMAT && format !== FORMAT_BEFORE) {
    throw new Fault(
      'DATA_DIR_MISMATCH',
      `the store has format ${String(format)}, and this version of weir reads ${FORMAT}; ` +
        'start the version that wrote it, or name another data directory',
    )
  }
  if (known !== shards) {
    throw new Fault(
      'DATA_DIR_MISMATCH',
      `the store was made for ${String(known)} partitions, and the config says ${shards}; ` +
        `set partitions to ${String(known)}, or name another data directory`,
    )
  }
  await addArchiveTables(connection)
  if (format === FORMAT_BEFORE) await upgradeTables(connection)
  await dropUnknownTables(connection)
}

/** Removes what a compaction that was killed had made. */
async function dropUnknownTables(connection: DuckDBConnection): Promise<void> {
  const metrics = await ask(connection, 'SELECT plan, generation, projected FROM metrics')
  const known = metrics.flatMap(([plan, generation, projected]) => {
    const at = { generation: generation as number, projected: projected as boolean }
    return namesOf(tablesOf(JSON.parse(plan as string) as MetricPlan, at))
  })
  const tables = await ask(connection, 'SELECT table_name FROM duckdb_tables()')
  for (const name of tables.map(([name]) => name as string)) {
    if (isOfMetric(name) && !known.includes(name)) await connection.run(`DROP TABLE ${name}`)
  }
}

/**
 * Makes the tables of new metrics, and marks those that are no longer declared. A metric that is
 * new, or comes back after steps without it, is partial over all that has begun until now.
 */
export async function declareMetrics(
  connection: DuckDBConnection,
  plans: readonly MetricPlan[],
): Promise<void> {
  const { sequence } = await readProgress(connection)
  const shards = await readShards(connection)
  const partialUntil =
    toPartialUntil([...shards.values()].flatMap(shard => shard.partitions)) ?? 'NULL'
  const rows = await ask(connection, 'SELECT hash, retired::DOUBLE FROM metrics')
  const known = new Map(rows.map(([hash, retired]) => [hash, retired]))
  for (const plan of plans) {
    const retired = known.get(plan.hash)
    if (retired === undefined) {
      await createMetricTables(connection, plan, 1)
      await connection.run(
        `INSERT INTO metrics
         VALUES ($1, $2, $3, ${sequence}, ${partialUntil}, NULL, 1, 0, false)`,
        [plan.hash, plan.name, JSON.stringify(plan)],
      )
    } else if (retired !== null) {
      const bound = retired === sequence ? 'partial_until' : partialUntil
      await connection.run(
        `UPDATE metrics SET retired = NULL, partial_until = ${bound} WHERE hash = $1`,
        [plan.hash],
      )
    }
  }
  const declared = plans.map(plan => `'${plan.hash}'`).join(', ') || 'NULL'
  await connection.run(
    `UPDATE metrics SET retired = ${sequence}
     WHERE retired IS NULL AND coalesce(hash NOT IN (${declared}), true)`,
  )
}

export async function readProgress(connection: Connection): Promise<Progress> {
  const sql = 'SELECT sequence::DOUBLE, progress::DOUBLE FROM meta'
  const [[sequence, progress] = []] = await ask(connection, sql)
  return { sequence: sequence as number, progress: progress as number | null }
}

export async function readShards(
  connection: Connection,
): Promise<ReadonlyMap<number, ShardRecord>> {
  const sql = 'SELECT shard, partitions, ids_generation::DOUBLE, ids_length::DOUBLE FROM shards'
  const rows = await ask(connection, `${sql} ORDER BY shard`)
  return new Map(
    rows.map(([shard, partitions, generation, length]) => [
      shard as number,
      {
        partitions: JSON.parse(partitions as string) as readonly PartitionTotals[],
        delta: { generation: generation as number, length: length as number },
      },
    ]),
  )
}

export async function readRuns(connection: Connection): Promise<readonly RunPointer[]> {
  const rows = await ask(connection, 'SELECT shard, number::DOUBLE FROM runs ORDER BY ALL')
  return rows.map(([shard, number]) => ({ shard: shard as number, number: number as number }))
}

export async function readMetric(connection: Connection, plan: MetricPlan): Promise<MetricRecord> {
  const sql = `SELECT generation, projected, partial_until::DOUBLE, compacted_rows::DOUBLE
    FROM metrics WHERE hash = '${plan.hash}'`
  const [[generation, projected, partialUntilMs, compactedRows] = []] = await ask(connection, sql)
  return {
    generation: generation as number,
    projected: projected as boolean,
    partialUntilMs: partialUntilMs as number | null,
    compactedRows: compactedRows as number,
  }
}

/** Both, in one question: readers ask it before each of theirs. */
export async function readState(
  connection: Connection,
  plan: MetricPlan,
): Promise<Pick<Progress, 'progress'> & Omit<MetricRecord, 'compactedRows'>> {
  const sql = `SELECT progress::DOUBLE, generation, projected, partial_until::DOUBLE
    FROM meta, metrics WHERE hash = '${plan.hash}'`
  const [[progress, generation, projected, partialUntilMs] = []] = await askOnce(connection, sql)
  return {
    progress: progress as number | null,
    generation: generation as number,
    projected: projected as boolean,
    partialUntilMs: partialUntilMs as number | null,
  }
}

/** The config version of the last commit; null: there was none. */
export async function readCatalogVersion(connection: Connection): Promise<string | null> {
  const sql = 'SELECT version FROM catalogs ORDER BY sequence DESC LIMIT 1'
  const [[version = null] = []] = await ask(connection, sql)
  return version as string | null
}

/** Replaces what is known of the shards of a step, within the caller's transaction. */
export async function writeShards(
  connection: DuckDBConnection,
  steps: readonly ShardStep[],
  {
    ids,
    archives,
  }: {
    readonly ids: readonly PreparedIds[]
    readonly archives: ReadonlyMap<number, readonly ArchiveTotals[]>
  },
): Promise<void> {
  if (steps.length === 0) return
  const shards = steps.map(step => step.shard).join(', ')
  await connection.run(`DELETE FROM shards WHERE shard IN (${shards})`)
  const rows = steps.map(({ shard }, index) => {
    const { generation = 0, length = 0 } = ids[index]?.delta ?? {}
    const [totals, archived] = [`$${2 * index + 1}`, `$${2 * index + 2}`]
    return `(${shard}, ${totals}, ${generation}, ${length}, ${archived})`
  })
  const texts = steps.flatMap(({ shard, partitions }) => [
    JSON.stringify(partitions),
    JSON.stringify(archives.get(shard) ?? []),
  ])
  const columns = 'shard, partitions, ids_generation, ids_length, archives'
  await connection.run(`INSERT INTO shards(${columns}) VALUES ${rows.join(', ')}`, texts)
  const runs = ids.flatMap(({ shard, runs }) => runs.map(run => `(${shard}, ${run.number})`))
  if (runs.length > 0) await connection.run(`INSERT INTO runs VALUES ${runs.join(', ')}`)
}

/** Notes where the ids of shards stand, of which nothing else changes. */
export async function writeIds(
  connection: DuckDBConnection,
  ids: readonly PreparedIds[],
): Promise<void> {
  for (const { shard, delta, runs } of ids) {
    await connection.run(
      `UPDATE shards SET ids_generation = ${delta.generation}, ids_length = ${delta.length}
       WHERE shard = ${shard}`,
    )
    for (const run of runs)
      await connection.run(`INSERT INTO runs VALUES (${shard}, ${run.number})`)
  }
}

/** Names a run in place of those that it was merged of. */
export async function writeMerged(
  connection: DuckDBConnection,
  { shard, from, to }: PreparedMerge,
): Promise<void> {
  const numbers = from.map(run => run.number).join(', ')
  await connection.run(`DELETE FROM runs WHERE shard = ${shard} AND number IN (${numbers})`)
  await connection.run(`INSERT INTO runs VALUES (${shard}, ${to.number})`)
}

export async function writeProgress(
  connection: DuckDBConnection,
  { sequence, progress }: Progress,
): Promise<void> {
  await connection.run(`UPDATE meta SET sequence = ${sequence}, progress = ${progress ?? 'NULL'}`)
}
