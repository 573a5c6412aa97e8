/**
 * What our own code asks of the buckets, as it runs over buckets in memory, is what its role
 * allows.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createPlaceApi } from '../../src/flow/serve/place-reader.ts'
import { catalogOf, never, openBed, sourceOf } from '../../src/lake/lake.fixture.ts'
import { openLake } from '../../src/lake/lake.ts'
import { count, defineMetric } from '../../src/model/metric.ts'
import type { ObjectStore } from '../../src/model/object-store.ts'
import type { MetricPlan } from '../../src/model/plan.ts'
import { openMemoryObjects } from '../../src/objects/memory/memory-objects.ts'
import { toUtf8 } from '../../src/std/bytes.ts'
import { createSystemClock } from '../../src/std/clock.ts'
import { layoutOf, openWorker } from '../../src/store/results/placed.contract.ts'
import { plansOf, sold, stepOf, toBatch, totals } from '../../src/store/steps.ts'
import { createRunsFixture } from '../lambda/runs/runs.fixture.ts'
import { createRuns } from '../lambda/runs/runs.ts'
import { deploy } from './support/deployment.ts'
import type { Role } from './support/policies.ts'
import type { RecordedAs, Recording } from './support/recording-objects.ts'
import { recordObjects } from './support/recording-objects.ts'
import { castOf } from './support/rights.ts'
import { simulate } from './support/simulate.ts'

const deployment = deploy()
const cast = castOf(deployment)
const NOON = '2026-03-01T12:00:00.000Z'
const plans = plansOf(
  defineMetric('hourly', { from: sold, window: 'hour', measures: { sales: count() } }),
)
const [hourly] = plans as [MetricPlan]

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-rights-'))
})
afterEach(() => rm(directory, { recursive: true }))

test('a worker takes a shard over, commits, and keeps its place tidy', async () => {
  const recording = recordObjects(openMemoryObjects(), atResults(cast.task))
  for (let times = 0; times < 2; times += 1) await work(recording.objects)
  const actions = await expectAllowed(recording)
  expect(actions).toEqual(['s3:GetObject', 's3:ListBucket', 's3:PutObject'])
})

test('a worker archives accepted and rejected records', async () => {
  const recording = recordObjects(openMemoryObjects(), {
    role: cast.task,
    bucket: cast.lake,
    folder: 'lake',
  })
  await using bed = await openBed()
  await using lake = await openLake(bed.options(recording.objects, catalogOf([])))
  const event = { event_id: 'e1', event_type: 'search', user_id: 'u1', timestamp: NOON }
  const records = [JSON.stringify({ ...event, data: { query: 'tea' } }), '{'].map(text => {
    return { key: toUtf8('u1'), value: toUtf8(text), headers: [] }
  })
  const refusals = new Map([[1, { code: 'not_json', pointer: '' } as const]])
  const advance = await lake.archive(sourceOf({ topic: 'search', records, refusals }), never)
  expect(advance).toMatchObject({ rows: 1, rejects: 1 })
  expect(await expectAllowed(recording)).toEqual(['s3:GetObject', 's3:ListBucket', 's3:PutObject'])
})

test('the api answers what was published', async () => {
  const objects = openMemoryObjects()
  await work(objects)
  const recording = recordObjects(objects, atResults(cast.api))
  const api = createPlaceApi({
    objects: recording.objects,
    plans,
    layout: { ...layoutOf(1), keyId: null },
    lookMsMax: 0,
    clock: createSystemClock(),
    version: '0.1.0',
    report: error => {
      throw error
    },
  })
  const paths = ['metrics', 'metrics/hourly', 'metrics/hourly?source=none', 'top/hourly', 'audit']
  const statuses: number[] = []
  for (const path of paths) {
    statuses.push((await api.fetch(new Request(`https://weir.example/v1/${path}`))).status)
  }
  expect(statuses).toEqual([200, 200, 400, 200, 200])
  expect(await expectAllowed(recording)).toEqual(['s3:GetObject', 's3:ListBucket'])
})

test('the starter of runs ticks, is asked and looked at, and finds failures', async () => {
  const fixture = createRunsFixture()
  await fixture.addFile('2026-11-22')
  const { world, signal } = fixture
  const results = recordObjects(world.results, atResults(cast.runs))
  const lake = recordObjects(world.lake, { role: cast.runs, bucket: cast.lake, folder: 'lake' })
  const runs = createRuns({ ...world, results: results.objects, lake: lake.objects })
  await runs.tick('2026-11-23T00:30:00Z', signal)
  await fixture.publish('day-2026-11-22')
  await runs.tick('2026-11-23T12:00:00Z', signal)
  await runs.ask({ run: null, range: null, metrics: fixture.metrics.slice(0, 1) }, signal)
  expect(await runs.look('day-2026-11-22', signal)).toMatchObject({ state: 'published' })
  expect(await runs.look('nothing', signal)).toBeNull()
  const actions = ['s3:GetObject', 's3:ListBucket', 's3:PutObject']
  expect(await expectAllowed(results)).toEqual(actions)
  expect(await expectAllowed(lake)).toEqual(['s3:ListBucket'])
})

/** One life of a worker: twenty commits, so that rows are merged and what is old goes. */
async function work(objects: ObjectStore): Promise<void> {
  const options = { objects, directory, plans, shards: 1, crowd: 2 }
  await using worker = await openWorker(options, [0])
  const values = { sales: 1 }
  for (let commit = 0; commit < 20; commit += 1) {
    const partials = [toBatch(hourly, [{ time: NOON, events: 1, values }])]
    const partitions = [totals({ accepted: 1, timeMs: Date.parse(NOON) })]
    await worker.commit(stepOf({ partitions, partials }))
  }
}

function atResults(role: Role): RecordedAs {
  return { role, bucket: cast.results, folder: 'weir' }
}

/** Gives which actions there were. */
async function expectAllowed({ asked }: Recording): Promise<readonly string[]> {
  const refused: string[] = []
  for (const ask of asked()) {
    const decision = await simulate(deployment.policies, ask)
    const { action, resource, context } = ask
    if (decision !== 'Allowed') refused.push(`${action} ${resource} ${JSON.stringify(context)}`)
  }
  expect(refused).toEqual([])
  return [...new Set(asked().map(({ action }) => action))].toSorted()
}
