/** After SIGKILL at any moment each shard of a results place is as after some commit of its own. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { IdState } from '../src/model/ids.ts'
import { openLocalObjects } from '../src/objects/local/local-objects.ts'
import { present } from '../src/std/assert.ts'
import { createSystemClock } from '../src/std/clock.ts'
import { createPrng } from '../src/std/prng.ts'
import { pagesOf, rowsOf } from '../src/store/bed.ts'
import { idsEnd } from '../src/store/duckdb/known-steps.ts'
import { openMemoryStore } from '../src/store/memory/memory.ts'
import { takeShard } from '../src/store/results/epochs.ts'
import { openResultsReader } from '../src/store/results/results-reader.ts'
import { openResultsStore } from '../src/store/results/results-store.ts'
import type { Store } from '../src/store/store.ts'
import {
  KNOWN_LAYOUT,
  KNOWN_PLANS,
  KNOWN_SHARDS,
  knownStep,
  stepsOf,
} from './support/results-known.ts'

let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-crash-'))
})
afterAll(() => rm(directory, { recursive: true }))

// One directory through all deaths: what one leaves behind, the next must bear.
for (const [point, passes] of [
  ['objects.before', 2],
  ['objects.after', 0],
  ['objects.after', 7],
  ['manifest.after', 3],
  ['upkeep.after', 4],
  ['delete.after', 1],
  ['put.before', 30],
  ['put.after', 4],
  ['put.after', 23],
  ['put.after', 38],
] as const) {
  test(`killed at ${point}, the time after ${passes} others`, async () => {
    await expectWhole(await runUntilDead([point, String(passes)], null))
  })
}

test('killed at any moment', async () => {
  const seed = process.pid
  const prng = createPrng(seed)
  for (let turn = 0; turn < 5; turn += 1) {
    const told = await runUntilDead([], { commits: 1 + prng.nextBelow(12), ms: prng.nextBelow(40) })
    await expectWhole(told, `seed ${seed}`)
  }
})

/** Runs the child until it dies; gives how many steps it had told of each shard. */
async function runUntilDead(
  args: readonly string[],
  kill: { readonly commits: number; readonly ms: number } | null,
): Promise<readonly number[]> {
  const script = join(import.meta.dirname, 'support', 'results-crash-child.ts')
  const child = spawn(process.execPath, [script, directory, ...args])
  let output = ''
  let errors = ''
  let isDoomed = false
  child.stderr.on('data', (data: Buffer) => {
    errors += data.toString()
  })
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString()
    if (kill === null || isDoomed || output.split('\n').length <= kill.commits) return
    isDoomed = true
    setTimeout(() => child.kill('SIGKILL'), kill.ms)
  })
  const signal = await new Promise(resolve => {
    child.on('close', (_, name) => resolve(name))
  })
  expect(signal, errors).toBe('SIGKILL')
  return (output.trim().split('\n').at(-1) ?? '').split(' ').map(Number)
}

/** Compares all that values are made of with a store in memory that never died. */
async function expectWhole(told: readonly number[], message = ''): Promise<void> {
  const objects = openLocalObjects({ directory: join(directory, 'place') })
  const clock = createSystemClock()
  const owned = []
  for (let shard = 0; shard < KNOWN_SHARDS; shard += 1) {
    owned.push(await takeShard(objects, shard, { who: 'the test', atMs: clock.now() }))
  }
  await using store = await openResultsStore({
    objects,
    layout: KNOWN_LAYOUT,
    plans: KNOWN_PLANS,
    owned,
    cacheDirectory: join(directory, 'cache of the test'),
    clock,
  })
  const state = await store.load()
  const counts = state.shards.map(stepsOf)
  for (const [shard, count] of counts.entries()) {
    expect(count, message).toBeGreaterThanOrEqual(told[shard] ?? 0)
    expect(count, message).toBeLessThanOrEqual((told[shard] ?? 0) + 1)
  }
  await using recount = await recountOf(counts)
  await using reader = await openResultsReader({
    objects,
    plans: KNOWN_PLANS,
    layout: KNOWN_LAYOUT,
  })
  for (const { name } of KNOWN_PLANS) {
    const expected = (await rowsOf(recount, name)).map(toCounted)
    expect((await rowsOf(reader, name)).map(toCounted), message).toEqual(expected)
    expect((await pagesOf(reader, name, 7)).map(toCounted)).toEqual(expected)
  }
  expect(await reader.audit()).toEqual(await recount.audit())
  expect((await reader.audit()).balanced).toBe(true)
  const all = { limit: 1_000, cursor: null }
  expect(await reader.rejects(all)).toEqual(await recount.rejects(all))
  const expected = await recount.load()
  const ids = present(state.shards[0]?.ids, 'ids')
  const expectedIds = present(expected.shards[0]?.ids, 'ids')
  expect(ids.blocks).toEqual(expectedIds.blocks)
  for (let number = 0; number < idsEnd((counts[0] ?? 0) + 2); number += 1) {
    expect(isSealed(ids, number)).toBe(isSealed(expectedIds, number))
  }
}

/** What is late depends on what was published when; that a death may change. */
function toCounted(row: Awaited<ReturnType<typeof rowsOf>>[number]): unknown {
  return { ...row, status: '', revision: 0, late: 0 }
}

async function recountOf(counts: readonly number[]): Promise<Store> {
  const recount = openMemoryStore({ plans: KNOWN_PLANS, shards: KNOWN_SHARDS })
  for (let number = 0; number < Math.max(...counts); number += 1) {
    const shards = knownStep(number).shards.filter(({ shard }) => number < (counts[shard] ?? 0))
    await recount.commit({ catalogVersion: 'c1', shards })
  }
  return recount
}

function isSealed(ids: IdState, number: number): boolean {
  return ids.runs.some(run => run.has(number, number + 1, number + 2, number + 3))
}
