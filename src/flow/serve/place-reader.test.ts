import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { count, defineMetric } from '../../model/metric.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import type { MetricPlan } from '../../model/plan.ts'
import { openMemoryObjects } from '../../objects/memory/memory-objects.ts'
import { createSystemClock } from '../../std/clock.ts'
import { Fault } from '../../std/fault.ts'
import { layoutOf, openWorker } from '../../store/results/placed.contract.ts'
import type { ResultsStore } from '../../store/results/results-store.ts'
import { plansOf, sold, stepOf, toBatch, totals } from '../../store/steps.ts'
import type { PlaceApi } from './place-reader.ts'
import { createPlaceApi } from './place-reader.ts'

const LOOK_MS = 5_000
const NOON = Date.parse('2026-03-01T12:00:00Z')
const plans = plansOf(
  defineMetric('hourly', { from: sold, window: 'hour', measures: { sales: count() } }),
)
const [hourly] = plans as [MetricPlan]

let directory = ''
let objects: ObjectStore
let asked: string[]
let isOut: boolean
let nowMs: number
let reported: unknown[]
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-place-'))
  asked = []
  isOut = false
  nowMs = 0
  reported = []
  const memory = openMemoryObjects()
  objects = {
    ...memory,
    get: async (key, options) => {
      asked.push(key)
      if (isOut) throw new Fault('OBJECTS_UNAVAILABLE', 'the bucket does not answer')
      return await memory.get(key, options)
    },
  }
})
afterEach(() => rm(directory, { recursive: true }))

function start(): PlaceApi {
  return createPlaceApi({
    objects,
    plans,
    layout: layoutOf(1),
    lookMsMax: LOOK_MS,
    clock: { ...createSystemClock(), now: () => nowMs },
    version: '0.1.0',
    report: error => reported.push(error),
  })
}

async function ask(api: PlaceApi, path: string): Promise<{ status: number; json: unknown }> {
  const answer = await api.fetch(new Request(`https://weir.example${path}`))
  return { status: answer.status, json: await answer.json() }
}

async function sell(worker: ResultsStore, count: number): Promise<void> {
  const rows = [{ time: new Date(NOON).toISOString(), events: count, values: { sales: count } }]
  const partitions = [totals({ accepted: count, timeMs: NOON })]
  await worker.commit(stepOf({ partitions, partials: [toBatch(hourly, rows)] }))
}

const openWork = (): Promise<ResultsStore> =>
  openWorker({ objects, directory, plans, shards: 1 }, [0])

test('answers are what workers committed, looked for at most so often', async () => {
  await using worker = await openWork()
  await sell(worker, 2)
  const api = start()
  const sales = async (): Promise<unknown> =>
    (await ask(api, '/v1/metrics/hourly')).json as { rows: unknown }
  expect(await sales()).toMatchObject({ rows: [{ values: { sales: 2 } }] })
  await sell(worker, 3)
  asked.length = 0
  expect(await sales()).toMatchObject({ rows: [{ values: { sales: 2 } }] })
  expect(asked).toEqual([])
  nowMs += LOOK_MS
  expect(await sales()).toMatchObject({ rows: [{ values: { sales: 5 } }] })
  // A clock that was set back does not stop it.
  await sell(worker, 1)
  nowMs -= 10 * LOOK_MS
  expect(await sales()).toMatchObject({ rows: [{ values: { sales: 6 } }] })
  expect((await ask(api, '/v1/audit')).json).toMatchObject({ balanced: true, lag: null })
  expect(reported).toEqual([])
})

test('questions that come at once look once', async () => {
  await using worker = await openWork()
  await sell(worker, 1)
  const api = start()
  asked.length = 0
  await Promise.all(Array.from({ length: 5 }, () => ask(api, '/v1/audit')))
  expect(asked.filter(key => key.includes('manifests'))).toHaveLength(1)
})

test('health, and what needs no numbers, never touch the place', async () => {
  isOut = true
  const api = start()
  for (const path of ['/healthz', '/v1/metrics', '/openapi.json']) {
    expect([path, (await ask(api, path)).status]).toEqual([path, 200])
  }
  expect(asked).toEqual([])
})

test('a place that cannot be read is told, and opened once it can be', async () => {
  isOut = true
  const api = start()
  expect(await ask(api, '/v1/audit')).toMatchObject({
    status: 503,
    json: { code: 'store_unavailable' },
  })
  expect(await ask(api, '/readyz')).toMatchObject({ status: 503, json: { status: 'starting' } })
  isOut = false
  nowMs += LOOK_MS
  expect(await ask(api, '/readyz')).toMatchObject({ status: 200, json: { status: 'ready' } })
  // Once open, what was known stays.
  isOut = true
  nowMs += LOOK_MS
  expect((await ask(api, '/v1/audit')).status).toBe(200)
  expect(reported).toHaveLength(1)
})

test('without a layout it is that of the place, as soon as somebody made it', async () => {
  const api = createPlaceApi({
    objects,
    plans,
    layout: null,
    lookMsMax: LOOK_MS,
    clock: { ...createSystemClock(), now: () => nowMs },
    version: '0.1.0',
    report: error => reported.push(error),
  })
  expect((await ask(api, '/v1/audit')).json).toMatchObject({ progress: null, partitions: [] })
  const place = { objects, directory, plans, shards: 2 }
  await using first = await openWorker(place, [0])
  await sell(first, 2)
  nowMs += LOOK_MS
  // The other shard holds it up.
  expect((await ask(api, '/v1/audit')).json).toMatchObject({ progress: null })
  await using second = await openWorker(place, [1])
  await second.commit(stepOf())
  nowMs += LOOK_MS
  expect((await ask(api, '/v1/audit')).json).toMatchObject({ progress: '2026-03-01T12:00:00.000Z' })
  expect(reported).toEqual([])
})

test('a place of another layout is told with the remedy', async () => {
  await using worker = await openWork()
  await sell(worker, 1)
  const api = createPlaceApi({
    objects,
    plans,
    layout: layoutOf(3),
    lookMsMax: LOOK_MS,
    clock: createSystemClock(),
    version: '0.1.0',
    report: error => reported.push(error),
  })
  const { status, json } = await ask(api, '/v1/audit')
  expect(status).toBe(500)
  expect(json).toMatchObject({ detail: expect.stringContaining('set partitions to 1') })
})
