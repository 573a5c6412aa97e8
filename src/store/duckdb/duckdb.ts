/**
 * The store on a disk: a DuckDB file for numbers, totals and rejects, and files of ids beside it
 * that its transactions name. A step is one transaction. In one process at a time.
 *
 * Order of a commit: files of ids, durable; then the transaction, which names them; then files that
 * it no longer names are removed. What a crash leaves between is removed at open.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { ArchiveAdvance, ArchiveTotals, Place } from '../../model/archive.ts'
import { noteStep } from '../../model/archive.ts'
import type { Ledger } from '../../model/ledger.ts'
import type { MetricPlan } from '../../model/plan.ts'
import { progressOf } from '../../model/progress.ts'
import type { RefusedCount, RefusedRange } from '../../model/refused.ts'
import type { Question, RejectPage, Result } from '../../model/result.ts'
import type { PartitionTotals, ShardState, Step } from '../../model/step.ts'
import { assert, present } from '../../std/assert.ts'
import { Fault, messageOf } from '../../std/fault.ts'
import { MIB } from '../../std/units.ts'
import { findLate } from '../lateness.ts'
import { toAsk, toRejectAsk } from '../question.ts'
import type { Committed, RejectQuestion, Store, StoreState } from '../store.ts'
import { appendPartials, appendRejects } from './append.ts'
import { Appenders } from './appenders.ts'
import { appendRefused, dropRefused, readArchives, readRefused, writeAdvance } from './archives.ts'
import { COMPACT_ROWS_MIN, needsCompaction, rewriteMetric } from './compaction.ts'
import { Database, toFault } from './database.ts'
import type { PreparedIds } from './ids/id-store.ts'
import { IdStore } from './ids/id-store.ts'
import { readLedger, readRejects, readResult } from './reader.ts'
import type { Progress } from './records.ts'
import {
  countMetricRows,
  declareMetrics,
  openRecords,
  readCatalogVersion,
  readMetric,
  readProgress,
  readRuns,
  readShards,
  writeProgress,
  writeShards,
} from './records.ts'
import { tablesOf } from './schema.ts'

type Work = 'commit' | 'compaction' | 'archive'
export type CrashPoint = `${Work}.${'before' | 'after'}`

export interface DuckDbStoreOptions {
  readonly directory: string
  /** What is counted from now on. */
  readonly plans: readonly MetricPlan[]
  /** Fixed for the life of the directory. */
  readonly shards: number
  /** Bytes that DuckDB may hold; 128 MiB. */
  readonly memoryMax?: number
  /** Threads of DuckDB; 1. */
  readonly threads?: number
  /** Called on the way: tests die there, or throw, which is a commit that fails. */
  readonly crash?: (point: CrashPoint) => void
  /** Rows of a metric from which on it is compacted. */
  readonly compactAfterRows?: number
  /** Told when work between commits failed; the store goes on, and tries again later. */
  readonly onMaintenanceFault?: (fault: unknown) => void
}

const MEMORY_MAX: number = 128 * MIB
/** Commits to let pass after maintenance failed, as with a full disk. */
const MAINTENANCE_PAUSE = 256

/**
 * Opens the store in a directory, which is made if missing. Throws DATA_DIR_BUSY, DATA_DIR_MISMATCH
 * or STORE_UNAVAILABLE.
 */
export async function openDuckDbStore(options: DuckDbStoreOptions): Promise<Store> {
  const { directory, memoryMax = MEMORY_MAX, threads = 1 } = options
  const database = await Database.open(directory, { memoryMax, threads })
  try {
    return await DuckDbStore.open(database, options)
  } catch (error) {
    await database.close()
    throw toFault(`in '${directory}' cannot be opened`, error)
  }
}

interface MetricState {
  readonly plan: MetricPlan
  generation: number
  rowCount: number
  compactedRows: number
}

class DuckDbStore implements Store {
  readonly #options: DuckDbStoreOptions
  readonly #database: Database
  readonly #writer: DuckDBConnection
  readonly #ids: IdStore
  readonly #appenders: Appenders
  readonly #closing = new AbortController()
  readonly #metrics = new Map<string, MetricState>()
  readonly #partitions = new Map<number, readonly PartitionTotals[]>()
  readonly #archives = new Map<number, readonly ArchiveTotals[]>()
  #at: Progress = { sequence: 0, progress: null }
  #catalogVersion: string | null = null
  /** Why the store can no longer be used. */
  #broken: Fault | null = null
  #turn: Promise<unknown> = Promise.resolve()
  #maintenance: Promise<void> | null = null
  #maintenanceFrom = 0

  private constructor(options: DuckDbStoreOptions, database: Database, ids: IdStore) {
    this.#options = options
    this.#database = database
    this.#writer = database.writer
    this.#appenders = new Appenders(database.writer)
    this.#ids = ids
  }

  static async open(database: Database, options: DuckDbStoreOptions): Promise<DuckDbStore> {
    const { writer } = database
    await inTransaction(writer, async () => {
      await openRecords(writer, options.shards)
      await declareMetrics(writer, options.plans)
    })
    const shards = await readShards(writer)
    const deltas = new Map([...shards].map(([shard, { delta }]) => [shard, delta]))
    const ids = await IdStore.open(options.directory, { deltas, runs: await readRuns(writer) })
    const store = new DuckDbStore(options, database, ids)
    for (const [shard, { partitions }] of shards) store.#partitions.set(shard, partitions)
    for (const [shard, archives] of await readArchives(writer)) {
      store.#archives.set(shard, archives)
    }
    store.#at = await readProgress(writer)
    store.#catalogVersion = await readCatalogVersion(writer)
    for (const plan of options.plans) {
      const { generation, compactedRows } = await readMetric(writer, plan)
      const rowCount = await countMetricRows(writer, plan, generation)
      store.#metrics.set(plan.hash, { plan, generation, rowCount, compactedRows })
    }
    return store
  }

  async load(): Promise<StoreState> {
    this.#assertUsable()
    const shards: ShardState[] = []
    for (let shard = 0; shard < this.#options.shards; shard += 1) {
      const partitions = this.#partitions.get(shard) ?? []
      const archives = this.#archives.get(shard) ?? []
      shards.push({ shard, partitions, ids: await this.#ids.load(shard), archives })
    }
    return { ...this.#at, shards }
  }

  async commit(step: Step): Promise<Committed> {
    const committed = await this.#exclusive(() => this.#commit(step))
    this.#maintain()
    return committed
  }

  async refused(place: Place, from: number): Promise<readonly RefusedRange[]> {
    this.#assertUsable()
    return this.#database.read(connection => readRefused(connection, place, from))
  }

  async archive(advance: ArchiveAdvance): Promise<RefusedCount> {
    return await this.#exclusive(async () => {
      const { partition } = advance
      const before = this.#archives.get(partition) ?? []
      let moved = { after: before, gone: { refused: 0, invalid: 0 } }
      await this.#transact('archive', async () => {
        moved = await writeAdvance(this.#writer, before, advance)
      })
      this.#archives.set(partition, moved.after)
      return moved.gone
    })
  }

  async query(question: Question): Promise<Result> {
    this.#assertUsable()
    const ask = toAsk(this.#options.plans, question)
    return this.#database.read(connection => readResult(connection, ask))
  }

  async audit(): Promise<Ledger> {
    this.#assertUsable()
    return this.#database.read(readLedger)
  }

  async rejects(question: RejectQuestion): Promise<RejectPage> {
    this.#assertUsable()
    const ask = toRejectAsk(question)
    return this.#database.read(connection => readRejects(connection, ask))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    await this.#maintenance
    await this.#turn
    await this.#ids[Symbol.asyncDispose]()
    this.#appenders.discard()
    await this.#database.close()
  }

  async #commit(step: Step): Promise<Committed> {
    const partitions = new Map(this.#partitions)
    for (const shard of step.shards) {
      assert(shard.shard < this.#options.shards, `shard ${shard.shard} exists`)
      partitions.set(shard.shard, shard.partitions)
    }
    const at = {
      sequence: this.#at.sequence + 1,
      progress: progressOf([...partitions.values()].flat(), this.#at.progress),
    }
    const archives = new Map(
      step.shards.map(one => [one.shard, noteStep(this.#archives.get(one.shard) ?? [], one)]),
    )
    let ids: readonly PreparedIds[] = []
    await this.#transact('commit', async () => {
      ids = await this.#prepareIds(step)
      await this.#append(step)
      await dropRefused(this.#writer, this.#archives, archives)
      await writeShards(this.#writer, step.shards, { ids, archives })
      await writeProgress(this.#writer, at)
      if (step.catalogVersion !== this.#catalogVersion) {
        const sql = `INSERT INTO catalogs VALUES ($1, ${at.sequence})`
        await this.#writer.run(sql, [step.catalogVersion])
      }
    })
    this.#at = at
    this.#catalogVersion = step.catalogVersion
    for (const shard of step.shards) this.#partitions.set(shard.shard, shard.partitions)
    for (const [shard, after] of archives) this.#archives.set(shard, after)
    this.#countRows(step)
    const runs: Committed['runs'][number][] = []
    for (const prepared of ids) {
      for (const run of await this.#ids.adopt(prepared)) runs.push({ shard: prepared.shard, run })
    }
    return { ...at, runs }
  }

  /**
   * Shards do not wait for each other's disk, but an error waits for all: files are at rest then.
   */
  async #prepareIds(step: Step): Promise<readonly PreparedIds[]> {
    const prepared = step.shards.map(({ shard, ids }) => this.#ids.prepare(shard, ids))
    await Promise.allSettled(prepared)
    return Promise.all(prepared)
  }

  async #append(step: Step): Promise<void> {
    const late = findLate(step, this.#at.progress)
    for (const { shard, partials, rejects, refused = [] } of step.shards) {
      for (const batch of partials) {
        const { plan, generation } = this.#metricOf(batch.plan)
        const lateness = late.get(batch) ?? null
        const tables = tablesOf(plan, generation)
        await appendPartials(this.#appenders, tables, { shard, batch, lateness })
      }
      await appendRejects(this.#appenders, rejects)
      await appendRefused(this.#appenders, refused)
    }
    this.#appenders.flush()
  }

  #countRows(step: Step): void {
    for (const batch of step.shards.flatMap(shard => shard.partials)) {
      const metric = this.#metricOf(batch.plan)
      metric.rowCount += batch.rowCount
      for (const column of batch.measures) {
        if (column.kind === 'set') metric.rowCount += column.rows.length
      }
    }
  }

  #metricOf(plan: MetricPlan): MetricState {
    return present(this.#metrics.get(plan.hash), `metric ${plan.name} of the store`)
  }

  /** Starts the work between commits, unless it runs or has just failed. */
  #maintain(): void {
    if (this.#maintenance !== null || this.#closing.signal.aborted) return
    if (this.#at.sequence < this.#maintenanceFrom) return
    this.#maintenance = this.#maintainAll()
      .catch((error: unknown) => {
        this.#maintenanceFrom = this.#at.sequence + MAINTENANCE_PAUSE
        if (!this.#closing.signal.aborted) this.#options.onMaintenanceFault?.(error)
      })
      .finally(() => {
        this.#maintenance = null
      })
  }

  async #maintainAll(): Promise<void> {
    const { signal } = this.#closing
    const rowsMin = this.#options.compactAfterRows ?? COMPACT_ROWS_MIN
    for (const metric of this.#metrics.values()) {
      if (signal.aborted) return
      if (!needsCompaction(metric.rowCount, metric.compactedRows, rowsMin)) continue
      await this.#exclusive(() => this.#compact(metric))
    }
    for (;;) {
      const merged = await this.#ids.merge(signal)
      if (merged === null) return
      await this.#exclusive(async () => {
        const { shard, from, to } = merged
        await this.#transact('compaction', async () => {
          const numbers = from.map(run => run.number).join(', ')
          const old = `shard = ${shard} AND number IN (${numbers})`
          await this.#writer.run(`DELETE FROM runs WHERE ${old}`)
          await this.#writer.run(`INSERT INTO runs VALUES (${shard}, ${to.number})`)
        })
        await this.#ids.adoptMerge(merged)
      })
    }
  }

  async #compact(metric: MetricState): Promise<void> {
    const { rows, sets } = tablesOf(metric.plan, metric.generation)
    for (const table of [rows, sets]) if (table !== null) this.#appenders.forget(table)
    let rowCount = 0
    await this.#transact('compaction', async () => {
      rowCount = await rewriteMetric(this.#writer, metric.plan, metric.generation)
    })
    metric.generation += 1
    metric.rowCount = rowCount
    metric.compactedRows = rowCount
  }

  /**
   * Runs `work` in a transaction. If it fails, nothing has changed (STORE_UNAVAILABLE); if the
   * commit itself fails, nobody knows, and the store is of no more use (STORE_COMMIT_UNCERTAIN).
   */
  async #transact(name: Work, work: () => Promise<void>): Promise<void> {
    try {
      await this.#writer.run('BEGIN TRANSACTION')
      await work()
    } catch (error) {
      this.#appenders.discard()
      await this.#writer.run('ROLLBACK').catch((cause: unknown) => this.#break(cause))
      throw toFault(`could not prepare a ${name}, and nothing changed`, error)
    }
    try {
      this.#options.crash?.(`${name}.before`)
      await this.#writer.run('COMMIT')
      this.#options.crash?.(`${name}.after`)
    } catch (cause) {
      throw this.#break(cause)
    }
  }

  #break(cause: unknown): Fault {
    this.#broken = new Fault(
      'STORE_COMMIT_UNCERTAIN',
      `a commit of the store may or may not have taken effect (${messageOf(cause)}); ` +
        'close it, open it again, and go on from the offsets that it tells',
      { cause },
    )
    return this.#broken
  }

  /** Writers take turns, in the order of their calls. */
  async #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(() => {
      this.#assertUsable()
      return work()
    })
    this.#turn = turn.catch(() => null)
    return turn
  }

  #assertUsable(): void {
    if (this.#broken !== null) throw this.#broken
    if (this.#closing.signal.aborted) {
      throw new Fault('STORE_UNAVAILABLE', 'the store is closed; open it again')
    }
  }
}

async function inTransaction(
  connection: DuckDBConnection,
  work: () => Promise<void>,
): Promise<void> {
  await connection.run('BEGIN TRANSACTION')
  try {
    await work()
  } catch (error) {
    await connection.run('ROLLBACK')
    throw error
  }
  await connection.run('COMMIT')
}
