import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { count, defineMetric } from '../../model/metric.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { Step } from '../../model/step.ts'
import { HOUR_MS } from '../../std/units.ts'
import { ALL, expectFault, rowsOf } from '../bed.ts'
import { plansOf, sold, stepOf, toBatch, totals } from '../steps.ts'
import { testStore } from '../store.contract.ts'
import type { CrashPoint } from './duckdb.ts'
import { openDuckDbStore } from './duckdb.ts'

testStore('duckdb store', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'weir-store-'))
  return {
    open: (plans, shards = 2) => openDuckDbStore({ directory, plans, shards }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  }
})

for (const [point, sequence] of [
  ['commit.before', 1],
  ['commit.after', 2],
] as const) {
  test(`a commit that fails at ${point} is settled by opening again`, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'weir-store-'))
    let failing: CrashPoint | null = null
    const options = { directory, plans: plansOf(), shards: 1 }
    const crash = (reached: CrashPoint): void => {
      if (reached === failing) throw new Error('no space left')
    }
    try {
      const store = await openDuckDbStore({ ...options, crash })
      await store.commit(stepOf({}))
      failing = point
      const message = /may or may not.*no space left.*open it again/
      await expectFault(() => store.commit(stepOf({})), 'STORE_COMMIT_UNCERTAIN', message)
      failing = null
      await expectFault(() => store.commit(stepOf({})), 'STORE_COMMIT_UNCERTAIN', message)
      await expectFault(() => store.audit(), 'STORE_COMMIT_UNCERTAIN', message)
      await store[Symbol.asyncDispose]()
      await using again = await openDuckDbStore(options)
      expect((await again.load()).sequence).toBe(sequence)
    } finally {
      await rm(directory, { recursive: true })
    }
  })
}

test('an answer is of one moment, while commits and compactions go on', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'weir-store-'))
  const hourly = defineMetric('hourly', {
    from: sold,
    window: 'hour',
    measures: { sales: count() },
  })
  const plans = plansOf(hourly)
  const [plan] = plans as [MetricPlan]
  const options = { directory, plans, shards: 1, compactAfterRows: 4 }
  const store = await openDuckDbStore(options)
  const ends: number[] = []
  let isDone = false
  /** The hour before the newest is final: told by progress, which is kept beside the rows. */
  const ask = async (): Promise<void> => {
    while (!isDone) {
      const rows = await rowsOf(store, 'hourly')
      const openCount = rows.filter(({ status }) => status === 'open').length
      expect([rows.length, openCount]).toEqual([rows.length, Math.min(rows.length, 1)])
      ends.push(rows.length)
    }
  }
  try {
    const asking = [ask(), ask(), ask()]
    for (let step = 0; step < 150; step += 1) {
      const timeMs = Date.parse('2026-03-01T00:15:00Z') + step * HOUR_MS
      const row = { time: new Date(timeMs).toISOString(), values: { sales: 1 } }
      const partitions = [totals({ accepted: step + 1, timeMs })]
      await store.commit(stepOf({ partitions, partials: [toBatch(plan, [row])] }))
    }
    isDone = true
    await Promise.all(asking)
    expect(new Set(ends).size).toBeGreaterThan(20)
  } finally {
    await store[Symbol.asyncDispose]()
    await rm(directory, { recursive: true })
  }
})

test('commits go on while a metric is compacted, and what they bring is not lost', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'weir-store-'))
  const plans = plansOf(
    defineMetric('items', {
      from: sold,
      window: 'hour',
      groupBy: ['data.item'],
      measures: { sales: count() },
    }),
  )
  const [plan] = plans as [MetricPlan]
  const order: string[] = []
  const crash = (point: CrashPoint): void => void order.push(point)
  const toStep = (items: number, from = 0): Step => {
    const rows = Array.from({ length: items }, (_, item) => ({
      time: '2026-03-01T00:15:00Z',
      key: [`item ${from + item}`],
      values: { sales: 1 },
    }))
    return stepOf({ partials: [toBatch(plan, rows)] })
  }
  try {
    const options = { directory, plans, shards: 1, compactAfterRows: 50_000, crash }
    await using store = await openDuckDbStore(options)
    await store.commit(toStep(60_000))
    for (let step = 0; !order.includes('compaction.after'); step += 1) {
      await store.commit(toStep(1, step))
    }
    const commits = order.slice(0, order.indexOf('compaction.before'))
    expect(commits.filter(point => point === 'commit.after').length).toBeGreaterThan(2)
    const asked = { ...ALL, metric: 'items', group: [], limit: 1 }
    const sales = order.filter(point => point === 'commit.after').length - 1 + 60_000
    expect((await store.query(asked)).rows).toMatchObject([{ values: { sales } }])
  } finally {
    await rm(directory, { recursive: true })
  }
})
