import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { count, countDistinct, defineMetric } from '../../model/metric.ts'
import type { ObjectStore, StoredObject } from '../../model/object-store.ts'
import type { MetricPlan } from '../../model/plan.ts'
import { openMemoryObjects } from '../../objects/memory/memory-objects.ts'
import { ALL, expectFault, rowsOf } from '../bed.ts'
import { block, plansOf, reject, sold, stepOf, toBatch, totals } from '../steps.ts'
import { takeShard } from './epochs.ts'
import { layoutOf, openWorker } from './placed.contract.ts'
import type { ResultsReader } from './results-reader.ts'
import { openResultsReader } from './results-reader.ts'
import type { ResultsStore } from './results-store.ts'
import { openResultsStore } from './results-store.ts'
import { openHashKey } from './root.ts'

const hourly = defineMetric('hourly', {
  from: sold,
  window: 'hour',
  groupBy: ['data.item'],
  measures: { sales: count(), shops: countDistinct('data.shop') },
})
const minutely = defineMetric('minutely', {
  from: sold,
  window: 'minute',
  measures: { sales: count() },
})
const plans = plansOf(hourly, minutely)
const [hours, minutes] = plans as [MetricPlan, MetricPlan]
const NOON = Date.parse('2026-03-01T12:00:00Z')
const at = (minute: number): string => new Date(NOON + minute * 60_000).toISOString()

let directory = ''
let objects: ObjectStore = openMemoryObjects()
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-reader-'))
  objects = openMemoryObjects()
})
afterEach(() => rm(directory, { recursive: true }))

const work = (...shards: readonly number[]): Promise<ResultsStore> =>
  openWorker({ objects, directory, plans, shards: 2 }, shards)
const read = (given = plans): Promise<ResultsReader> =>
  openResultsReader({ objects, plans: given, layout: layoutOf(2) })

test('news tell what moved, from the entries alone where windows are few', async () => {
  await using reader = await read()
  expect(await reader.refresh()).toBeNull()
  await using worker = await work(0)
  const partitions = [totals({ accepted: 3, timeMs: NOON, invalid: { not_json: 1 } })]
  await worker.commit(
    stepOf({
      partitions,
      arrivalMs: 77,
      partials: [toBatch(hours, [{ time: at(0), key: ['a'] }])],
      rejects: [reject(1)],
    }),
  )
  expect(await reader.refresh()).toEqual({
    sequence: 1,
    progress: null,
    changes: [{ plan: hours, starts: null }],
    hasRejects: true,
    arrivalMs: 77,
  })
  await using other = await work(1)
  await other.commit(stepOf())
  expect(await reader.refresh()).toMatchObject({ sequence: 1, progress: NOON, hasRejects: false })
  const rows = [0, 3, 400].map(minute => ({ time: at(minute), key: ['b'] }))
  const partials = [toBatch(hours, rows.slice(0, 1)), toBatch(minutes, rows)]
  await worker.commit(stepOf({ partitions, partials }))
  const news = await reader.refresh()
  expect(news).toMatchObject({ sequence: 2, hasRejects: false, arrivalMs: null })
  expect(news?.changes).toEqual([
    { plan: hours, starts: new Set([NOON]) },
    { plan: minutes, starts: new Set([0, 3, 400].map(minute => NOON + minute * 60_000)) },
  ])
  await worker.commit(stepOf({ partitions, partials: [toBatch(minutes, rows.slice(0, 2))] }))
  expect((await reader.refresh())?.changes).toEqual([
    { plan: minutes, starts: new Set([0, 1, 2, 3].map(minute => NOON + minute * 60_000)) },
  ])
  expect(await reader.refresh()).toBeNull()
})

test('a config that is ahead of the workers is told so', async () => {
  const other = plansOf({ ...hourly, name: 'unknown' }, { ...minutely, window: 'day' })
  await using reader = await read(other)
  expect(await rowsOf(reader, 'unknown')).toEqual([])
  await using worker = await work(0)
  await worker.commit(stepOf({ partitions: [totals({ accepted: 1 })] }))
  await reader.refresh()
  await expectFault(
    () => reader.query({ ...ALL, metric: 'unknown' }),
    'QUERY_INVALID',
    /'unknown' is not counted by the workers.*start them with the config/,
  )
  await expectFault(
    () => reader.query({ ...ALL, metric: 'minutely' }),
    'QUERY_INVALID',
    /'minutely' is counted by another definition/,
  )
})

test('another layout, and another hash key, are refused with the remedy', async () => {
  const { secret, keyId } = await openHashKey(objects, new Uint8Array(32).fill(1))
  expect(await openHashKey(objects, new Uint8Array(32).fill(2))).toEqual({ secret, keyId })
  const layout = { ...layoutOf(2), keyId }
  const open = (given: object): Promise<ResultsStore> =>
    openResultsStore({
      objects,
      layout: { ...layout, ...given },
      plans,
      owned: [],
      cacheDirectory: directory,
      clock: { now: () => 0, monotonic: () => 0, sleep: async () => undefined },
    })
  await (await open({}))[Symbol.asyncDispose]()
  for (const [given, message] of [
    [{ shards: 3 }, /for 2 partitions.*set partitions to 2/],
    [{ partitioner: 'crc32' }, /partitioner 'murmur2'.*set partitioner/],
    [{ topicPrefix: 'shop.' }, /topics '…'.*set topicPrefix to ''/],
    [{ keyId: 'other' }, /hash key .*restore it/],
  ] as const) {
    await expectFault(() => open(given), 'DATA_DIR_MISMATCH', message)
  }
  await openResultsReader({ objects, plans, layout: { ...layout, keyId: null } })
  const wrong = { ...layout, keyId: null, shards: 4 }
  await expectFault(
    () => openResultsReader({ objects, plans, layout: wrong }),
    'DATA_DIR_MISMATCH',
    /partitions/,
  )
})

test('damage is told by the key of the object', async () => {
  {
    await using worker = await work(0)
    await worker.commit(
      stepOf({
        partials: [toBatch(hours, [{ time: at(0), key: ['a'] }])],
        rejects: [reject(1)],
        ids: { added: [block(1, [1, 2])], sealed: [], kept: [] },
      }),
    )
  }
  const flip = async (key: string, position: number): Promise<() => Promise<unknown>> => {
    const { bytes } = (await objects.get(key)) as StoredObject
    const torn = bytes.slice()
    torn[position] = (torn[position] ?? 0) ^ 1
    await objects.put(key, torn)
    return () => objects.put(key, bytes)
  }
  const everything = async (): Promise<void> => {
    await using reader = await read()
    await rowsOf(reader, 'hourly')
    await reader.rejects({ limit: 1, cursor: null })
    await using worker = await work(0)
    await worker.load()
  }
  const keys: string[] = []
  for await (const { key } of objects.list('')) keys.push(key)
  const damageable = keys.filter(key => /manifests|objects|rejects|ids|root/.test(key))
  expect(damageable).toHaveLength(5)
  for (const key of damageable) {
    const mend = await flip(key, 20)
    const name = new RegExp(`${key.replaceAll('.', '\\.')}' of the results place`)
    await expectFault(everything, 'STORE_CORRUPT', name)
    await mend()
  }
  await objects.delete(damageable.find(key => key.startsWith('results/objects')) ?? '')
  await expectFault(everything, 'STORE_UNAVAILABLE', /named by a manifest, and is not there/)
})

test('runs of ids are fetched again where a worker lost or broke them', async () => {
  const sealed = [
    block(
      4,
      Array.from({ length: 3_000 }, (_, index) => index),
    ),
  ]
  const clock = { now: () => 0, monotonic: () => 0, sleep: async () => undefined }
  const open = async (): Promise<ResultsStore> =>
    openResultsStore({
      objects,
      layout: layoutOf(2),
      plans,
      owned: [await takeShard(objects, 0, { who: 'tests', atMs: 0 })],
      cacheDirectory: directory,
      clock,
    })
  {
    await using worker = await open()
    await worker.commit(stepOf({ ids: { added: [], sealed, kept: [] } }))
  }
  const folder = join(directory, '0')
  const [name = ''] = await readdir(folder)
  for (const spoil of [
    () => rm(join(folder, name)),
    () => writeFile(join(folder, name), 'torn'),
    () => writeFile(join(folder, 'draft-9'), 'left'),
    () => rm(folder, { recursive: true }),
  ]) {
    await spoil()
    await using worker = await open()
    const [run] = (await worker.load()).shards[0]?.ids.runs ?? []
    expect([run?.bucket, run?.idCount]).toEqual([4, 3_000])
    expect(run?.has(2_999, 3_000, 3_001, 3_002)).toBe(true)
    expect(run?.has(3_000, 3_001, 3_002, 3_003)).toBe(false)
    expect(await readdir(folder)).toEqual([name])
  }
})

test('an object whose manifest was replaced since is looked for again', async () => {
  await using worker = await openWorker(
    { objects, directory, plans, shards: 2, crowd: 1, limits: { garbageMs: 0 } },
    [0],
  )
  let sales = 0
  const add = async (): Promise<void> => {
    sales += 1
    const row = { time: at(0), key: ['a'], values: { sales: 1 } }
    await worker.commit(stepOf({ partials: [toBatch(hours, [row])] }))
  }
  await add()
  await using reader = await read()
  const named: string[] = []
  for await (const { key } of objects.list('results/objects/')) named.push(key)
  const isThere = async (): Promise<boolean> => (await objects.get(named[0] ?? '')) !== null
  while (await isThere()) {
    await add()
    // Merging and removing go on between commits.
    await new Promise(resolve => setTimeout(resolve, 2))
  }
  const [row] = await rowsOf(reader, 'hourly')
  expect(row?.values).toEqual({ sales, shops: 0 })
  expect(sales).toBeGreaterThan(1)
})
