/**
 * Tables of gathered rows in a database in memory, and the Parquet files made of them. One thread,
 * and rows in the order in which they came: equal rows make equal bytes.
 */
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DuckDBAppender, DuckDBConnection } from '@duckdb/node-api'
import { DuckDBInstance } from '@duckdb/node-api'
import { Fault, isFault, messageOf } from '../std/fault.ts'
import { MIB } from '../std/units.ts'
import type { ChunkWriter, ColumnKind } from './columns.ts'
import { createChunkWriter } from './columns.ts'
import type { GatheredColumn } from './gathered.ts'
import { DAY } from './gathered.ts'

export interface Tables extends AsyncDisposable {
  /** A table of its own for one range; it goes with its disposal. */
  create(columns: readonly GatheredColumn[]): Promise<Table>
}

export interface Table extends AsyncDisposable {
  readonly writer: ChunkWriter
  /**
   * Writes the rows of a day, or all, as a Parquet file, and gives its bytes and how many rows it
   * has. Throws LAKE_UNAVAILABLE.
   */
  toParquet(day: number | null): Promise<ParquetFile>
}

export interface ParquetFile {
  readonly bytes: Uint8Array
  readonly rowCount: number
}

/** Bytes that DuckDB may hold: a range of 64 MiB and the row group that is being written. */
const MEMORY_MAX: number = 256 * MIB
/** Rows of a row group: half of DuckDB's own, whose columns fit the cache better. */
const GROUP_ROWS = 61_440
/** Level 1 makes these columns no larger than level 3; filters would be for single ids only. */
const OPTIONS = `COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE ${GROUP_ROWS},
  WRITE_BLOOM_FILTER false`

/** `directory` is made, and emptied of what a crash left. */
export async function openTables(directory: string): Promise<Tables> {
  const open = async (): Promise<{ instance: DuckDBInstance; connection: DuckDBConnection }> => {
    await rm(directory, { recursive: true, force: true })
    await mkdir(directory, { recursive: true })
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: `${MEMORY_MAX / MIB}MiB`,
      threads: '1',
      temp_directory: join(directory, 'spill'),
      preserve_insertion_order: 'true',
      allocator_bulk_deallocation_flush_threshold: '1MiB',
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    })
    return { instance, connection: await instance.connect() }
  }
  const { instance, connection } = await guard(`in '${directory}' cannot be prepared`, open)
  let count = 0
  return {
    create: columns => {
      count += 1
      const path = join(directory, 'range.parquet')
      return guard('has no table', () => createTable(connection, { columns, count, path }))
    },
    [Symbol.asyncDispose]: async () => {
      connection.closeSync()
      instance.closeSync()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

interface TableParts {
  readonly columns: readonly GatheredColumn[]
  readonly count: number
  /** Where a file is written before it is read. */
  readonly path: string
}

async function createTable(
  connection: DuckDBConnection,
  { columns, count, path }: TableParts,
): Promise<Table> {
  const name = `range_${count}`
  const gathered = columns.filter(isGathered)
  const definitions = gathered.map(column => `"${column.name}" ${TYPES[column.kind]}`)
  await connection.run(`CREATE TABLE ${name}(${definitions.join(', ')})`)
  const appender: DuckDBAppender = await connection.createAppender(name)
  const writer = createChunkWriter(appender, gathered)
  const selected = columns
    .filter(column => column.sql !== '')
    .map(column => `${column.sql} AS "${column.name}"`)
    .join(', ')
  return {
    writer,
    toParquet: day =>
      guard('could not be written as Parquet', async () => {
        writer.flush()
        appender.flushSync()
        const rows = day === null ? '' : ` WHERE "${DAY}" = ${day}`
        const result = await connection.runAndReadAll(
          `COPY (SELECT ${selected} FROM ${name}${rows}) TO '${path.replaceAll("'", "''")}'
          (FORMAT parquet, ${OPTIONS})`,
        )
        const rowCount = Number(result.getRows()[0]?.[0])
        const bytes = await readFile(path)
        await rm(path)
        return { bytes, rowCount }
      }),
    [Symbol.asyncDispose]: async () => {
      appender.closeSync()
      await connection.run(`DROP TABLE ${name}`)
    },
  }
}

const TYPES: { readonly [Kind in ColumnKind]: string } = {
  text: 'VARCHAR',
  blob: 'BLOB',
  number: 'DOUBLE',
}

function isGathered(
  column: GatheredColumn,
): column is GatheredColumn & { readonly kind: ColumnKind } {
  return column.kind !== null
}

async function guard<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (isFault(cause) || !(cause instanceof Error)) throw cause
    const message = `a range of the lake ${what}: ${messageOf(cause)}`
    throw new Fault('LAKE_UNAVAILABLE', message, { cause })
  }
}
