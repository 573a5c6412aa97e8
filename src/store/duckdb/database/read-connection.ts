/**
 * A connection that reads, and plans only once what it is asked again before the next commit: to
 * plan a small question takes longer than to answer it. No plan outlives a commit: DuckDB makes it
 * for the values that the tables have by then, and gives wrong answers from it when they have
 * others (github.com/duckdb/duckdb/issues/23704). What is asked for the first time is run as it is,
 * for to prepare it waits for another thread twice more.
 */
import type { DuckDBConnection, DuckDBPreparedStatement } from '@duckdb/node-api'
import type { Chunks, Connection, Row } from './ask.ts'

/** A plan takes some ten KiB. */
const PLAN_COUNT_MAX = 32

export class ReadConnection implements Connection {
  readonly known: Map<string, Promise<readonly Row[]>> = new Map()
  readonly #connection: DuckDBConnection
  /** By SQL, the longest unused first; null: it was asked once. */
  readonly #plans = new Map<string, DuckDBPreparedStatement | null>()
  #version = 0

  constructor(connection: DuckDBConnection) {
    this.#connection = connection
  }

  /** Forgets what was known, and planned, of another version of the tables. */
  forgetUnlessOf(version: number): void {
    if (version !== this.#version) this.#forget()
    this.#version = version
  }

  async run(sql: string, texts: readonly string[] = []): Promise<Chunks> {
    const known = this.#plans.get(sql)
    if (known === undefined) {
      this.#keep(sql, null)
      return this.#connection.run(sql, ...(texts.length === 0 ? [] : [[...texts]]))
    }
    const plan = known ?? (await this.#connection.prepare(sql))
    this.#keep(sql, plan)
    if (texts.length > 0) plan.bind([...texts])
    return plan.run()
  }

  /** All that `work` reads is of one snapshot; what others commit meanwhile is not seen. */
  async inSnapshot<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    await this.#connection.run('BEGIN TRANSACTION READ ONLY')
    const found = await work(this.#connection)
    await this.#connection.run('COMMIT')
    return found
  }

  close(): void {
    this.#forget()
    this.#connection.closeSync()
  }

  #forget(): void {
    this.known.clear()
    for (const plan of this.#plans.values()) plan?.destroySync()
    this.#plans.clear()
  }

  #keep(sql: string, plan: DuckDBPreparedStatement | null): void {
    this.#plans.delete(sql)
    this.#plans.set(sql, plan)
    if (this.#plans.size <= PLAN_COUNT_MAX) return
    for (const [oldest, left] of this.#plans) {
      this.#plans.delete(oldest)
      left?.destroySync()
      return
    }
  }
}
