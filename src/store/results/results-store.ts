/**
 * The store of a worker: the shards it owns, in a results place that it shares with the other
 * workers and with readers. It has no database: a commit writes objects, and then replaces one
 * manifest per shard, which is the commit. Shards are independent: what one of them committed
 * stands, whatever becomes of the others.
 *
 * The first commit of an epoch says of every shard that is owned that it is, and what it counts; it
 * may be an empty step. Without it a shard that has nothing to tell would hold up progress.
 */
import { join } from 'node:path'
import type { ArchiveAdvance, Place } from '../../model/archive.ts'
import { isPlace } from '../../model/archive.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import type { MetricPlan } from '../../model/plan.ts'
import { progressOf } from '../../model/progress.ts'
import type { RefusedCount, RefusedRange } from '../../model/refused.ts'
import type { Question, Result } from '../../model/result.ts'
import { STREAM } from '../../model/result.ts'
import type { Step } from '../../model/step.ts'
import type { Swap } from '../../model/swap.ts'
import { assert, present } from '../../std/assert.ts'
import type { Clock } from '../../std/clock.ts'
import { Fault, messageOf } from '../../std/fault.ts'
import { createDescriptors } from '../ids/files.ts'
import { findLate } from '../lateness.ts'
import { assertOffsets } from '../offsets.ts'
import { toAsk } from '../question.ts'
import type { Committed, StepStore, StoreState } from '../store.ts'
import { answerViews } from '../view/answer-views.ts'
import { readLine } from './archives.ts'
import { isTakenOver } from './epochs.ts'
import { unchanged } from './faults.ts'
import type { OwnedShard } from './keys.ts'
import { laterOf } from './later-of.ts'
import type { Limits } from './limits.ts'
import { LIMITS } from './limits.ts'
import { readPartOf } from './part-of-metric.ts'
import type { Peers } from './peers.ts'
import { createPeers } from './peers.ts'
import type { ResultsLayout } from './root.ts'
import { openRoot } from './root.ts'
import type { Prepared } from './shard-writer.ts'
import { ShardWriter } from './shard-writer.ts'

export type CrashPoint =
  | 'objects.before'
  | 'objects.after'
  | 'manifest.after'
  | 'upkeep.after'
  | 'archive.before'
  | 'archive.after'
  | 'rebuild.before'
  | 'rebuild.after'

export interface ResultsStoreOptions {
  readonly objects: ObjectStore
  readonly layout: ResultsLayout
  /** What is counted from now on. */
  readonly plans: readonly MetricPlan[]
  /** From `takeShard`. After STORE_COMMIT_UNCERTAIN they are to be taken anew. */
  readonly owned: readonly OwnedShard[]
  /** Where runs of ids are kept for lookups: a directory of this worker, which may be lost. */
  readonly cacheDirectory: string
  readonly clock: Clock
  readonly limits?: Partial<Limits>
  /** Called on the way: tests die there, or throw. */
  readonly crash?: (point: CrashPoint) => void
  /** Told when work between commits failed; the store goes on, and tries again later. */
  readonly onUpkeepFault?: (fault: unknown) => void
}

export interface ResultsStore extends StepStore {
  /** Shards that another worker has taken over, as far as commits found out. */
  readonly fencedShards: readonly number[]
}

/** Descriptors that lookups of ids keep open. */
const DESCRIPTORS_MAX = 256
/** Commits to let pass after upkeep failed. */
const UPKEEP_PAUSE = 64

/**
 * Opens the owned shards, as of their last commits. `load` gives only them. Throws EPOCH_FENCED
 * where one has another owner already, DATA_DIR_MISMATCH, STORE_CORRUPT or STORE_UNAVAILABLE.
 */
export async function openResultsStore(options: ResultsStoreOptions): Promise<ResultsStore> {
  const { objects, layout, plans, owned, cacheDirectory } = options
  const limits = { ...LIMITS, ...options.limits }
  const descriptors = createDescriptors(DESCRIPTORS_MAX)
  try {
    await openRoot(objects, layout)
    const opening = owned.map(one =>
      ShardWriter.open({
        objects,
        plans,
        owned: one,
        cacheDirectory: join(cacheDirectory, String(one.shard)),
        descriptors,
        limits,
      }),
    )
    await Promise.allSettled(opening)
    const writers = await Promise.all(opening)
    const isOwned = new Set(owned.map(({ shard }) => shard))
    const peers = createPeers({ objects, clock: options.clock, limits, isOwned })
    await peers.look()
    return new PlacedStore(options, { writers, peers, close: () => descriptors.close() })
  } catch (error) {
    descriptors.close()
    throw unchanged('the results place could not be opened', error)
  }
}

interface Parts {
  readonly writers: readonly ShardWriter[]
  readonly peers: Peers
  readonly close: () => void
}

class PlacedStore implements ResultsStore {
  readonly #options: ResultsStoreOptions
  readonly #writers: ReadonlyMap<number, ShardWriter>
  readonly #peers: Peers
  readonly #close: () => void
  readonly #closing = new AbortController()
  #broken: Fault | null = null
  #committing: Promise<unknown> = Promise.resolve()
  #upkeep: Promise<void> | null = null
  #commits = 0
  #upkeepFrom = 0

  constructor(options: ResultsStoreOptions, { writers, peers, close }: Parts) {
    this.#options = options
    this.#writers = new Map(writers.map(writer => [writer.owned.shard, writer]))
    this.#peers = peers
    this.#close = close
  }

  get fencedShards(): readonly number[] {
    return [...this.#writers].filter(([, writer]) => writer.isFenced).map(([shard]) => shard)
  }

  async load(): Promise<StoreState> {
    this.#assertUsable()
    const loading = [...this.#writers.values()].map(writer => writer.load())
    const shards = await Promise.all(loading).catch((error: unknown) => {
      throw unchanged('the results place could not be read', error)
    })
    return { progress: this.#progress(), sequence: this.#sequence(), shards }
  }

  async commit(step: Step): Promise<Committed> {
    const committed = await this.#exclusive(() => this.#commit(step))
    this.#maintain()
    return committed
  }

  async refused(place: Place, from: number): Promise<readonly RefusedRange[]> {
    this.#assertUsable()
    const { manifest } = present(this.#writers.get(place.partition), 'a writer of the shard')
    const line = manifest.archives?.find(one => isPlace(one, place))
    if (line === undefined) return []
    return await readLine(this.#options.objects, line, from).catch((error: unknown) => {
      throw unchanged('refusals could not be read', error)
    })
  }

  async archive(advance: ArchiveAdvance): Promise<RefusedCount> {
    return await this.#exclusive(async () => {
      const writer = present(this.#writers.get(advance.partition), 'a writer of the shard')
      const prepare = async (): Promise<Prepared & { readonly gone: RefusedCount }> => {
        const prepared = await writer.prepareArchive(advance, this.#options.clock.now())
        await writer.check()
        return prepared
      }
      const prepared = await prepare().catch((error: unknown) => {
        throw unchanged('an advance of the archive could not be prepared', error)
      })
      this.#options.crash?.('archive.before')
      await writer.put(prepared).catch((cause: unknown) => {
        throw this.#break(cause)
      })
      this.#options.crash?.('archive.after')
      await writer.adopt(prepared)
      return prepared.gone
    })
  }

  /** Of the shards that are owned. */
  async rows(question: Question): Promise<Result> {
    this.#assertUsable()
    const asked = toAsk(this.#options.plans, question)
    const ask = { ...asked, plan: { ...asked.plan, top: null } }
    const { hash } = ask.plan
    const manifests = [...this.#writers.values()].map(writer => writer.manifest)
    const entries = manifests.flatMap(one => one.objects.filter(entry => entry.plan === hash))
    const partial = manifests.map(
      one => one.metrics.find(line => line.plan === hash)?.partial_until_ms ?? null,
    )
    const partialUntilMs = partial.reduce(laterOf, null)
    const view = await readPartOf(this.#options.objects, ask, entries).catch((error: unknown) => {
      throw unchanged('rows could not be read', error)
    })
    return answerViews([view], ask, { progress: this.#progress(), partialUntilMs, source: STREAM })
  }

  /** One manifest after the other: a crash between two leaves some shards as they were. */
  async swap(swap: Swap): Promise<Committed> {
    return await this.#exclusive(async () => {
      const writers = [...this.#writers.values()]
      assertOffsets(
        swap,
        writers.flatMap(writer => writer.partitions),
      )
      const prepare = async (writer: ShardWriter): Promise<readonly [ShardWriter, Prepared]> => {
        const prepared = await writer.prepareSwap(swap, this.#options.clock.now())
        await writer.check()
        return [writer, prepared]
      }
      const preparing = writers.map(prepare)
      await Promise.allSettled(preparing)
      const prepared = await Promise.all(preparing).catch((error: unknown) => {
        throw unchanged('a swap could not be prepared', error)
      })
      this.#options.crash?.('rebuild.before')
      const committed = await this.#put(new Map(prepared))
      this.#options.crash?.('rebuild.after')
      await this.#assertOurs(writers)
      return committed
    })
  }

  /** Whoever took a shard over between check and put goes on from what was before. */
  async #assertOurs(writers: readonly ShardWriter[]): Promise<void> {
    for (const { owned } of writers) {
      if (!(await isTakenOver(this.#options.objects, owned))) continue
      throw this.#break(new Error(`shard ${owned.shard} was taken over meanwhile`))
    }
  }

  /** Commits take turns, in the order of their calls. */
  async #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#committing.then(() => {
      this.#assertUsable()
      return work()
    })
    this.#committing = turn.catch(() => null)
    return await turn
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    await this.#committing
    await this.#upkeep
    this.#close()
  }

  async #commit(step: Step): Promise<Committed> {
    const prepared = await this.#prepare(step).catch((error: unknown) => {
      throw unchanged('a commit could not be prepared', error)
    })
    return await this.#put(prepared, () => this.#options.crash?.('manifest.after'))
  }

  /** Replaces the manifests: the commit. `crash` is called when they are put. */
  async #put(
    prepared: ReadonlyMap<ShardWriter, Prepared>,
    crash: () => void = () => undefined,
  ): Promise<Committed> {
    const puts = [...prepared].map(([writer, one]) => writer.put(one))
    await Promise.allSettled(puts)
    await Promise.all(puts).catch((cause: unknown) => {
      throw this.#break(cause)
    })
    crash()
    const runs: Committed['runs'][number][] = []
    for (const [writer, one] of prepared) {
      const { shard } = writer.owned
      for (const run of await writer.adopt(one)) runs.push({ shard, run })
    }
    this.#commits += 1
    return { progress: this.#progress(), sequence: this.#sequence(), runs }
  }

  /** Writes objects and looks whether the shards are ours; nothing counts yet. */
  async #prepare(step: Step): Promise<ReadonlyMap<ShardWriter, Prepared>> {
    const steps = new Map(step.shards.map(one => [one.shard, one]))
    for (const shard of steps.keys()) assert(this.#writers.has(shard), `shard ${shard} is owned`)
    const writers = [...this.#writers.values()].filter(
      writer => steps.has(writer.owned.shard) || !(writer.isBegun || writer.isFenced),
    )
    await this.#peers.look()
    this.#options.crash?.('objects.before')
    const context = {
      catalogVersion: step.catalogVersion,
      late: findLate(step, this.#progress()),
      progress: this.#progressWith(step),
      nowMs: this.#options.clock.now(),
    }
    const preparing = writers.map(async writer => {
      const one = await writer.prepare(steps.get(writer.owned.shard) ?? null, context)
      return [writer, one] as const
    })
    await Promise.allSettled(preparing)
    const prepared = await Promise.all(preparing)
    this.#options.crash?.('objects.after')
    const checks = writers.map(writer => writer.check())
    await Promise.allSettled(checks)
    await Promise.all(checks)
    return new Map(prepared)
  }

  /** What was published, by anybody, as far as it is known here. */
  #progress(): number | null {
    return [...this.#writers.values()]
      .map(writer => writer.manifest.progress)
      .reduce(laterOf, this.#peers.progress)
  }

  /** What a step makes of it: a shard that never said anything holds it. */
  #progressWith(step: Step): number | null {
    const published = this.#progress()
    const { shards } = this.#options.layout
    if (this.#writers.size + this.#peers.shardCount < shards) return published
    const moved = new Map(step.shards.map(one => [one.shard, one.partitions]))
    const own = [...this.#writers].flatMap(([shard, writer]) => {
      return moved.get(shard) ?? writer.partitions
    })
    return progressOf([...own, ...this.#peers.partitions], published)
  }

  #sequence(): number {
    return [...this.#writers.values()].reduce((sum, { manifest }) => sum + manifest.sequence, 0)
  }

  /** Starts the work between commits, unless it runs or has just failed. */
  #maintain(): void {
    if (this.#upkeep !== null || this.#closing.signal.aborted) return
    if (this.#commits < this.#upkeepFrom) return
    this.#upkeep = this.#maintainAll()
      .catch((error: unknown) => {
        this.#upkeepFrom = this.#commits + UPKEEP_PAUSE
        if (!this.#closing.signal.aborted) this.#options.onUpkeepFault?.(error)
      })
      .finally(() => {
        this.#upkeep = null
      })
  }

  async #maintainAll(): Promise<void> {
    const { clock, crash } = this.#options
    for (const writer of this.#writers.values()) {
      await writer.maintain(clock.now(), this.#closing.signal)
    }
    crash?.('upkeep.after')
  }

  #break(cause: unknown): Fault {
    this.#broken = new Fault(
      'STORE_COMMIT_UNCERTAIN',
      `a commit of the results place may or may not have taken effect (${messageOf(cause)}); ` +
        'close it, take its shards anew, open it again, and go on from the offsets that it tells',
      { cause },
    )
    return this.#broken
  }

  #assertUsable(): void {
    if (this.#broken !== null) throw this.#broken
    if (this.#closing.signal.aborted) {
      throw new Fault('STORE_UNAVAILABLE', 'the store is closed; open it again')
    }
  }
}
