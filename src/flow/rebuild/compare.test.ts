import { expect, test } from 'vitest'
import { count, defineMetric, sum } from '../../model/metric.ts'
import type { PartialBatch } from '../../model/partial.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { ResultRow } from '../../model/result.ts'
import { createMemoryDisk, openMemoryStore } from '../../store/memory/memory.ts'
import type { RowSketch } from '../../store/steps.ts'
import { plansOf, sold, stepOf, toBatch, totals } from '../../store/steps.ts'
import type { Store } from '../../store/store.ts'
import type { Comparison } from './compare.ts'
import { compareMetric } from './compare.ts'

const plans = plansOf(
  defineMetric('hourly', {
    from: sold,
    window: 'hour',
    groupBy: ['data.item'],
    measures: { sales: count(), revenue: sum('data.amount') },
  }),
)
const [plan] = plans as [MetricPlan]
const breathe = async (): Promise<void> => undefined
const EVER = { fromMs: null, toMs: null }

const at = (hour: number): string => `2026-03-01T${String(hour).padStart(2, '0')}:00:00Z`
const sale = (hour: number, item: string, sales: number, currency = 'USD'): RowSketch => ({
  time: at(hour),
  key: [item],
  currency,
  events: sales,
  values: { sales, revenue: BigInt(sales * 100) },
})

/** Rows of 10:00 are final, and `a` of it late once; 14:00 is open. */
async function openFilled(): Promise<Store> {
  const store = openMemoryStore({ plans, shards: 2, disk: createMemoryDisk() })
  const commit = async (hour: number, rows: readonly RowSketch[]): Promise<void> => {
    const partition = totals({ accepted: rows.length, timeMs: Date.parse(at(hour)) })
    await store.commit(stepOf({ partitions: [partition], partials: [toBatch(plan, rows)] }))
  }
  await commit(14, [sale(10, 'a', 1), sale(10, 'b', 1), sale(10, 'gone', 1), sale(14, 'a', 1)])
  await commit(14, [sale(10, 'a', 2, 'EUR')])
  return store
}

async function compare(
  store: Store,
  shards: readonly (readonly RowSketch[])[],
): Promise<Comparison> {
  const batches = new Map(shards.map((rows, shard) => [shard, toBatch(plan, rows)]))
  const { progress } = await store.load()
  return await compareMetric(plan, batches, {
    store,
    progress,
    range: EVER,
    differencesMax: 10,
    breathe,
  })
}

async function swapped(store: Store, { swap }: Comparison): Promise<readonly ResultRow[]> {
  const offsets = [{ topic: 'sold', partition: 0, offset: 1 }]
  await store.swap({ offsets, metrics: [swap], ids: [] })
  return (await store.query({ metric: 'hourly', ...EVER, limit: 100, cursor: null })).rows
}

test('what says the same keeps its revision, however shards and currencies lie', async () => {
  await using store = await openFilled()
  const before = (await store.rows({ metric: 'hourly', ...EVER, limit: 100, cursor: null })).rows
  const recounted = [
    [sale(10, 'a', 2, 'EUR'), sale(10, 'b', 1), sale(14, 'a', 1)],
    [sale(10, 'a', 1), sale(10, 'gone', 1)],
  ]
  const comparison = await compare(store, recounted)
  expect(comparison.counts).toMatchObject({ same: 4, changed: 0, new: 0, gone: 0 })
  expect(comparison.differences).toEqual([])
  expect(before[0]).toMatchObject({ status: 'revised', revision: 1, late: 2 })
  expect(await swapped(store, comparison)).toEqual(before)
})

test('a final row that changes is revised once; one that is open or new is not', async () => {
  await using store = await openFilled()
  const recounted = [
    [sale(9, 'x', 1), sale(10, 'a', 9), sale(10, 'b', 3), sale(10, 'c', 1), sale(14, 'a', 7)],
    [sale(10, 'b', 3)],
  ]
  const comparison = await compare(store, recounted)
  expect(comparison.counts).toMatchObject({ same: 0, changed: 3, new: 2, gone: 1 })
  const [first] = comparison.differences
  expect(first).toMatchObject({
    metric: 'hourly',
    window_start: at(10),
    key: { item: 'a' },
    published: { sales: 3, revenue: { EUR: '2.00', USD: '1.00' } },
    recounted: { sales: 9, revenue: { USD: '9.00' } },
  })
  expect(comparison.differences.find(one => one.key['item'] === 'gone')?.recounted).toBeNull()
  const rows = await swapped(store, comparison)
  const marks = rows.map(row => [row.window_start, row.key['item'], row.status, row.revision])
  expect(marks).toEqual([
    [at(9), 'x', 'final', 0],
    [at(10), 'a', 'revised', 2],
    [at(10), 'b', 'revised', 1],
    [at(10), 'c', 'revised', 1],
    [at(14), 'a', 'open', 0],
  ])
  expect(rows.map(row => row.late)).toEqual([0, 2, 0, 0, 0])
})

test('no more differences are told than are asked for, and all are counted', async () => {
  await using store = await openFilled()
  const none = new Map<number, PartialBatch>()
  const options = { store, progress: null, range: EVER, differencesMax: 1, breathe }
  const { counts, differences } = await compareMetric(plan, none, options)
  expect([counts.gone, differences.length]).toEqual([4, 1])
})
