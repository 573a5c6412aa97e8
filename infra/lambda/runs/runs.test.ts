/** Runs from asking to result, over objects and jobs in memory. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { ObjectStore } from '../../../src/model/object-store.ts'
import { present } from '../../../src/std/assert.ts'
import { Fault } from '../../../src/std/fault.ts'
import type { RunView } from './run-steps.ts'
import type { RunsFixture } from './runs.fixture.ts'
import { createRunsFixture } from './runs.fixture.ts'
import type { Ticked } from './tick.ts'

const TICK = '2026-11-23T00:30:00Z'
const DAY = 'day-2026-11-22'
const LOST = new Fault('SPARK_UNAVAILABLE', 'the answer was lost')

let given: RunsFixture
/** About the newest window. */
const tick = async (time = TICK): Promise<Ticked> => {
  const [newest] = await tickAll(time)
  return present(newest, 'a window')
}
const tickAll = (time = TICK): Promise<readonly Ticked[]> => given.runs.tick(time, given.signal)
const look = (run = DAY): Promise<RunView | null> => given.runs.look(run, given.signal)
const jobOf = (view: RunView | null): string => view?.job ?? ''

beforeEach(async () => {
  given = createRunsFixture()
  await given.addFile('2026-11-22')
})

describe('a tick', () => {
  test('starts the run of the day that has closed', async () => {
    const { skipped, window, run } = await tick()
    expect([skipped, window]).toEqual([null, DAY])
    expect(run).toMatchObject({
      run: DAY,
      state: 'started',
      from: '2026-11-22T00:00:00.000Z',
      to: '2026-11-23T00:00:00.000Z',
      metrics: given.metrics,
      reason: null,
    })
    const [job] = given.runner.asked
    expect(job?.folder).toBe('s3://shop-results/weir/runs/day-2026-11-22')
    expect(job?.token).toMatch(/^[0-9a-f]{32}$/)
    expect(await given.readJson(`runs/${DAY}/plan.json`)).toMatchObject({
      lake: 's3a://shop-lake/lake',
      results: 's3a://shop-results/weir',
      manifest_key: `results/runs/${DAY}/manifest.json`,
      rows_prefix: `results/runs/${DAY}/20261123T003002000Z/`,
      manifest: { run: DAY, lake: 's3://shop-lake/lake', engine: 'spark' },
    })
    const script = await given.results.get(`runs/${DAY}/job.py`)
    expect(script).toMatchObject({ bytes: new TextEncoder().encode('print("a job")\n') })
  })

  test('that comes again, or many times at once, leaves one job', async () => {
    await Promise.all([tick(), tick(), tick()])
    expect(await tick()).toEqual({ skipped: 'same_tick', window: DAY, run: DAY })
    expect(given.runner.jobs.size).toBe(1)
    expect((await look())?.state).toBe('started')
  })

  test('whose answer was lost goes on with the same token', async () => {
    given.runner.failNext('after', LOST)
    await expect(tick()).rejects.toThrow(LOST)
    expect(await look()).toMatchObject({ state: 'asked', job: null })
    given.moveTo('2026-11-23T00:35:00Z')
    expect((await tick()).run).toMatchObject({ run: DAY, state: 'started' })
    expect(new Set(given.runner.asked.map(job => job.token)).size).toBe(1)
    expect(given.runner.jobs.size).toBe(1)
  })

  test('of the next day goes on with what was left', async () => {
    given.runner.failNext('before', LOST)
    await expect(tick()).rejects.toThrow(LOST)
    await given.addFile('2026-11-23')
    const [next, left] = await tickAll('2026-11-24T00:30:00Z')
    expect(next?.run).toMatchObject({ run: 'day-2026-11-23', state: 'started' })
    expect(left?.run).toMatchObject({ run: DAY, state: 'started' })
  })

  test('of the next day counts what was missed, or failed, and that once', async () => {
    await given.addFile('2026-11-21')
    await tick()
    given.runner.become(jobOf(await look()), { kind: 'ended', reason: 'no spot', isTold: false })
    await given.addFile('2026-11-23')
    const next = await tickAll('2026-11-24T00:30:00Z')
    expect(next).toMatchObject([
      { run: { run: 'day-2026-11-23' } },
      { run: { run: `${DAY}-r2` } },
      { skipped: 'running', run: 'day-2026-11-21' },
    ])
    expect(given.failed).toEqual([DAY])
    for (const run of ['day-2026-11-23', `${DAY}-r2`, 'day-2026-11-21']) await given.publish(run)
    await given.addFile('2026-11-22', 'late')
    expect((await tickAll('2026-11-24T12:00:00Z')).map(({ skipped }) => skipped)).toEqual([
      'nothing_new',
      'counted',
      'counted',
    ])
  })

  test('of the next day counts again what nobody knew to be over', async () => {
    await tick()
    // The last visitor of the day.
    await given.publish(DAY, '2026-11-22T21:00:00Z')
    const again = async (time: string): Promise<unknown> =>
      (await tickAll(time)).find(({ window }) => window === DAY)
    expect(await again('2026-11-24T00:30:00Z')).toMatchObject({ skipped: 'nothing_new' })
    await given.addFile('2026-11-24')
    expect(await again('2026-11-25T00:30:00Z')).toMatchObject({ run: { run: `${DAY}-r2` } })
    await given.publish(`${DAY}-r2`, '2026-11-24T09:00:00Z')
    expect(await again('2026-11-25T12:00:00Z')).toMatchObject({ skipped: 'counted' })
  })

  test('finds nothing to do where the lake has nothing of that day', async () => {
    await given.addFile('2026-11-24', 'newer')
    expect(await tick('2026-11-24T00:30:00Z')).toMatchObject({ skipped: 'empty', run: null })
    expect(given.runner.asked.map(({ run }) => run)).toEqual([DAY])
  })

  test('counts a window again only once the lake has more for it', async () => {
    await tick()
    expect(await tick('2026-11-23T12:00:00Z')).toMatchObject({ skipped: 'running' })
    await given.publish(DAY)
    expect(await tick('2026-11-23T12:00:00Z')).toMatchObject({ skipped: 'nothing_new' })
    await given.addFile('2026-11-22', 'late')
    expect(await tick('2026-11-23T13:00:00Z')).toMatchObject({ run: { run: `${DAY}-r2` } })
    await given.publish(`${DAY}-r2`)
    expect(await tick('2026-11-23T14:00:00Z')).toMatchObject({ skipped: 'nothing_new' })
    expect(given.runner.jobs.size).toBe(2)
  })

  test('that is refused tells why, and only another tick tries anew', async () => {
    given.runner.failNext('before', new Fault('SPARK_FAILED', 'the role may not'))
    await expect(tick()).rejects.toThrow('the role may not')
    expect(await look()).toMatchObject({ state: 'failed', reason: 'the role may not' })
    expect(await tick()).toMatchObject({ skipped: 'same_tick' })
    expect((await tick('2026-11-23T12:00:00Z')).run).toMatchObject({ run: `${DAY}-r2` })
  })

  test('without a time is told so', async () => {
    await expect(tick('<aws.scheduler.scheduled-time>')).rejects.toThrow('no time of ISO 8601')
  })
})

test('a tick that breaks off at any write is mended by the same tick', async () => {
  for (const when of ['before', 'after'] as const) {
    for (let writes = 0; ; writes += 1) {
      given = createRunsFixture()
      await given.addFile('2026-11-22')
      const broken = given.over(breakAt(given.results, writes, when))
      const first = await broken.tick(TICK, given.signal).catch(() => null)
      await tick()
      expect(given.runner.jobs.size, `${when} write ${writes}`).toBe(1)
      expect(await look()).toMatchObject({
        state: 'started',
        job: [...given.runner.jobs.keys()][0],
      })
      if (first === null) continue
      // asked, plan, job and started: each was broken once.
      expect(writes).toBe(4)
      break
    }
  }
})

describe('a run', () => {
  test('is as its job is, and published once its manifest is there', async () => {
    await tick()
    const id = jobOf(await look())
    given.runner.become(id, { kind: 'running' })
    expect((await look())?.state).toBe('running')
    await given.publish(DAY)
    expect(await look()).toMatchObject({ state: 'published', reason: null })
    given.runner.become(id, { kind: 'ended', reason: 'told to stop', isTold: false })
    expect((await look())?.state).toBe('published')
  })

  test.each([
    ['what the instance says', 'weir: refused: no lake', 'gone', 'weir: refused: no lake'],
    ['what its runner says', null, 'out of memory', 'out of memory'],
    ['that there is no result', null, null, 'the job ended without a result; see its logs'],
  ])('that ended without a result tells %s, for good', async (_, exit, reason, told) => {
    await tick()
    if (exit !== null) {
      const bytes = new TextEncoder().encode(JSON.stringify({ code: 1, reason: exit }))
      await given.results.put(`runs/${DAY}/exit.json`, bytes)
    }
    const id = jobOf(await look())
    given.runner.become(id, { kind: 'ended', reason, isTold: false })
    expect(await look()).toMatchObject({ state: 'failed', reason: told })
    given.runner.become(id, { kind: 'unknown' })
    expect(await look()).toMatchObject({ state: 'failed', reason: told })
    // An instance that says why has counted it.
    expect(given.failed).toEqual(exit === null ? [DAY] : [])
  })

  test('whose job nobody knows is waited for, and then given up', async () => {
    await tick()
    given.runner.become(jobOf(await look()), { kind: 'unknown' })
    expect((await look())?.state).toBe('started')
    given.moveTo('2026-11-23T01:00:00Z')
    expect(await look()).toMatchObject({ state: 'failed' })
  })

  test('that nobody asked for is none', async () => {
    expect(await look('september')).toBeNull()
  })
})

describe('to ask', () => {
  const range = { fromMs: Date.parse('2026-11-01T00:00Z'), toMs: Date.parse('2026-11-03T00:00Z') }

  test('for a range and metrics gives a run of them', async () => {
    const wanted = { run: 'early', range, metrics: ['sales_daily'] }
    expect(await given.runs.ask(wanted, given.signal)).toMatchObject({
      run: 'early',
      state: 'started',
      from: '2026-11-01T00:00:00.000Z',
      metrics: ['sales_daily'],
    })
    expect(await given.readJson('runs/early/plan.json')).toMatchObject({
      manifest: { metrics: [{ metric: 'sales_daily' }] },
    })
  })

  test('twice under a name gives one job; for something else it is a conflict', async () => {
    const wanted = { run: 'early', range, metrics: ['sales', 'sales_daily'] }
    const ask = (change: object): Promise<unknown> =>
      given.runs.ask({ ...wanted, ...change }, given.signal)
    await Promise.all([ask({}), ask({})])
    given.moveTo('2026-11-23T01:00:00Z')
    expect(await ask({})).toMatchObject({ run: 'early', state: 'started' })
    expect(await ask({ metrics: ['sales'] })).toBe('conflict')
    expect(await ask({ range: { ...range, toMs: range.toMs + 1 } })).toBe('conflict')
    expect(await ask({ range: null })).toBe('conflict')
    expect(given.runner.jobs.size).toBe(1)
  })

  test('again for one that failed, or is done, starts nothing', async () => {
    const ask = (run: string): Promise<unknown> =>
      given.runs.ask({ run, range, metrics: ['sales'] }, given.signal)
    given.runner.failNext('before', new Fault('SPARK_FAILED', 'the role may not'))
    await expect(ask('refused')).rejects.toThrow('the role may not')
    expect(await ask('refused')).toMatchObject({ state: 'failed', reason: 'the role may not' })
    await ask('done')
    await given.publish('done')
    expect(await ask('done')).toMatchObject({ state: 'published' })
    expect(given.runner.asked.map(({ run }) => run)).toEqual(['refused', 'done'])
  })

  test('for all of the lake covers what can be in it', async () => {
    await given.addFile('2024-02-29', 'first')
    const run = await given.runs.ask({ run: null, range: null, metrics: ['sales'] }, given.signal)
    const name = '20261123T003002000Z-spark'
    expect(run).toMatchObject({ run: name, from: null, to: null })
    expect(await given.readJson(`runs/${name}/asked.json`)).toMatchObject({
      bounds: { from: '2024-02-29T00:00:00.000Z', to: '2026-11-24T01:30:02.000Z' },
    })
  })

  test('for all of an empty lake is refused', async () => {
    const empty = createRunsFixture()
    const asking = empty.runs.ask({ run: null, range: null, metrics: ['sales'] }, empty.signal)
    await expect(asking).rejects.toThrow('there is no lake at s3://shop-lake/lake')
  })
})

/** Fails at one put, before or after it took effect. */
function breakAt(store: ObjectStore, at: number, when: 'before' | 'after'): ObjectStore {
  let puts = 0
  return {
    ...store,
    put: async (...words) => {
      const isHere = puts === at
      puts += 1
      if (isHere && when === 'before') throw new Fault('OBJECTS_UNAVAILABLE', 'broken')
      const put = await store.put(...words)
      if (isHere) throw new Fault('OBJECTS_UNAVAILABLE', 'broken')
      return put
    },
  }
}
