/** The stores of the benches, as `weir start` and `weir digest` open them. */
import { join } from 'node:path'
import { shardsOf } from '../src/model/catalog.ts'
import { openLocalObjects } from '../src/objects/local/local-objects.ts'
import { createSystemClock } from '../src/std/clock.ts'
import { openDuckDbStore } from '../src/store/duckdb/duckdb.ts'
import { takeShard } from '../src/store/results/epochs.ts'
import type { ResultsReader } from '../src/store/results/results-reader.ts'
import { openResultsReader } from '../src/store/results/results-reader.ts'
import type { ResultsStore } from '../src/store/results/results-store.ts'
import { openResultsStore } from '../src/store/results/results-store.ts'
import type { ResultsLayout } from '../src/store/results/root.ts'
import type { Store } from '../src/store/store.ts'
import { PARTITIONS } from './events.ts'
import { CATALOG, PLANS } from './job.ts'

/** Time between commits, with each store. */
export const COMMIT_MS = 200
export const WORKER_COMMIT_MS = 500

/** The store of `weir start`, which lasts. */
export function openBenchStore(directory: string): Promise<Store> {
  const shards = PARTITIONS
  return openDuckDbStore({ directory, plans: PLANS, shards })
}

const LAYOUT: ResultsLayout = {
  shards: PARTITIONS,
  partitioner: CATALOG.partitioner,
  topicPrefix: CATALOG.topicPrefix,
  keyId: 'bench',
}

/** The store of a worker that has all shards: a results place in a directory. */
export async function openWorkerStore(directory: string): Promise<ResultsStore> {
  const clock = createSystemClock()
  const objects = openLocalObjects({ directory: join(directory, 'place') })
  const taking = shardsOf(CATALOG).map(shard =>
    takeShard(objects, shard, { who: 'bench', atMs: clock.now() }),
  )
  return await openResultsStore({
    objects,
    layout: LAYOUT,
    plans: PLANS,
    owned: await Promise.all(taking),
    cacheDirectory: join(directory, 'cache'),
    clock,
    onUpkeepFault: fault => {
      throw fault
    },
  })
}

/** What readers of that place get. */
export async function openWorkerReader(directory: string): Promise<ResultsReader> {
  const objects = openLocalObjects({ directory: join(directory, 'place') })
  const reader = await openResultsReader({ objects, plans: PLANS, layout: LAYOUT })
  await reader.refresh()
  return reader
}
