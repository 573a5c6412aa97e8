/** What every store does with a swap. */
import { expect, test } from 'vitest'
import { count, countDistinct, defineMetric } from '../model/metric.ts'
import type { MetricPlan } from '../model/plan.ts'
import type { ShardStep } from '../model/step.ts'
import type { Swap, WindowRange } from '../model/swap.ts'
import type { StoreBed } from './bed.ts'
import { ALL, expectFault, rowsOf } from './bed.ts'
import type { RowSketch } from './steps.ts'
import { block, plansOf, sold, stepOf, toBatch, totals } from './steps.ts'
import type { Store } from './store.ts'

const hourly = defineMetric('hourly', {
  from: sold,
  window: 'hour',
  groupBy: ['data.item'],
  measures: { sales: count(), shops: countDistinct('data.shop') },
})
const best = defineMetric('best', {
  from: sold,
  window: 'hour',
  groupBy: ['data.item'],
  measures: { sales: count() },
  top: { by: 'sales', limit: 1 },
})
const endless = defineMetric('endless', { from: sold, window: 'all', measures: { sales: count() } })
const plans = plansOf(hourly, best, endless)
const [plan, bestPlan, endlessPlan] = plans as [MetricPlan, MetricPlan, MetricPlan]

const at = (hour: number): string => `2026-03-01T${hour}:00:00Z`
const EVER: WindowRange = { fromMs: null, toMs: null }
const NOON: WindowRange = { fromMs: Date.parse(at(12)), toMs: Date.parse(at(13)) }
const OFFSETS = [0, 1].map(partition => ({ topic: 'sold', partition, offset: 4 }))

const sale = (hour: number, item: string, sales: number, shops: readonly number[]): RowSketch => ({
  time: at(hour),
  key: [item],
  events: sales,
  values: { sales, shops },
})

/** Of a store that has all shards. */
export function testWholeRows(makeBed: () => Promise<StoreBed>): void {
  test('rows tells what top leaves out, by pages', async () => {
    await using bed = await makeBed()
    await using store = await openFilled(bed)
    expect(await rowsOf(store, 'best')).toHaveLength(2)
    const first = await store.rows({ ...ALL, metric: 'best', limit: 3 })
    const rest = await store.rows({ ...ALL, metric: 'best', limit: 3, cursor: first.next })
    const rows = [...first.rows, ...rest.rows]
    expect(rows.map(row => [row.key['item'], row.values['sales']])).toEqual([
      ['a', 2],
      ['b', 4],
      ['a', 2],
      ['b', 4],
    ])
    expect(rest.next).toBe(null)
  })
}

export function testSwap(makeBed: () => Promise<StoreBed>): void {
  test('rows of a range are swapped, and the others stay', async () => {
    await using bed = await makeBed()
    const before = await openFilled(bed)
    const untouched = (await rowsOf(before, 'hourly')).filter(row => row.window_start !== at(12))
    const { sequence } = await before.load()
    const committed = await before.swap(swapOf(NOON, [sale(12, 'c', 7, [1, 2, 3])], 2))
    const now = await before.load()
    expect(now.sequence).toBeGreaterThan(sequence)
    expect(committed.progress).toBe(now.progress)
    const rows = await rowsOf(before, 'hourly')
    expect(rows.filter(row => row.window_start !== at(12))).toEqual(untouched)
    const swapped = rows.filter(row => row.window_start === at(12))
    expect(swapped).toMatchObject([
      { key: { item: 'c' }, values: { sales: 7, shops: 3 }, late: 0, revision: 2 },
    ])
    await before[Symbol.asyncDispose]()
    await using after = await bed.open(plans)
    expect(await rowsOf(after, 'hourly')).toEqual(rows)
    expect((await after.audit()).balanced).toBe(true)
  })

  test('a swap goes on counting', async () => {
    await using bed = await makeBed()
    await using store = await openFilled(bed)
    await store.swap(swapOf(NOON, [sale(12, 'c', 7, [1])], 0))
    const partials = [toBatch(plan, [sale(12, 'c', 1, [1, 9])])]
    await store.commit(stepOf({ shard: 0, partitions: [totals({ accepted: 5 })], partials }))
    const [row] = (await rowsOf(store, 'hourly')).filter(one => one.window_start === at(12))
    expect(row?.values).toEqual({ sales: 8, shops: 2 })
  })

  test('everything is swapped, of all rows none is left, and twice is as once', async () => {
    await using bed = await makeBed()
    await using store = await openFilled(bed)
    const swap: Swap = {
      ...swapOf(EVER, [], 0),
      metrics: [plan, endlessPlan].map(one => ({ plan: one, range: EVER, rows: [] })),
    }
    for (const _ of [1, 2]) {
      await store.swap(swap)
      expect([await rowsOf(store, 'hourly'), await rowsOf(store, 'endless')]).toEqual([[], []])
    }
    expect(await rowsOf(store, 'best')).toHaveLength(2)
  })

  test('ids of a swap are there, beside those before', async () => {
    await using bed = await makeBed()
    await using store = await openFilled(bed)
    const change = { added: [block(8, [5, 6])], sealed: [], kept: [] }
    await store.swap({ ...swapOf(NOON, [], 0), ids: [{ shard: 1, change }] })
    const counts = (await store.load()).shards.map(one =>
      one.ids.blocks.reduce((sum, { ids }) => sum + ids.length / 16, 0),
    )
    expect(counts).toEqual([1, 2])
  })

  test('windows of a recounted range are not partial any more', async () => {
    await using bed = await makeBed()
    const first = await bed.open([])
    const timeMs = Date.parse(at(12))
    const shards = [0, 1].map(shard => ({
      shard,
      partitions: [totals({ partition: shard, accepted: 4, timeMs })],
    }))
    await first.commit(stepOf(...shards))
    await first[Symbol.asyncDispose]()
    await using store = await bed.open(plans)
    const rows = [sale(10, 'a', 1, []), sale(12, 'a', 1, [])]
    const marks = async (): Promise<readonly boolean[]> =>
      (await rowsOf(store, 'hourly')).map(row => row.partial)
    await store.swap(swapOf({ fromMs: null, toMs: Date.parse(at(11)) }, rows.slice(0, 1), 0))
    await store.swap(swapOf(NOON, rows.slice(1), 0))
    expect(await marks()).toEqual([true, false])
    await store.swap(swapOf(EVER, rows, 0))
    expect(await marks()).toEqual([false, false])
  })

  test('what was counted up to other offsets is refused, and nothing changes', async () => {
    await using bed = await makeBed()
    await using store = await openFilled(bed)
    const rows = await rowsOf(store, 'hourly')
    const { sequence } = await store.load()
    const offsets = OFFSETS.map(one => ({ ...one, offset: 3 }))
    const swap = { ...swapOf(EVER, [], 0), offsets }
    await expectFault(() => store.swap(swap), 'STORE_CONFLICT', /offset 4 of sold\/0.*up to 3/)
    expect(await rowsOf(store, 'hourly')).toEqual(rows)
    expect((await store.load()).sequence).toBe(sequence)
    await store.swap(swapOf(EVER, [], 0))
    expect(await rowsOf(store, 'hourly')).toEqual([])
  })
}

/** Four events in each of two shards, of two hours and two items; an id in shard 0. */
async function openFilled(bed: StoreBed): Promise<Store> {
  const store = await bed.open(plans)
  const rows = [11, 12].flatMap(hour => [sale(hour, 'a', 1, [1, 2]), sale(hour, 'b', 2, [2])])
  const toStep = (shard: number): Partial<ShardStep> => ({
    shard,
    partitions: [totals({ partition: shard, accepted: 4, timeMs: Date.parse(at(12)) })],
    partials: [
      toBatch(plan, rows),
      toBatch(bestPlan, rows),
      toBatch(endlessPlan, [{ time: at(12), values: { sales: 4 } }]),
    ],
    ids: { added: shard === 0 ? [block(8, [4])] : [], sealed: [], kept: [] },
  })
  await store.commit(stepOf(toStep(0), toStep(1)))
  return store
}

/** Rows of shard 0 in place of those of the range; the first carries the revision. */
function swapOf(range: WindowRange, rows: readonly RowSketch[], revision: number): Swap {
  const lateness = rows.map((_, row) => ({ late: 0, revision: row === 0 ? revision : 0 }))
  const batch = toBatch(plan, rows)
  const shardRows = rows.length === 0 ? [] : [{ shard: 0, batch, lateness }]
  return { offsets: OFFSETS, metrics: [{ plan, range, rows: shardRows }], ids: [] }
}
