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
import type { PartitionTotals, ShardState, ShardStep, Step } from '../../model/step.ts'
import type { Swap } from '../../model/swap.ts'
import { assert, present } from '../../std/assert.ts'
import { Fault, messageOf } from '../../std/fault.ts'
import { MIB } from '../../std/units.ts'
import { findLate } from '../lateness.ts'
import { assertOffsets } from '../offsets.ts'
import type { Ask } from '../question.ts'
import { toAsk, toRejectAsk } from '../question.ts'
import type { Committed, RejectQuestion, Store, StoreState } from '../store.ts'
import { appendPartials, appendRejects, countAppended } from './append.ts'
import type { MetricState } from './compaction.ts'
import { COMPACT_ROWS_MIN, countRows, takeMaking } from './compaction.ts'
import { Appenders } from './database/appenders.ts'
import { Database, inTransaction, toFault } from './database/database.ts'
import type { PreparedIds } from './ids/id-store.ts'
import { IdStore } from './ids/id-store.ts'
import type { DuckDbStoreOptions, Work } from './options.ts'
import { readLedger, readRejects, readResult } from './reading/reader.ts'
import { SparseIndexes } from './reading/sparse-index.ts'
import { replaceRows } from './swap.ts'
import {
  appendRefused,
  dropRefused,
  readArchives,
  readRefused,
  writeAdvance,
} from './tables/archives.ts'
import type { Progress } from './tables/records.ts'
import {
  declareMetrics,
  openRecords,
  readCatalogVersion,
  readMetric,
  readProgress,
  readRuns,
  readShards,
  writeIds,
  writeProgress,
  writeShards,
} from './tables/records.ts'
import { tablesOf } from './tables/schema.ts'
import { Upkeep } from './upkeep.ts'

export type { CrashPoint, DuckDbStoreOptions } from './options.ts'

const MEMORY_MAX: number = 128 * MIB

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

class DuckDbStore implements Store {
  readonly #options: DuckDbStoreOptions
  readonly #database: Database
  readonly #writer: DuckDBConnection
  readonly #ids: IdStore
  readonly #appenders: Appenders
  readonly #closing = new AbortController()
  readonly #indexes = new SparseIndexes()
  readonly #metrics = new Map<string, MetricState>()
  readonly #rowsMin: number
  readonly #upkeep: Upkeep
  readonly #partitions = new Map<number, readonly PartitionTotals[]>()
  readonly #archives = new Map<number, readonly ArchiveTotals[]>()
  #at: Progress = { sequence: 0, progress: null }
  #catalogVersion: string | null = null
  /** Why the store can no longer be used. */
  #broken: Fault | null = null
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(options: DuckDbStoreOptions, database: Database, ids: IdStore) {
    this.#options = options
    this.#database = database
    this.#writer = database.writer
    this.#appenders = new Appenders(database.writer)
    this.#ids = ids
    this.#rowsMin = options.compactAfterRows ?? COMPACT_ROWS_MIN
    const upkeep = { rowsMin: this.#rowsMin, onFault: options.onMaintenanceFault }
    this.#upkeep = new Upkeep(upkeep, {
      kept: { database, appenders: this.#appenders, ids, metrics: this.#metrics },
      turns: {
        exclusive: work => this.#exclusive(work),
        transact: (name, work) => this.#transact(name, work),
      },
      signal: this.#closing.signal,
    })
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
      const at = await readMetric(writer, plan)
      const { recent, settled, sets } = tablesOf(plan, at)
      const rowCount = await countRows(writer, [recent, settled, sets])
      const nextGeneration = at.generation + 1
      store.#metrics.set(plan.hash, { plan, at: { ...at, rowCount }, nextGeneration })
    }
    store.#upkeep.begin()
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
    this.#upkeep.begin()
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

  async rows(question: Question): Promise<Result> {
    const ask = toAsk(this.#options.plans, question)
    return this.#answer({ ...ask, plan: { ...ask.plan, top: null } })
  }

  async swap(swap: Swap): Promise<Committed> {
    const committed = await this.#exclusive(() => this.#swap(swap))
    this.#upkeep.begin()
    return committed
  }

  async query(question: Question): Promise<Result> {
    return this.#answer(toAsk(this.#options.plans, question))
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
    await this.#upkeep.end()
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
      ids = await this.#prepareIds(step.shards)
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
    return { ...at, runs: await this.#adoptIds(ids) }
  }

  async #swap(swap: Swap): Promise<Committed> {
    assertOffsets(swap, [...this.#partitions.values()].flat())
    const at = { ...this.#at, sequence: this.#at.sequence + 1 }
    const writer = { connection: this.#writer, appenders: this.#appenders }
    const swapped = new Map<MetricState, MetricState['at']>()
    let ids: readonly PreparedIds[] = []
    await this.#transact('rebuild', async () => {
      ids = await this.#prepareIds(swap.ids.map(({ shard, change }) => ({ shard, ids: change })))
      for (const one of swap.metrics) {
        const metric = this.#metricOf(one.plan)
        swapped.set(metric, await replaceRows(writer, one, takeMaking(metric, this.#rowsMin)))
      }
      await writeIds(this.#writer, ids)
      await writeProgress(this.#writer, at)
    })
    this.#at = at
    for (const [metric, after] of swapped) metric.at = after
    return { ...at, runs: await this.#adoptIds(ids) }
  }

  async #adoptIds(ids: readonly PreparedIds[]): Promise<Committed['runs']> {
    const runs: Committed['runs'][number][] = []
    for (const prepared of ids) {
      for (const run of await this.#ids.adopt(prepared)) runs.push({ shard: prepared.shard, run })
    }
    return runs
  }

  /**
   * Shards do not wait for each other's disk, but an error waits for all: files are at rest then.
   */
  async #prepareIds(
    shards: readonly Pick<ShardStep, 'shard' | 'ids'>[],
  ): Promise<readonly PreparedIds[]> {
    const prepared = shards.map(({ shard, ids }) => this.#ids.prepare(shard, ids))
    await Promise.allSettled(prepared)
    return Promise.all(prepared)
  }

  async #append(step: Step): Promise<void> {
    const late = findLate(step, this.#at.progress)
    for (const { shard, partials, rejects, refused = [] } of step.shards) {
      for (const batch of partials) {
        const { plan, at } = this.#metricOf(batch.plan)
        const lateness = late.get(batch) ?? null
        await appendPartials(this.#appenders, tablesOf(plan, at), { shard, batch, lateness })
      }
      await appendRejects(this.#appenders, rejects)
      await appendRefused(this.#appenders, refused)
    }
    this.#appenders.flush()
  }

  #countRows(step: Step): void {
    for (const batch of step.shards.flatMap(shard => shard.partials)) {
      const metric = this.#metricOf(batch.plan)
      metric.at = { ...metric.at, rowCount: metric.at.rowCount + countAppended(batch) }
    }
  }

  async #answer(ask: Ask): Promise<Result> {
    this.#assertUsable()
    const { at } = this.#metricOf(ask.base)
    const known = { rowCount: at.rowCount, indexes: this.#indexes }
    return this.#database.read(connection => readResult(connection, ask, known))
  }

  #metricOf(plan: MetricPlan): MetricState {
    return present(this.#metrics.get(plan.hash), `metric ${plan.name} of the store`)
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
      await this.#database.change(async () => {
        await this.#writer.run('COMMIT')
      })
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
