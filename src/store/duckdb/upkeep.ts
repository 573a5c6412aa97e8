/**
 * What is done between commits: metrics that have grown are compacted, and runs of ids merged. The
 * long part of it goes on beside commits, which wait for the short one.
 */
import type { Compacted, MetricState } from './compaction.ts'
import {
  adoptCompacted,
  GROWTH,
  GROWTH_AT_START,
  makeCompacted,
  needsCompaction,
  takeMaking,
} from './compaction.ts'
import type { Appenders } from './database/appenders.ts'
import type { Database } from './database/database.ts'
import { toFault } from './database/database.ts'
import type { IdStore } from './ids/id-store.ts'
import type { Work } from './options.ts'
import { writeMerged } from './tables/records.ts'
import { namesOf, tablesOf } from './tables/schema.ts'

/** Commits to let pass after it failed, as with a full disk. */
const PAUSE = 256

/** How a store writes. */
export interface Turns {
  /** Writers take turns, in the order of their calls. */
  exclusive<T>(work: () => Promise<T>): Promise<T>
  transact(name: Work, work: () => Promise<void>): Promise<void>
}

export interface Kept {
  readonly database: Database
  readonly appenders: Appenders
  readonly ids: IdStore
  readonly metrics: ReadonlyMap<string, MetricState>
}

interface Options {
  /** Rows of a metric from which on it is compacted, and projected. */
  readonly rowsMin: number
  /** Told when something failed. */
  readonly onFault: ((fault: unknown) => void) | undefined
}

export class Upkeep {
  readonly #options: Options
  readonly #kept: Kept
  readonly #turns: Turns
  /** Aborted when the store is closed. */
  readonly #signal: AbortSignal
  #work: Promise<void> | null = null
  #growth: number = GROWTH_AT_START
  #pause = 0

  constructor(
    options: Options,
    { kept, turns, signal }: { kept: Kept; turns: Turns; signal: AbortSignal },
  ) {
    this.#options = options
    this.#kept = kept
    this.#turns = turns
    this.#signal = signal
  }

  /** Begins, unless it goes on or has just failed. Called when the store opens and has changed. */
  begin(): void {
    if (this.#work !== null || this.#signal.aborted) return
    if (this.#pause > 0) {
      this.#pause -= 1
      return
    }
    this.#work = this.#doAll()
      .catch((error: unknown) => {
        this.#pause = PAUSE
        if (!this.#signal.aborted) this.#options.onFault?.(error)
      })
      .finally(() => {
        this.#work = null
      })
  }

  /** Waits for what goes on. */
  async end(): Promise<void> {
    await this.#work
  }

  async #doAll(): Promise<void> {
    const growth = this.#growth
    this.#growth = GROWTH
    for (const metric of this.#kept.metrics.values()) {
      if (this.#signal.aborted) return
      const { rowsMin } = this.#options
      if (needsCompaction(metric.at, { rowsMin, growth })) await this.#compact(metric)
    }
    while (await this.#merge());
  }

  async #compact(metric: MetricState): Promise<void> {
    const { plan, at: before } = metric
    const making = takeMaking(metric, this.#options.rowsMin)
    const made = await this.#kept.database
      .make(connection => makeCompacted(connection, plan, making), this.#signal)
      .catch((error: unknown) => {
        throw toFault('could not prepare a compaction, and nothing changed', error)
      })
    await this.#turns.exclusive(() => this.#adopt(metric, made, before.generation))
  }

  async #adopt(metric: MetricState, made: Compacted, from: number): Promise<void> {
    const { database, appenders } = this.#kept
    const { plan, at: before } = metric
    // A swap came in between, and with it tables that this one knows nothing of.
    if (before.generation !== from) {
      await this.#turns.transact('compaction', async () => {
        for (const name of namesOf(tablesOf(plan, made))) {
          await database.writer.run(`DROP TABLE IF EXISTS ${name}`)
        }
      })
      return
    }
    for (const name of namesOf(tablesOf(plan, before))) appenders.forget(name)
    let at = before
    await this.#turns.transact('compaction', async () => {
      at = await adoptCompacted(database.writer, plan, { before, made })
    })
    metric.at = at
  }

  /** Merges runs of one shard; false: nowhere are there so many. */
  async #merge(): Promise<boolean> {
    const { ids, database } = this.#kept
    const merged = await ids.merge(this.#signal)
    if (merged === null) return false
    await this.#turns.exclusive(async () => {
      await this.#turns.transact('compaction', () => writeMerged(database.writer, merged))
      await ids.adoptMerge(merged)
    })
    return true
  }
}
