/**
 * The lake in DuckDB, in this process: a view per event type over its Parquet files, and SQL asked
 * of them. Nothing is kept; what does not fit in memory spills into a directory.
 */
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import { DuckDBInstance } from '@duckdb/node-api'
import type { RunRow } from '../../model/run.ts'
import { Fault, messageOf } from '../../std/fault.ts'
import { MIB } from '../../std/units.ts'
import { DIALECTS } from './dialect.ts'
import type { LakeView, LakeViewColumn } from './lake-names.ts'

export interface LakeDatabase extends AsyncDisposable {
  readonly engine: string
  /** Makes a view of files. Older ones may lack columns: those are null. Throws LAKE_UNREADABLE. */
  attach(view: LakeView, files: readonly string[]): Promise<void>
  /** Throws LAKE_UNREADABLE where a file cannot be read, or is none of the lake's. */
  ask(sql: string): AsyncIterable<readonly RunRow[]>
  /** As `ask`, by columns: of each chunk of rows the values of every column. */
  columns(sql: string): AsyncIterable<readonly (readonly unknown[])[]>
}

export interface LakeDatabaseOptions {
  readonly memoryMax: number
  /** For what does not fit in memory. */
  readonly spillDirectory: string
  readonly threads: number | null
}

export async function openLakeDatabase(options: LakeDatabaseOptions): Promise<LakeDatabase> {
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${Math.ceil(options.memoryMax / MIB)}MiB`,
    temp_directory: options.spillDirectory,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    ...(options.threads === null ? {} : { threads: String(options.threads) }),
  })
  const connection = await instance.connect()
  const [version] = await readAll(connection, 'SELECT version() AS version')
  return {
    engine: `duckdb ${String(version?.['version']).replace(/^v/, '')}`,
    attach: async (view, files) => {
      await guarded(async () => {
        await connection.run(`CREATE OR REPLACE VIEW ${view.name} AS ${await toViewSql()}`)
      })
      async function toViewSql(): Promise<string> {
        if (files.length === 0) return toEmptySql(view)
        const source = toSource(files)
        const found = await readAll(connection, `DESCRIBE SELECT * FROM ${source}`)
        const names = new Set(found.map(row => row['column_name']))
        const columns = view.columns.map(column =>
          names.has(column.name) ? DIALECTS.duckdb.quote(column.name) : toNullSql(column),
        )
        return `SELECT ${columns.join(', ')} FROM ${source}`
      }
    },
    ask: async function* (sql) {
      const result = await guarded(() => connection.stream(sql))
      for await (const rows of result.yieldRowObjects()) yield rows.map(toRunRow)
    },
    columns: async function* (sql) {
      const result = await guarded(() => connection.stream(sql))
      for (;;) {
        const chunk = await guarded(() => result.fetchChunk())
        if (chunk === null || chunk.rowCount === 0) return
        yield chunk.getColumns()
      }
    },
    [Symbol.asyncDispose]: async () => {
      connection.closeSync()
      instance.closeSync()
    },
  }
}

/** The date is its folder's name; of the type, a column of that name would be in the way. */
function toSource(files: readonly string[]): string {
  const list = files.map(DIALECTS.duckdb.text).join(', ')
  const options = 'union_by_name = true, hive_partitioning = true, hive_types_autocast = false'
  return `read_parquet([${list}], ${options})`
}

function toEmptySql({ columns }: LakeView): string {
  return `SELECT ${columns.map(toNullSql).join(', ')} WHERE FALSE`
}

function toNullSql({ name, type }: LakeViewColumn): string {
  return `CAST(NULL AS ${type}) AS ${DIALECTS.duckdb.quote(name)}`
}

async function readAll(
  connection: DuckDBConnection,
  sql: string,
): Promise<readonly Record<string, DuckDBValue>[]> {
  return (await connection.runAndReadAll(sql)).getRowObjects()
}

/** Counts and times are 64-bit integers, and small enough for numbers. */
function toRunRow(row: Record<string, DuckDBValue>): RunRow {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value === null || typeof value === 'string' ? value : Number(value),
    ]),
  )
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw new Fault('LAKE_UNREADABLE', `the lake cannot be counted: ${messageOf(cause)}`, { cause })
  }
}
