/** After SIGKILL at any moment the store is as after some commit, the last told or a later one. */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { IdState } from '../../model/ids.ts'
import { present } from '../../std/assert.ts'
import { createPrng } from '../../std/prng.ts'
import { pagesOf, rowsOf } from '../bed.ts'
import { openMemoryStore } from '../memory/memory.ts'
import type { Store } from '../store.ts'
import { openDuckDbStore } from './duckdb.ts'
import { idsEnd, KNOWN_PLANS, KNOWN_SHARDS, knownStep } from './known-steps.ts'

let directory = ''
const options = (): Parameters<typeof openDuckDbStore>[0] => {
  return { directory, plans: KNOWN_PLANS, shards: KNOWN_SHARDS }
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-crash-'))
})
afterAll(() => rm(directory, { recursive: true }))

// One directory through all deaths: what one leaves behind, the next must bear.
for (const point of [
  'commit.before',
  'commit.after',
  'compaction.before',
  'compaction.after',
] as const) {
  test(`killed at ${point}`, async () => {
    for (const passes of [0, 3]) {
      const told = await runUntilDead([point, String(passes)], null)
      await expectWhole(told)
    }
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

/** Runs the child until it dies: by itself, or killed a while after so many commits. */
async function runUntilDead(
  args: readonly string[],
  kill: { readonly commits: number; readonly ms: number } | null,
): Promise<number> {
  const script = join(import.meta.dirname, 'crash-child.ts')
  const child = spawn(process.execPath, [script, directory, ...args])
  let output = ''
  let errors = ''
  child.stderr.on('data', (data: Buffer) => {
    errors += data.toString()
  })
  let isDoomed = false
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
  return Number(output.trim().split('\n').at(-1))
}

/** Compares everything with a store in memory that was given the same steps and never died. */
async function expectWhole(told: number, message = ''): Promise<void> {
  await using store = await openDuckDbStore(options())
  const state = await store.load()
  expect(state.sequence, message).toBeGreaterThanOrEqual(told)
  expect(state.sequence, message).toBeLessThanOrEqual(told + 1)
  await using recount = openMemoryStore({ plans: KNOWN_PLANS, shards: KNOWN_SHARDS })
  for (let number = 0; number < state.sequence; number += 1) await recount.commit(knownStep(number))
  for (const metric of ['known_hourly', 'known_all']) {
    expect(await rowsOf(store, metric), message).toEqual(await rowsOf(recount, metric))
    expect(await pagesOf(store, metric, 7)).toEqual(await rowsOf(recount, metric))
  }
  expect(await store.audit()).toEqual(await recount.audit())
  expect((await store.audit()).balanced).toBe(true)
  expect(await store.rejects({ limit: 1_000, cursor: null })).toEqual(
    await recount.rejects({ limit: 1_000, cursor: null }),
  )
  const expected = await recount.load()
  expect({ ...state, shards: [] }).toEqual({ ...expected, shards: [] })
  const [ids] = state.shards.map(shard => shard.ids)
  const [expectedIds] = expected.shards.map(shard => shard.ids)
  expect(present(ids, 'ids').blocks).toEqual(present(expectedIds, 'ids').blocks)
  for (let number = 0; number < idsEnd(state.sequence + 2); number += 1) {
    expect(isSealed(present(ids, 'ids'), number)).toBe(
      isSealed(present(expectedIds, 'ids'), number),
    )
  }
  await expectNoOrphans(store)
}

function isSealed(ids: IdState, number: number): boolean {
  return ids.runs.some(run => run.has(number, number + 1, number + 2, number + 3))
}

/** Files of ids: a delta for the shard that has ids, and no more runs than a bucket may have. */
async function expectNoOrphans(store: Store): Promise<void> {
  const names = (await readdir(directory)).filter(name => name.startsWith('ids-'))
  const [state] = (await store.load()).shards
  expect(names.filter(name => name.endsWith('.delta')).length).toBeLessThanOrEqual(1)
  expect(names.filter(name => name.endsWith('.run'))).toHaveLength(state?.ids.runs.length ?? 0)
}
