/** Owners that come, go, and come back: what counts is what the newest one built on. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { count, defineMetric } from '../../model/metric.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { Step } from '../../model/step.ts'
import { openMemoryObjects } from '../../objects/memory/memory-objects.ts'
import { createSystemClock } from '../../std/clock.ts'
import { Fault } from '../../std/fault.ts'
import { expectFault, rowsOf } from '../bed.ts'
import { block, plansOf, reject, sold, stepOf, toBatch, totals } from '../steps.ts'
import { isTakenOver, takeShard } from './epochs.ts'
import { layoutOf, openWorker } from './placed.contract.ts'
import type { ResultsReader } from './results-reader.ts'
import { openResultsReader } from './results-reader.ts'
import type { ResultsStore } from './results-store.ts'
import { openResultsStore } from './results-store.ts'

const plans = plansOf(
  defineMetric('hourly', { from: sold, window: 'hour', measures: { sales: count() } }),
)
const [plan] = plans as [MetricPlan]

let directory = ''
let objects: ObjectStore = openMemoryObjects()
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-takeover-'))
  objects = openMemoryObjects()
})
afterEach(() => rm(directory, { recursive: true }))

const open = (place = objects, ...shards: readonly number[]): Promise<ResultsStore> =>
  openWorker({ objects: place, directory, plans, shards: 2 }, shards.length === 0 ? [0] : shards)
const read = (): Promise<ResultsReader> =>
  openResultsReader({ objects, plans, layout: layoutOf(2) })

/** `sales` more, of which the partition has accepted `accepted` in all. */
function sale(sales: number, accepted: number, shard = 0): Step {
  const row = { time: '2026-03-01T12:00:00Z', events: sales, values: { sales } }
  const partitions = [totals({ partition: shard, accepted })]
  return stepOf({ shard, partitions, partials: [toBatch(plan, [row])] })
}

async function salesNow(): Promise<unknown> {
  await using reader = await read()
  return (await rowsOf(reader, 'hourly'))[0]?.values['sales'] ?? 0
}

/** An object store in which puts of some keys wait, or fail before or after they took effect. */
function disturb(hit: (key: string) => Promise<'ok' | 'fail before' | 'fail after'>): ObjectStore {
  const fail = (key: string): never => {
    throw new Fault('OBJECTS_UNAVAILABLE', `the connection was lost at '${key}'`)
  }
  return {
    ...objects,
    put: async (key, bytes, options) => {
      const outcome = await hit(key)
      if (outcome === 'fail before') fail(key)
      const stored = await objects.put(key, bytes, options)
      return outcome === 'fail after' ? fail(key) : stored
    },
  }
}

const isManifest = (key: string): boolean => key.startsWith('results/manifests/')

test('a shard has one owner for each number', async () => {
  const taken = await Promise.all(
    Array.from({ length: 20 }, (_, at) => takeShard(objects, 3, { who: `worker ${at}`, atMs: at })),
  )
  const epochs = taken.map(one => one.epoch).toSorted((a, b) => a - b)
  expect(epochs).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
  const own = await Promise.all(taken.map(one => isTakenOver(objects, one)))
  expect(taken.filter((_, at) => own[at] === false).map(one => one.epoch)).toEqual([20])
  expect((await takeShard(objects, 2, { who: 'me', atMs: 0 })).epoch).toBe(1)
})

test('who was taken over is refused, and goes on with the rest of its shards', async () => {
  await using old = await open(objects, 0, 1)
  await old.commit(stepOf(...sale(1, 1).shards, ...sale(1, 1, 1).shards))
  await using taker = await open(objects, 0)
  const state = await taker.load()
  expect(state.shards.map(one => [one.shard, one.partitions[0]?.accepted])).toEqual([[0, 1]])
  await taker.commit(sale(2, 3))
  await expectFault(() => old.commit(sale(9, 10)), 'EPOCH_FENCED', /shard 0.*another worker/)
  expect(old.fencedShards).toEqual([0])
  await expectFault(
    () => old.commit(stepOf(...sale(9, 10).shards, ...sale(9, 10, 1).shards)),
    'EPOCH_FENCED',
    /shard 0/,
  )
  expect(await salesNow()).toBe(4)
  await old.commit(sale(5, 6, 1))
  expect(await salesNow()).toBe(9)
})

test('what is missing is no fault of who was taken over meanwhile', async () => {
  const faults: unknown[] = []
  let isTaken = false
  // Ids are read when they are merged: then another owner comes, and removes them.
  const get: ObjectStore['get'] = async (key, known) => {
    if (!isTaken && key.includes('/ids/')) {
      isTaken = true
      await takeShard(objects, 0, { who: 'another', atMs: 0 })
      await objects.delete(key)
    }
    return objects.get(key, known)
  }
  let tell = (): void => undefined
  await using old = await openResultsStore({
    objects: { ...objects, get },
    layout: layoutOf(1),
    plans,
    owned: [await takeShard(objects, 0, { who: 'tests', atMs: 0 })],
    cacheDirectory: join(directory, 'cache'),
    clock: createSystemClock(),
    limits: { crowd: 2, commitsUnmerged: 0 },
    onUpkeepFault: fault => {
      faults.push(fault)
      tell()
    },
    crash: point => {
      if (point === 'upkeep.after') tell()
    },
  })
  for (let accepted = 1; !isTaken; accepted += 1) {
    const { promise, resolve } = Promise.withResolvers<void>()
    tell = resolve
    const [step] = sale(1, accepted).shards
    await old.commit(
      stepOf({ ...step, ids: { added: [block(1, [accepted])], sealed: [], kept: [] } }),
    )
    await promise
  }
  expect(faults).toEqual([])
})

test('who lost its shard before it opened it is told at once', async () => {
  const taken = await takeShard(objects, 0, { who: 'slow', atMs: 0 })
  await using taker = await open()
  await taker.commit(sale(1, 1))
  const late = openResultsStore({
    objects,
    layout: layoutOf(2),
    plans,
    owned: [taken],
    cacheDirectory: join(directory, 'late'),
    clock: { now: () => 0, monotonic: () => 0, sleep: async () => undefined },
  })
  await expectFault(() => late, 'EPOCH_FENCED', /epoch 1/)
})

/** A worker whose commit stands still before its manifest is put. */
async function stopAtManifest(): Promise<{
  readonly worker: ResultsStore
  readonly isStopped: Promise<void>
  readonly wake: () => void
}> {
  let wake = (): void => undefined
  const sleeping = new Promise<void>(resolve => {
    wake = resolve
  })
  let stop = (): void => undefined
  const isStopped = new Promise<void>(resolve => {
    stop = resolve
  })
  let isArmed = false
  const place = disturb(async key => {
    if (isArmed && isManifest(key)) {
      stop()
      await sleeping
    }
    return 'ok'
  })
  const worker = await open(place)
  await worker.commit(sale(1, 1))
  isArmed = true
  return { worker, isStopped, wake }
}

test('what the former owner commits after its state was read is not lost', async () => {
  const { worker, isStopped, wake } = await stopAtManifest()
  await using old = worker
  const committing = old.commit(sale(2, 3))
  await isStopped
  await using hasty = await open()
  expect((await hasty.load()).shards[0]?.partitions[0]?.accepted).toBe(1)
  wake()
  await committing
  await expectFault(() => hasty.commit(sale(2, 3)), 'STORE_UNAVAILABLE', /former owner.*again/)
  expect(await salesNow()).toBe(3)
  await using taker = await open()
  expect((await taker.load()).shards[0]?.partitions[0]?.accepted).toBe(3)
  await taker.commit(sale(4, 7))
  expect(await salesNow()).toBe(7)
})

test('what the former owner commits after the new one did counts nowhere', async () => {
  const { worker, isStopped, wake } = await stopAtManifest()
  await using old = worker
  const committing = old.commit(sale(2, 3))
  await isStopped
  await using taker = await open()
  await using reader = await read()
  await taker.commit(sale(2, 3))
  wake()
  await committing
  await reader.refresh()
  expect((await rowsOf(reader, 'hourly'))[0]?.values).toEqual({ sales: 3 })
  await expectFault(() => old.commit(sale(1, 4)), 'EPOCH_FENCED', /shard 0/)
  await taker.commit(sale(4, 7))
  expect(await salesNow()).toBe(7)
})

test('a reader that saw what counts nowhere forgets it', async () => {
  const { worker, isStopped, wake } = await stopAtManifest()
  await using old = worker
  const committing = old.commit(sale(2, 3))
  await isStopped
  await using taker = await open()
  // It commits between the look at the predecessor and the put.
  const late = disturb(async key => {
    if (isManifest(key)) {
      wake()
      await committing
      await reader.refresh()
      expect((await rowsOf(reader, 'hourly'))[0]?.values).toEqual({ sales: 3 })
    }
    return 'ok'
  })
  await using reader = await read()
  await using other = await open(late)
  await other.commit(sale(7, 8))
  await reader.refresh()
  expect((await rowsOf(reader, 'hourly'))[0]?.values).toEqual({ sales: 8 })
  await expectFault(() => taker.commit(sale(1, 1)), 'EPOCH_FENCED', /shard 0/)
})

test('a failed put of objects changes nothing, one of the manifest nobody knows', async () => {
  let mode: 'ok' | 'objects' | 'fail before' | 'fail after' = 'ok'
  const place = disturb(async key => {
    if (mode === 'objects') return isManifest(key) ? 'ok' : 'fail before'
    return isManifest(key) ? mode : 'ok'
  })
  for (const [outcome, sales] of [
    ['fail before', 3],
    ['fail after', 8],
  ] as const) {
    const accepted = sales === 3 ? 0 : 3
    await using worker = await open(place)
    await worker.commit(sale(1, accepted + 1))
    mode = 'objects'
    await expectFault(
      () => worker.commit(sale(2, accepted + 3)),
      'STORE_UNAVAILABLE',
      /nothing changed.*connection/,
    )
    mode = 'ok'
    await worker.commit(sale(2, accepted + 3))
    mode = outcome
    await expectFault(
      () => worker.commit(sale(2, accepted + 5)),
      'STORE_COMMIT_UNCERTAIN',
      /may or may not/,
    )
    mode = 'ok'
    await expectFault(() => worker.commit(sale(2, 9)), 'STORE_COMMIT_UNCERTAIN', /may or may not/)
    await using again = await open(place)
    const state = await again.load()
    expect(state.shards[0]?.partitions[0]?.accepted).toBe(sales)
    expect(await salesNow()).toBe(sales)
  }
})

test('what a former owner left is removed after a while, and nothing else', async () => {
  let nowMs = 1_000_000
  const clock = { now: () => nowMs, monotonic: () => nowMs, sleep: async () => undefined }
  const keysOf = async (): Promise<readonly string[]> => {
    const keys: string[] = []
    for await (const { key } of objects.list('')) keys.push(key)
    return keys.filter(key => /objects|rejects|ids|manifests/.test(key))
  }
  const start = async (place = objects): Promise<[ResultsStore, () => Promise<void>]> => {
    const owned = [await takeShard(objects, 0, { who: 'tests', atMs: nowMs })]
    let tell = (): void => undefined
    const worker = await openResultsStore({
      objects: place,
      layout: layoutOf(1),
      plans,
      owned,
      cacheDirectory: join(directory, 'cache'),
      clock,
      limits: { crowd: 2, commitsUnmerged: 0, garbageMs: 60_000 },
      crash: point => {
        if (point === 'upkeep.after') tell()
      },
    })
    let accepted = (await worker.load()).shards[0]?.partitions[0]?.accepted ?? 0
    const commit = async (): Promise<void> => {
      const upkept = new Promise<void>(resolve => {
        tell = resolve
      })
      accepted += 1
      const [step] = sale(1, accepted).shards
      const ids = { added: [block(1, [accepted])], sealed: [], kept: [] }
      const rejects = [reject(accepted)]
      await worker.commit(stepOf({ ...step, ids, rejects }))
      await upkept
    }
    return [worker, commit]
  }
  let isFailing = false
  const place = disturb(async key => (isFailing && isManifest(key) ? 'fail before' : 'ok'))
  const [first, commitFirst] = await start(place)
  await commitFirst()
  isFailing = true
  await expectFault(commitFirst, 'STORE_COMMIT_UNCERTAIN', /connection/)
  await first[Symbol.asyncDispose]()
  const orphans = (await keysOf()).filter(key => key.includes('-0000000004'))
  expect(orphans.length).toBe(1)

  const [second, commit] = await start()
  for (let turn = 0; turn < 30; turn += 1) await commit()
  const before = await keysOf()
  expect(before).toEqual(expect.arrayContaining([...orphans]))
  expect(before.length).toBeGreaterThan(60)
  nowMs += 60_001
  await commit()
  await commit()
  const after = await keysOf()
  // Of each of three sorts two a tier, one just written, and what the last commits replaced.
  expect(after.length).toBeLessThan(50)
  expect(after).not.toEqual(expect.arrayContaining([...orphans]))
  expect(after.filter(isManifest)).toEqual(['results/manifests/0/0000000002.json'])
  await second[Symbol.asyncDispose]()
  await using reader = await openResultsReader({ objects, plans, layout: layoutOf(1) })
  expect((await rowsOf(reader, 'hourly'))[0]?.values).toEqual({ sales: 33 })
  expect((await reader.rejects({ limit: 100, cursor: null })).rejects).toHaveLength(33)
  const [third] = await start()
  expect((await third.load()).shards[0]?.ids.blocks).toEqual([
    block(
      1,
      Array.from({ length: 33 }, (_, index) => index + 1),
    ),
  ])
  await third[Symbol.asyncDispose]()
})
