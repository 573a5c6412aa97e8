/**
 * Appenders, kept open over commits. What DuckDB holds for one, and for a chunk of rows, is some
 * 300 KiB that only the garbage collector gives back: made anew for each batch, they would pile up
 * faster than it comes round.
 */
import type {
  DuckDBAppender,
  DuckDBConnection,
  DuckDBType,
  DuckDBValue,
  DuckDBVector,
} from '@duckdb/node-api'
import { DuckDBDataChunk } from '@duckdb/node-api'

/** A column to append: what stands in a row. */
export interface Column {
  /** As the values come: the appender casts them to the type of the table's column. */
  readonly type: DuckDBType
  readonly at: (row: number) => DuckDBValue
}

export interface Rows {
  readonly rowCount: number
  readonly columns: readonly Column[]
}

interface Open {
  readonly appender: DuckDBAppender
  readonly chunk: DuckDBDataChunk
}

/** Rows of a chunk at most: DuckDB's vector size. */
const CHUNK_ROWS = 2048

export class Appenders {
  readonly #connection: DuckDBConnection
  readonly #open = new Map<string, Open>()

  constructor(connection: DuckDBConnection) {
    this.#connection = connection
  }

  /** Appends rows to a table, whose columns are always given with the same types. */
  async append(table: string, { rowCount, columns }: Rows): Promise<void> {
    if (rowCount === 0) return
    const { appender, chunk } = await this.#use(table, columns)
    for (let start = 0; start < rowCount; start += CHUNK_ROWS) {
      const size = Math.min(CHUNK_ROWS, rowCount - start)
      chunk.reset()
      chunk.rowCount = size
      for (const [index, column] of columns.entries()) {
        fill(chunk.getColumnVector(index), column, { start, size })
      }
      appender.appendDataChunk(chunk)
    }
  }

  /** Puts what was appended into the tables, within the caller's transaction. */
  flush(): void {
    for (const { appender } of this.#open.values()) appender.flushSync()
  }

  /** Forgets what was appended since the last flush: its transaction is given up. */
  discard(): void {
    for (const { appender } of this.#open.values()) appender.clear()
    this.#open.clear()
  }

  /** The table is about to be dropped. Nothing waits to be flushed. */
  forget(table: string): void {
    const open = this.#open.get(table)
    this.#open.delete(table)
    open?.appender.closeSync()
  }

  async #use(table: string, columns: readonly Column[]): Promise<Open> {
    const known = this.#open.get(table)
    if (known !== undefined) return known
    const appender = await this.#connection.createAppender(table)
    const open = { appender, chunk: DuckDBDataChunk.create(columns.map(column => column.type)) }
    this.#open.set(table, open)
    return open
  }
}

/** Small, and apart: there are many kinds of vectors and columns, for each the compiler comes. */
function fill(
  vector: DuckDBVector,
  { at }: Column,
  { start, size }: { readonly start: number; readonly size: number },
): void {
  for (let row = 0; row < size; row += 1) vector.setItem(row, at(start + row))
  vector.flush()
}
