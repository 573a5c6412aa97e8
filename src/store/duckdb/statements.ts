/**
 * A connection that reads, and plans only once what it is asked often: to plan a small question
 * takes longer than to answer it. What is asked for the first time is run as it is, for to prepare
 * it waits for another thread twice more.
 */
import type { DuckDBConnection, DuckDBPreparedStatement } from '@duckdb/node-api'
import type { Chunks, Connection } from './ask.ts'

/** Of one connection; a plan takes some ten KiB. */
const STATEMENT_COUNT_MAX = 32

export class ReadConnection implements Connection {
  readonly #connection: DuckDBConnection
  /** By SQL, the longest unused first; null: it was asked once. */
  readonly #statements = new Map<string, DuckDBPreparedStatement | null>()

  constructor(connection: DuckDBConnection) {
    this.#connection = connection
  }

  /** Begins a snapshot, and ends it. */
  async begin(): Promise<void> {
    await this.#connection.run('BEGIN TRANSACTION READ ONLY')
  }

  async commit(): Promise<void> {
    await this.#connection.run('COMMIT')
  }

  async run(sql: string, texts: readonly string[] = []): Promise<Chunks> {
    const known = this.#statements.get(sql)
    if (known === undefined) {
      this.#keep(sql, null)
      return this.#connection.run(sql, ...(texts.length === 0 ? [] : [[...texts]]))
    }
    const statement = known ?? (await this.#connection.prepare(sql))
    this.#keep(sql, statement)
    if (texts.length > 0) statement.bind([...texts])
    return statement.run()
  }

  close(): void {
    for (const statement of this.#statements.values()) statement?.destroySync()
    this.#statements.clear()
    this.#connection.closeSync()
  }

  #keep(sql: string, statement: DuckDBPreparedStatement | null): void {
    this.#statements.delete(sql)
    this.#statements.set(sql, statement)
    if (this.#statements.size <= STATEMENT_COUNT_MAX) return
    for (const [oldest, left] of this.#statements) {
      this.#statements.delete(oldest)
      left?.destroySync()
      return
    }
  }
}
