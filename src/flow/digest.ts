/**
 * The digest: log → engine → store. It pulls batches, lets the engine of each shard digest them,
 * and commits what gathered every `commitMs`, one commit at a time, while the engines go on.
 *
 * Offsets live in the store: after a fault the store is opened again, and everything goes on from
 * the offsets that it gives, whatever became of the last commit.
 */

import type { Engine } from '../engine/engine.ts'
import { createEngine } from '../engine/shard-engine.ts'
import type { EventLog } from '../log/log.ts'
import type { ArchiveTotals } from '../model/archive.ts'
import type { Catalog } from '../model/catalog.ts'
import { topicsOf } from '../model/catalog.ts'
import type { MetricPlan } from '../model/plan.ts'
import type { Fetch, LogPosition, PartitionBounds } from '../model/record.ts'
import type { PartitionTotals, ShardState, ShardStep, Step } from '../model/step.ts'
import { present } from '../std/assert.ts'
import type { Clock } from '../std/clock.ts'
import { Fault, isFault, messageOf } from '../std/fault.ts'
import type { Outage } from '../std/outage.ts'
import { KIB, MIB, SECOND_MS } from '../std/units.ts'
import type { Committed, StepStore, StoreState } from '../store/store.ts'
import type { Archiver, ArchiveSettings } from './archive.ts'
import { nameOf, startArchiver } from './archive.ts'
import { findArchives, toHeld } from './held.ts'
import type { Holds } from './holds.ts'
import type { PublishRejects } from './publish-rejects.ts'

export interface DigestOptions {
  readonly log: EventLog
  /** Opens the store; called again after a fault of it. */
  readonly openStore: () => Promise<StepStore>
  /** Those of the log that the store has: all of them, or this worker's share. */
  readonly shards: readonly number[]
  readonly catalog: Catalog
  readonly plans: readonly MetricPlan[]
  readonly secret: Uint8Array
  /** Bytes for the ids of all shards together. */
  readonly idsMemoryMax: number
  readonly commitMs: number
  /** Bytes of one pull from the log at most; PULL_BYTES_MAX. */
  readonly pullBytesMax?: number
  readonly clock: Clock
  /** Called with what a store held when it was opened, before its first commit. */
  readonly onLoad?: (state: StoreState) => void
  /** Called after each commit, with what was committed. */
  readonly onCommit: (committed: Committed, step: Step) => void
  /** Whether to commit at once, though nothing moved, so that others learn who has the shards. */
  readonly announces?: boolean
  /** Where the digest's shards are archived; without it they are not. */
  readonly archive?: ArchiveSettings
  /** Work that has the store to itself between two steps. */
  readonly holds?: Holds
  /** Told after each pull whether there is surely more. */
  readonly onPull?: (isBehind: boolean) => void
  /** Called with the rejects of a step, and waited for, before the step is committed. */
  readonly publishRejects?: PublishRejects
  /** Begins when counting waits, and ends when it goes on. */
  readonly outage: Outage
  /** Aborted: digest what the log holds by then, commit, and return. */
  readonly drain: AbortSignal
  /** Aborted: return as soon as the commit under way is done. */
  readonly signal: AbortSignal
}

/**
 * A pull takes so much at most: some 17,000 events, about 20 ms of work, for which requests wait
 * while the digest is behind. Less costs more round trips to a broker.
 */
export const PULL_BYTES_MAX: number = 4 * MIB
/**
 * After a pull of less than this, some 2,000 events, more may gather: in a run of a thousand an
 * event costs a quarter of what it costs among ten.
 */
const FEW_BYTES = 512 * KIB
const GATHER_MS = 50
/**
 * Time between commits while the log holds more than a pull: nobody waits for the newest numbers
 * then, and what is added up before a commit need not be written.
 */
const BEHIND_COMMIT_MS = SECOND_MS
/** A wait of `commitMs` may end so much before its time. */
const TIMER_MS_MAX = 1
/** Rows, ids and rejects that gather at most before a commit is waited for. */
const PENDING_MAX = 400_000
/** A log that cannot be reached is asked again after this. */
const ASK_MS = SECOND_MS / 2
const BACKOFF_MS_MIN = 100
const BACKOFF_MS_MAX = 5 * SECOND_MS

/**
 * Runs until drained or aborted. Throws a Fault whose retry is `never`; when draining, also one of
 * an outage that goes on: what was not digested is in the log.
 */
export async function runDigest(options: DigestOptions): Promise<void> {
  try {
    await runSessions(options)
  } finally {
    options.holds?.close()
  }
}

async function runSessions(options: DigestOptions): Promise<void> {
  let backoffMs = BACKOFF_MS_MIN
  const { outage } = options
  while (!options.signal.aborted) {
    try {
      await runSession(options, () => {
        backoffMs = BACKOFF_MS_MIN
        outage.end()
      })
      return
    } catch (error) {
      if (options.signal.aborted && error === options.signal.reason) return
      if (!isFault(error) || error.retry === 'never') throw error
      if (options.drain.aborted && outage.isOut) throw error
      outage.begin(error)
      await options.clock.sleep(backoffMs, options.signal)
      backoffMs = Math.min(backoffMs * 2, BACKOFF_MS_MAX)
    }
  }
}

/** One life of the store: from its offsets on, until drained, aborted, or a fault. */
async function runSession(options: DigestOptions, onHealthy: () => void): Promise<void> {
  await using store = await options.openStore()
  for (;;) {
    await runEngines(options, store, onHealthy)
    const { holds } = options
    if (options.signal.aborted || holds?.isAsked !== true) return
    const held = await toHeld(options, store)
    await holds.take()?.(held)
  }
}

/** From the store's offsets on, until drained or aborted, or work waits for the store. */
async function runEngines(
  options: DigestOptions,
  store: StepStore,
  onHealthy: () => void,
): Promise<void> {
  const { engines, positions, archives } = await loadEngines(options, store)
  const { log, clock, archive } = options
  let archiver: Archiver | null = null
  const commits = createCommits(options, { store, engines, onHealthy, archiver: () => archiver })
  try {
    if (options.announces === true) await commits.announce()
    if (archive !== undefined) {
      archiver = startArchiver({ ...archive, log, store, archives, clock })
    }
    await digestLog(options, { engines, commits, positions, archiver })
  } finally {
    await commits.idle()
    await archiver?.[Symbol.asyncDispose]()
  }
}

/** Nobody keeps the state: it holds all ids once more. */
async function loadEngines(
  options: DigestOptions,
  store: StepStore,
): Promise<
  Pick<Session, 'engines' | 'positions'> & { readonly archives: readonly ArchiveTotals[] }
> {
  const state = await store.load()
  options.onLoad?.(state)
  const engines = createEngines(options, state)
  const owned = state.shards.filter(({ shard }) => options.shards.includes(shard))
  const archives = owned.flatMap(shard => findArchives(shard, options.catalog))
  return { engines, positions: await findPositions(options, state), archives }
}

/** By shard. */
type Engines = ReadonlyMap<number, Engine>

interface Session {
  readonly engines: Engines
  readonly commits: Commits
  readonly positions: readonly LogPosition[]
  readonly archiver: Archiver | null
}

async function digestLog(options: DigestOptions, session: Session): Promise<void> {
  const { log, signal, clock } = options
  const { engines, commits, positions, archiver } = session
  const bytesMax = options.pullBytesMax ?? PULL_BYTES_MAX
  const readOptions = { bytesMax, waitMsMax: options.commitMs }
  let committedAtMs = clock.monotonic()
  // As of the beginning of a pull: what was appended before the drain began is read by then.
  let isLast = options.drain.aborted
  for await (const fetches of log.read(positions, readOptions, signal)) {
    archiver?.assertRunning()
    for (const fetch of fetches) {
      present(engines.get(fetch.partition), `the engine of shard ${fetch.partition}`).digest(fetch)
      commits.noteBytes(fetch)
    }
    const isCaughtUp = fetches.length === 0
    // So much that there is surely more.
    const isLagging = sizeOf(fetches) >= PULL_BYTES_MAX / 2
    options.onPull?.(isLagging)
    const intervalMs = isLagging ? Math.max(options.commitMs, BEHIND_COMMIT_MS) : options.commitMs
    // A log may say sooner than after `commitMs` that there is nothing more.
    const isDue = clock.monotonic() - committedAtMs >= intervalMs - TIMER_MS_MAX
    const isFull = [...engines.values()].some(engine => engine.pendingSize >= PENDING_MAX)
    if (isFull || (isDue && !commits.isBusy)) {
      await commits.begin()
      committedAtMs = clock.monotonic()
    }
    if ((isCaughtUp && isLast) || options.holds?.isAsked === true) break
    isLast = options.drain.aborted
    const isFew = !isCaughtUp && sizeOf(fetches) < FEW_BYTES
    if (isFew && !isLast) await clock.sleep(GATHER_MS, signal)
  }
  if (!signal.aborted) await commits.begin()
  await commits.settled()
}

function sizeOf(fetches: readonly Fetch[]): number {
  return fetches.reduce((sum, fetch) => sum + fetch.bytes.length, 0)
}

function createEngines(options: DigestOptions, state: StoreState): Engines {
  const { catalog, plans, secret, shards } = options
  const states = new Map(state.shards.map(shard => [shard.shard, shard]))
  return new Map(
    shards.map(shard => {
      const engine = createEngine({
        catalog,
        plans,
        secret,
        state: states.get(shard) ?? emptyState(shard),
        idsMemoryMax: options.idsMemoryMax / shards.length,
        archives: options.archive !== undefined,
      })
      return [shard, engine]
    }),
  )
}

function emptyState(shard: number): ShardState {
  return { shard, partitions: [], ids: { blocks: [], runs: [] } }
}

/** Where to go on reading: where the store left off, else at the log's beginning. */
async function findPositions(
  options: DigestOptions,
  state: StoreState,
): Promise<readonly LogPosition[]> {
  const key = (topic: string, partition: number): string => `${topic}/${partition}`
  const totals = state.shards.flatMap(shard => shard.partitions)
  const known = new Map(totals.map(total => [key(total.topic, total.partition), total.offsetNext]))
  const bounds = await waitForBounds(options)
  const first = new Map(bounds.map(bound => [key(bound.topic, bound.partition), bound.offsetFirst]))
  return topicsOf(options.catalog).flatMap(topic =>
    options.shards.map(partition => {
      const place = key(topic, partition)
      return { topic, partition, offset: known.get(place) ?? first.get(place) ?? 0 }
    }),
  )
}

/**
 * What the log holds, waited for with the store open, so that it answers meanwhile and is not taken
 * anew at every try.
 */
async function waitForBounds(options: DigestOptions): Promise<readonly PartitionBounds[]> {
  const { log, outage, clock, drain, signal } = options
  for (;;) {
    try {
      return await log.bounds(signal)
    } catch (error) {
      if (signal.aborted) throw signal.reason
      if (!isFault(error, 'LOG_UNAVAILABLE') || (drain.aborted && outage.isOut)) throw error
      outage.begin(error)
      await clock.sleep(ASK_MS, signal)
    }
  }
}

interface Commits {
  readonly isBusy: boolean
  /** Counts what of the log the next commit takes in. */
  noteBytes(fetch: Fetch): void
  /** As `settled`, then starts a commit of all that gathered. */
  begin(): Promise<void>
  /** The first commit, of whatever gathered, or of nothing. */
  announce(): Promise<void>
  /** Resolves when no commit is under way; throws what one of them threw. */
  settled(): Promise<void>
  /** Resolves when no commit is under way, whatever became of it. */
  idle(): Promise<void>
}

interface CommitParts {
  readonly store: StepStore
  readonly engines: Engines
  /** Called when a commit has succeeded, or there is nothing to commit. */
  readonly onHealthy: () => void
  /** null: it does not run. */
  readonly archiver: () => Archiver | null
}

function createCommits(options: DigestOptions, parts: CommitParts): Commits {
  const { store, engines, onHealthy } = parts
  // A step tells of topics too that are of the catalog no more, nor of the log.
  const topics = new Set(topicsOf(options.catalog))
  let running: Promise<void> | null = null
  let failure: unknown = null
  let bytes = new Map<string, number>()

  const commit = async (step: Step): Promise<void> => {
    const taken = bytes
    bytes = new Map()
    const rejects = step.shards.flatMap(shard => shard.rejects)
    if (rejects.length > 0) await options.publishRejects?.(rejects, options.signal)
    if (options.signal.aborted) return
    const committed = await store.commit(step)
    for (const [shard, runs] of Map.groupBy(committed.runs, run => run.shard)) {
      engines.get(shard)?.settle(runs.map(({ run }) => run))
    }
    const archiver = parts.archiver()
    archiver?.note(step, taken)
    const digested = step.shards
      .flatMap(shard => shard.partitions.map(toPosition))
      .filter(({ topic }) => topics.has(topic))
    options.log.release(archiver === null ? digested : digested.map(one => archiver.limit(one)))
    onHealthy()
    options.onCommit(committed, step)
  }
  const settled = async (): Promise<void> => {
    await running
    if (failure !== null) throw failure
  }
  return {
    get isBusy() {
      return running !== null
    },
    noteBytes: fetch => {
      const name = nameOf(fetch)
      bytes.set(name, (bytes.get(name) ?? 0) + fetch.bytes.length)
    },
    begin: async () => {
      await settled()
      await observe(options, engines)
      const shards = takeAll(engines)
      if (shards.length === 0) return onHealthy()
      running = commit({ catalogVersion: options.catalog.version, shards }).then(
        () => {
          running = null
        },
        (error: unknown) => {
          running = null
          failure = toFault(error)
        },
      )
    },
    announce: async () => {
      await observe(options, engines)
      await commit({ catalogVersion: options.catalog.version, shards: takeAll(engines) })
    },
    settled,
    idle: async () => {
      await running
    },
  }
}

/** Where the log ends. While it does not tell, what gathered is committed all the same. */
async function observe({ log, signal }: DigestOptions, engines: Engines): Promise<void> {
  try {
    const bounds = await log.bounds(signal)
    for (const engine of engines.values()) engine.observe(bounds)
  } catch (error) {
    if (!isFault(error, 'LOG_UNAVAILABLE')) throw error
  }
}

function takeAll(engines: Engines): readonly ShardStep[] {
  return [...engines.values()].map(engine => engine.take()).filter(isStep)
}

function isStep(step: ShardStep | null): step is ShardStep {
  return step !== null
}

function toPosition(totals: PartitionTotals): LogPosition {
  return { topic: totals.topic, partition: totals.partition, offset: totals.offsetNext }
}

/** What is no Fault is our own mistake, and goes on as it is. */
function toFault(error: unknown): unknown {
  if (error instanceof Error) return error
  return new Fault('STORE_UNAVAILABLE', `the store failed: ${messageOf(error)}`)
}
