/**
 * More ids than memory may hold: the ids of four shards and the store, fed directly, with a commit
 * now and then as the digest makes them.
 * Run as `node bench/ids.ts DATA COUNT`: leaves a data directory that has seen so many events.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import process from 'node:process'
import type { IdSet } from '../src/engine/ids/id-set.ts'
import { bucketOf, createIdSet, SEEN_KIND } from '../src/engine/ids/id-set.ts'
import type { ShardStep } from '../src/model/step.ts'
import { DAY_MS, MIB } from '../src/std/units.ts'
import { openDuckDbStore } from '../src/store/duckdb/duckdb.ts'
import type { Store } from '../src/store/store.ts'
import { PARTITIONS } from './events.ts'
import { tell } from './measure.ts'
import { benchCatalog, benchPlans } from './shop.ts'

export interface IdsMeasured {
  readonly idCount: number
  readonly seconds: number
  readonly cpuSeconds: number
  /** What all tables together took at most, as counted, and what they were allowed. */
  readonly tablesMaxMib: number
  readonly tablesAllowedMib: number
  readonly rssMib: number
  /** Ids that were asked for again, and not found: must be 0. */
  readonly lostCount: number
}

const MEMORY_MAX = 128 * MIB
const IDS_PER_COMMIT = 100_000
/** A window of one day in which duplicates are looked for holds them all: the hardest case. */
const BUCKET = bucketOf(SEEN_KIND, Date.UTC(2026, 0, 1) + DAY_MS)
/** Every so many ids one is asked for again in the end. */
const SAMPLE_EVERY = 10_007

async function measureIds(data: string, idCount: number): Promise<IdsMeasured> {
  const catalog = benchCatalog(PARTITIONS)
  const startMs = performance.now()
  await using store = await openDuckDbStore({
    directory: join(data, 'store'),
    plans: benchPlans(catalog),
    shards: PARTITIONS,
  })
  await store.load()
  const factors = Int32Array.of(0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f)
  const sets = Array.from({ length: PARTITIONS }, () =>
    createIdSet({ blocks: [], runs: [] }, MEMORY_MAX / PARTITIONS, factors),
  )
  const samples: Int32Array[] = []
  let tablesMax = 0
  for (let done = 0; done < idCount; done += IDS_PER_COMMIT) {
    const words = new Int32Array(randomBytes(IDS_PER_COMMIT * 16).buffer)
    for (let at = 0; at < words.length; at += 4) {
      addTo(sets, words.subarray(at, at + 4))
      if ((done + at / 4) % SAMPLE_EVERY === 0) samples.push(words.slice(at, at + 4))
    }
    tablesMax = Math.max(tablesMax, sumOf(sets))
    await commit(store, catalog.version, sets)
  }
  const { user, system } = process.cpuUsage()
  return {
    idCount,
    seconds: (performance.now() - startMs) / 1000,
    cpuSeconds: (user + system) / 1e6,
    tablesMaxMib: tablesMax / MIB,
    tablesAllowedMib: MEMORY_MAX / MIB,
    rssMib: process.resourceUsage().maxRSS / 1024,
    lostCount: samples.filter(words => addTo(sets, words)).length,
  }
}

function addTo(sets: readonly IdSet[], words: Int32Array): boolean {
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words
  return sets[w0 & (PARTITIONS - 1)]?.table(BUCKET).add(w0, w1, w2, w3) ?? false
}

function sumOf(sets: readonly IdSet[]): number {
  return sets.reduce((sum, set) => sum + set.byteSize, 0)
}

async function commit(store: Store, catalogVersion: string, sets: readonly IdSet[]): Promise<void> {
  const shards = sets.map((set, shard): ShardStep => {
    const ids = set.take()
    return { shard, arrivalMs: null, partitions: [], partials: [], ids, rejects: [] }
  })
  const { runs } = await store.commit({ catalogVersion, shards })
  for (const [shard, ofShard] of Map.groupBy(runs, run => run.shard)) {
    sets[shard]?.settle(ofShard.map(({ run }) => run))
  }
}

const [data, count] = process.argv.slice(2)
if (import.meta.main && data !== undefined) tell(await measureIds(data, Number(count)))
