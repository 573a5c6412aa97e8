/**
 * A worker to be killed: takes the shards of a results place over, and commits known steps for
 * ever, telling how many each shard has. Started with a directory, and a crash point and how often
 * it passes it before it dies there.
 */
import { join } from 'node:path'
import type { ObjectStore } from '../../src/model/object-store.ts'
import { openLocalObjects } from '../../src/objects/local/local-objects.ts'
import { createSystemClock } from '../../src/std/clock.ts'
import { KNOWN_PLANS, KNOWN_SHARDS, knownStep } from '../../src/store/duckdb/known-steps.ts'
import { takeShard } from '../../src/store/results/epochs.ts'
import { openResultsStore } from '../../src/store/results/results-store.ts'
import { KNOWN_LAYOUT, stepsOf } from './results-known.ts'

const [directory = '', point = '', passes = '0'] = process.argv.slice(2)
let left = Number(passes)
const reach = (reached: string): void => {
  if (reached !== point) return
  left -= 1
  if (left < 0) process.kill(process.pid, 'SIGKILL')
}

const local = openLocalObjects({ directory: join(directory, 'place') })
const objects: ObjectStore = {
  ...local,
  put: async (key, bytes, options) => {
    reach('put.before')
    const outcome = await local.put(key, bytes, options)
    reach('put.after')
    return outcome
  },
  delete: async key => {
    await local.delete(key)
    reach('delete.after')
  },
}
const clock = createSystemClock()
const owned = []
for (let shard = 0; shard < KNOWN_SHARDS; shard += 1) {
  owned.push(await takeShard(objects, shard, { who: `process ${process.pid}`, atMs: clock.now() }))
}
await using store = await openResultsStore({
  objects,
  layout: KNOWN_LAYOUT,
  plans: KNOWN_PLANS,
  owned,
  cacheDirectory: join(directory, 'cache'),
  clock,
  limits: { crowd: 2, commitsUnmerged: 0, garbageMs: 20 },
  crash: reach,
})
const counts = (await store.load()).shards.map(stepsOf)
for (;;) {
  process.stdout.write(`${counts.join(' ')}\n`)
  const least = Math.min(...counts)
  // A shard that was ahead when the last worker died waits for the others.
  const shards = knownStep(least).shards.filter(({ shard }) => counts[shard] === least)
  await store.commit({ catalogVersion: 'c1', shards })
  for (const { shard } of shards) counts[shard] = least + 1
}
