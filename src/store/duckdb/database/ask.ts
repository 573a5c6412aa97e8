/**
 * SQL → rows. A result is whole when it comes back: its chunks are taken where they are, for each
 * wait for another thread takes longer than most of what the store is asked.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Select } from './binding.ts'

export type Row = readonly unknown[]

export type Chunks = Awaited<ReturnType<DuckDBConnection['run']>>

/** What SQL is run on: the writer of a database, or a reader of a snapshot. */
export interface Connection {
  run(sql: string, texts?: string[]): Promise<Chunks>
  /** By SQL, what was found since the last commit of what each question asks first. */
  readonly known?: Map<string, Promise<readonly Row[]>>
}

/** All rows of a question that has few. */
export async function ask(
  connection: Connection,
  sql: string,
  texts: readonly string[] = [],
): Promise<readonly Row[]> {
  const rows: Row[] = []
  const chunks = await run(connection, { sql, texts })
  for (let index = 0; index < chunks.chunkCount; index += 1) {
    for (const row of chunks.getChunk(index).getRows()) rows.push(row)
  }
  return rows
}

/** The same, of what each question asks first: it is asked once between two commits. */
export function askOnce(connection: Connection, sql: string): Promise<readonly Row[]> {
  const before = connection.known?.get(sql)
  if (before !== undefined) return before
  const rows = ask(connection, sql)
  connection.known?.set(sql, rows)
  return rows
}

/** Some rows, column by column. */
export interface Block {
  readonly rowCount: number
  readonly columns: readonly Column[]
}

export interface Column {
  getItem(row: number): unknown
}

/** The rows of a question that may have many: others get their turn after each 2,048 of them. */
export async function* askMany(connection: Connection, select: Select): AsyncGenerator<Block> {
  const chunks = await run(connection, select)
  for (let index = 0; index < chunks.chunkCount; index += 1) {
    if (index > 0) await nextTurn()
    const chunk = chunks.getChunk(index)
    const { columnCount, rowCount } = chunk
    const columns = Array.from({ length: columnCount }, (_, at) => chunk.getColumnVector(at))
    yield { rowCount, columns }
  }
}

/** Not streamed: a stream that is left before its end keeps the file open and locked. */
function run(connection: Connection, { sql, texts }: Select): Promise<Chunks> {
  // With values it is prepared first, which waits twice more.
  return texts.length === 0 ? connection.run(sql) : connection.run(sql, [...texts])
}
