/** The database file: opened with limits, in one process at a time, and read in snapshots. */
import { mkdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { DuckDBInstance } from '@duckdb/node-api'
import { AssertionFailure } from '../../../std/assert.ts'
import { Fault, isFault, messageOf } from '../../../std/fault.ts'
import { KIB, MIB } from '../../../std/units.ts'
import type { Connection } from './ask.ts'
import { ReadConnection } from './read-connection.ts'

export interface DatabaseLimits {
  /** Bytes that DuckDB may hold; beyond that it spills beside the file. */
  readonly memoryMax: number
  readonly threads: number
}

/** The write-ahead log is folded into the file when it is larger, which takes some 50 ms. */
const WAL_BYTES_MAX: number = 16 * MIB
/**
 * The least that DuckDB knows, of a new file. Each column of each table holds a block of what was
 * added last in memory: with DuckDB's own 256 KiB that is 60 MiB for the built-in metrics.
 */
const BLOCK_BYTES: number = 16 * KIB
/**
 * Freed memory is handed back to the system above this; DuckDB's own 128 MiB would stay with the
 * process for ever, beside what it may hold. With one MiB, questions take twice as long.
 */
const FREED_BYTES_MAX: number = 2 * MIB
/** Questions answered at one time; libuv has four threads, and a commit must find one free. */
const READERS_MAX = 2

/**
 * Directories open in this process. DuckDB's lock on its file is a POSIX one: it holds off other
 * processes only, and a second handle in this one would release it on closing.
 */
const openDirectories = new Set<string>()

export class Database {
  readonly writer: DuckDBConnection
  readonly #instance: DuckDBInstance
  readonly #directory: string
  readonly #waiting: (() => void)[] = []
  /** Of readers that have left: to open one takes as long as a small question. */
  readonly #idle: ReadConnection[] = []
  #readerCount = 0
  /** Of beginnings and ends; odd: one is under way. */
  #changeCount = 0
  #onIdle: (() => void) | null = null

  private constructor(instance: DuckDBInstance, writer: DuckDBConnection, directory: string) {
    this.#instance = instance
    this.writer = writer
    this.#directory = directory
  }

  /** Throws DATA_DIR_BUSY, DATA_DIR_MISMATCH (the file is none of ours) or STORE_UNAVAILABLE. */
  static async open(directory: string, limits: DatabaseLimits): Promise<Database> {
    const temporary = join(directory, 'tmp')
    try {
      mkdirSync(temporary, { recursive: true })
    } catch (cause) {
      throw unavailable(`cannot make directory '${temporary}'`, cause)
    }
    const name = realpathSync(directory)
    if (openDirectories.has(name)) throw busy(directory, 'this process itself')
    openDirectories.add(name)
    try {
      const instance = await DuckDBInstance.create(join(directory, 'weir.duckdb'), {
        memory_limit: `${Math.ceil(limits.memoryMax / MIB)}MiB`,
        threads: String(limits.threads),
        temp_directory: temporary,
        checkpoint_threshold: `${WAL_BYTES_MAX / MIB}MiB`,
        preserve_insertion_order: 'false',
        allocator_bulk_deallocation_flush_threshold: `${FREED_BYTES_MAX / MIB}MiB`,
        default_block_size: String(BLOCK_BYTES),
        autoinstall_known_extensions: 'false',
        autoload_known_extensions: 'false',
        enable_external_access: 'false',
        lock_configuration: 'true',
      })
      return new Database(instance, await instance.connect(), name)
    } catch (cause) {
      openDirectories.delete(name)
      throw toOpenFault(directory, cause)
    }
  }

  /**
   * Reads what was true at one moment. Most commits come between questions, so it is asked without
   * a transaction first, which would wait for another thread twice more; where a commit came in
   * between, `work` is done again, in a snapshot.
   */
  async read<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    await this.#enter()
    let connection: ReadConnection | null = null
    try {
      connection = this.#idle.pop() ?? new ReadConnection(await this.#instance.connect())
      const found = await this.#readUndisturbed(connection, work)
      const whole = found ?? { value: await connection.inSnapshot(work) }
      this.#idle.push(connection)
      return whole.value
    } catch (error) {
      connection?.close()
      throw toFault('could not read', error)
    } finally {
      this.#leave()
    }
  }

  /**
   * Makes tables beside the writer and readers, in the place of one of these. Given up, with an
   * error, when `signal` is aborted.
   */
  async make<T>(
    work: (connection: DuckDBConnection) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    await this.#enter()
    try {
      signal.throwIfAborted()
      const connection = await this.#instance.connect()
      const interrupt = (): void => connection.interrupt()
      signal.addEventListener('abort', interrupt)
      try {
        return await inTransaction(connection, () => work(connection))
      } finally {
        signal.removeEventListener('abort', interrupt)
        connection.closeSync()
      }
    } finally {
      this.#leave()
    }
  }

  /** Runs the statement by which the writer changes what readers see. */
  async change(commit: () => Promise<void>): Promise<void> {
    this.#changeCount += 1
    try {
      await commit()
    } finally {
      this.#changeCount += 1
    }
  }

  /** Waits for readers, folds the log into the file, and closes it. Nobody may come any more. */
  async close(): Promise<void> {
    if (this.#readerCount > 0) {
      await new Promise<void>(resolve => {
        this.#onIdle = resolve
      })
    }
    for (const connection of this.#idle.splice(0)) connection.close()
    this.writer.closeSync()
    this.#instance.closeSync()
    openDirectories.delete(this.#directory)
  }

  /** null: a change came in between. */
  async #readUndisturbed<T>(
    connection: ReadConnection,
    work: (connection: Connection) => Promise<T>,
  ): Promise<{ readonly value: T } | null> {
    const before = this.#changeCount
    if (before % 2 === 1) return null
    connection.forgetUnlessOf(before)
    try {
      const value = await work(connection)
      return this.#changeCount === before ? { value } : null
    } catch (error) {
      // A table may have gone that it was about to ask.
      if (this.#changeCount !== before) return null
      throw error
    }
  }

  async #enter(): Promise<void> {
    if (this.#readerCount < READERS_MAX) this.#readerCount += 1
    else await new Promise<void>(resolve => this.#waiting.push(resolve))
  }

  /** A reader that ends hands its place to the one that has waited longest. */
  #leave(): void {
    const next = this.#waiting.shift()
    if (next !== undefined) next()
    else this.#readerCount -= 1
    if (this.#readerCount === 0) this.#onIdle?.()
  }
}

/** Errors of the world become STORE_UNAVAILABLE; faults and failed assertions stay as they are. */
export function toFault(what: string, error: unknown): unknown {
  if (isFault(error) || error instanceof AssertionFailure) return error
  return unavailable(what, error)
}

function unavailable(what: string, cause: unknown): Fault {
  return new Fault('STORE_UNAVAILABLE', `the store ${what}: ${messageOf(cause)}`, { cause })
}

function busy(directory: string, holder: string): Fault {
  return new Fault(
    'DATA_DIR_BUSY',
    `the store in '${directory}' is held by ${holder}; stop it first, or name another directory`,
  )
}

function toOpenFault(directory: string, cause: unknown): Fault {
  const message = messageOf(cause)
  if (message.includes('Could not set lock')) {
    const holder = /PID (\d+)/.exec(message)?.[1]
    return busy(directory, holder === undefined ? 'another process' : `process ${holder}`)
  }
  if (/not a valid DuckDB database file|version number/.test(message)) {
    return new Fault(
      'DATA_DIR_MISMATCH',
      `the store in '${directory}' was not written by this version of weir; ` +
        'start the version that wrote it, or name another directory',
      { cause },
    )
  }
  return unavailable(`in '${directory}' cannot be opened`, cause)
}

export async function inTransaction<T>(
  connection: DuckDBConnection,
  work: () => Promise<T>,
): Promise<T> {
  await connection.run('BEGIN TRANSACTION')
  let done: T
  try {
    done = await work()
  } catch (error) {
    await connection.run('ROLLBACK')
    throw error
  }
  await connection.run('COMMIT')
  return done
}
