/** Results as one store, for tests: workers that write, and a reader that looks at every commit. */
import { join } from 'node:path'
import type { ObjectStore } from '../../model/object-store.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { Step } from '../../model/step.ts'
import { present } from '../../std/assert.ts'
import { createSystemClock } from '../../std/clock.ts'
import type { Committed, Store } from '../store.ts'
import { takeShard } from './epochs.ts'
import { laterOf } from './later-of.ts'
import type { Limits } from './limits.ts'
import type { ResultsReader } from './results-reader.ts'
import { openResultsReader } from './results-reader.ts'
import type { ResultsStore } from './results-store.ts'
import { openResultsStore } from './results-store.ts'
import type { ResultsLayout } from './root.ts'

export interface PlacedOptions {
  readonly objects: ObjectStore
  /** For what lies at workers. */
  readonly directory: string
  readonly plans: readonly MetricPlan[]
  readonly shards: number
  readonly writers: 'one' | 'many'
  readonly crowd?: number
  /** Of the reader. */
  readonly viewSizeMax?: number
  readonly limits?: Partial<Limits>
}

export function layoutOf(shards: number): ResultsLayout {
  return { shards, partitioner: 'murmur2', topicPrefix: '', keyId: 'tests' }
}

export async function openPlaced(options: PlacedOptions): Promise<Store> {
  const { objects, plans, shards, writers } = options
  const all = Array.from({ length: shards }, (_, shard) => shard)
  const workers: ResultsStore[] = []
  for (const owned of writers === 'one' ? [all] : all.map(shard => [shard])) {
    workers.push(await openWorker(options, owned))
  }
  const { viewSizeMax = 1_000_000 } = options
  const layout = layoutOf(shards)
  const reader = await openResultsReader({ objects, plans, layout, viewSizeMax })
  return toStore(workers, reader, shard =>
    present(workers[writers === 'one' ? 0 : shard], 'a worker'),
  )
}

/** Takes shards over and opens them, with upkeep that leaves nothing for later. */
export async function openWorker(
  options: Omit<PlacedOptions, 'writers'>,
  shards: readonly number[],
): Promise<ResultsStore> {
  const { objects, plans, directory, crowd } = options
  const owned = []
  for (const shard of shards) {
    owned.push(await takeShard(objects, shard, { who: 'tests', atMs: 0 }))
  }
  const merging = crowd === undefined ? {} : { crowd, commitsUnmerged: 0 }
  return openResultsStore({
    objects,
    layout: layoutOf(options.shards),
    plans,
    owned,
    cacheDirectory: join(directory, owned.map(one => `${one.shard}-${one.epoch}`).join('+')),
    clock: createSystemClock(),
    limits: { ...merging, peersMs: 0, peersListMs: 0, ...options.limits },
    onUpkeepFault: fault => {
      throw fault
    },
  })
}

function toStore(
  workers: readonly ResultsStore[],
  reader: ResultsReader,
  workerOf: (shard: number) => ResultsStore,
): Store {
  let isBegun = false
  const commit = async (step: Step): Promise<Committed> => {
    // As workers do at their start: otherwise who has nothing to tell holds up progress.
    const quiet = workers.length > 1 && !isBegun ? workers : []
    for (const worker of quiet) await worker.commit({ ...step, shards: [] })
    isBegun = true
    const runs: Committed['runs'][number][] = []
    let progress: number | null = null
    for (const [worker, shards] of Map.groupBy(step.shards, one => workerOf(one.shard))) {
      const committed = await worker.commit({ ...step, shards })
      runs.push(...committed.runs)
      progress = laterOf(progress, committed.progress)
    }
    await reader.refresh()
    const loaded = await Promise.all(workers.map(worker => worker.load()))
    return { progress, runs, sequence: loaded.reduce((sum, state) => sum + state.sequence, 0) }
  }
  return {
    load: async () => {
      const loaded = await Promise.all(workers.map(worker => worker.load()))
      return {
        progress: loaded.map(state => state.progress).reduce(laterOf),
        sequence: loaded.reduce((sum, state) => sum + state.sequence, 0),
        shards: loaded.flatMap(state => state.shards),
      }
    },
    commit,
    refused: (place, from) => workerOf(place.partition).refused(place, from),
    archive: async advance => {
      const gone = await workerOf(advance.partition).archive(advance)
      await reader.refresh()
      return gone
    },
    // One worker tells all rows where it has all shards; where it has not, the reader's view does.
    rows: question => (workers.length === 1 ? workerOf(0).rows(question) : reader.query(question)),
    swap: async swap => {
      let last: Committed | null = null
      for (const worker of workers) last = await worker.swap(swap)
      await reader.refresh()
      return present(last ?? undefined, 'a worker')
    },
    query: question => reader.query(question),
    audit: () => reader.audit(),
    rejects: question => reader.rejects(question),
    [Symbol.asyncDispose]: async () => {
      for (const worker of workers) await worker[Symbol.asyncDispose]()
      await reader[Symbol.asyncDispose]()
    },
  }
}
