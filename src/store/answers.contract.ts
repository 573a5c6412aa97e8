/** What every store answers: order, pages, arithmetic and refusals. Part of store.contract.ts. */
import { expect, test } from 'vitest'
import { count, countDistinct, defineMetric, max, min, ratio, sum } from '../model/metric.ts'
import type { MetricPlan } from '../model/plan.ts'
import type { Question } from '../model/result.ts'
import { present } from '../std/assert.ts'
import type { StoreBed } from './bed.ts'
import { ALL, expectFault, pagesOf, rowsOf } from './bed.ts'
import type { RowSketch } from './steps.ts'
import { plansOf, sold, stepOf, toBatch } from './steps.ts'
import type { Store } from './store.ts'

const byItem = defineMetric('by_item', {
  from: sold,
  window: 'hour',
  groupBy: ['data.item', 'data.shop'],
  measures: { sales: count() },
})
const turnover = defineMetric('turnover', {
  from: sold,
  window: 'day',
  groupBy: ['data.item'],
  measures: {
    sales: count(),
    heavy: count({ where: { 'data.weight': 1 } }),
    amount: sum('data.amount'),
    least: min('data.amount'),
    most: max('data.amount'),
    average: ratio('amount', 'sales'),
    share: ratio('heavy', 'sales'),
    users: countDistinct('user_id'),
  },
})
const physics = defineMetric('physics', {
  from: sold,
  window: '15m',
  measures: {
    sales: count(),
    weight: sum('data.weight'),
    pieces: sum('data.pieces'),
    lightest: min('data.weight'),
    most: max('data.pieces'),
    mean: ratio('weight', 'sales'),
    density: ratio('sales', 'weight'),
    peak: ratio('most', 'sales'),
  },
})
const sets = defineMetric('sets', {
  from: sold,
  window: 'hour',
  groupBy: ['data.item'],
  measures: { sales: count(), shops: countDistinct('data.shop'), per: ratio('sales', 'shops') },
})
const top = { by: 'sales', limit: 3 } as const
const best = defineMetric('best', {
  from: sold,
  window: 'hour',
  groupBy: ['data.item'],
  measures: { sales: count(), amount: sum('data.amount') },
  top,
})
const widest = defineMetric('widest', {
  from: sold,
  window: 'all',
  groupBy: ['data.item'],
  measures: { shops: countDistinct('data.shop') },
  top: { by: 'shops', limit: 2 },
})
const plans = plansOf(byItem, turnover, physics, sets, best, widest)

const NOON = '2026-03-01T12:00:00Z'
const LATER = '2026-03-01T13:00:00Z'

export function testAnswers(makeBed: () => Promise<StoreBed>): void {
  /** Commits each list of rows as a step of its own, over both shards in turn. */
  async function answer(
    metric: string,
    ...steps: readonly (readonly RowSketch[])[]
  ): Promise<Store> {
    const bed = await makeBed()
    const store = await bed.open(plans)
    const plan = present(
      plans.find(one => one.name === metric),
      metric,
    ) as MetricPlan
    for (const [index, rows] of steps.entries()) {
      await store.commit(stepOf({ shard: index % 2, partials: [toBatch(plan, rows)] }))
    }
    return Object.assign(Object.create(store) as Store, {
      query: store.query.bind(store),
      [Symbol.asyncDispose]: async () => {
        await store[Symbol.asyncDispose]()
        await bed[Symbol.asyncDispose]()
      },
    })
  }
  const values = async (store: Store, metric: string): Promise<unknown> =>
    (await rowsOf(store, metric)).map(row => row.values)
  const keys = async (store: Store, metric: string): Promise<unknown> =>
    (await rowsOf(store, metric)).map(row => Object.values(row.key))

  test('keys are in the order of UTF-8 bytes, missing ones first', async () => {
    const fullwidth = '\uFF5E'
    const emoji = '\u{1F600}'
    expect(emoji < fullwidth).toBe(true)
    const ordered: (string | null)[][] = [
      [null, null],
      [null, 'a'],
      ['', null],
      ['a', 'b'],
      ['a\0', null],
      ['a\0b', null],
      ['aa', null],
      ["it's; -- $1", null],
      [fullwidth, null],
      [emoji, null],
      [emoji, ''],
    ]
    const rows = ordered.map(key => ({ time: NOON, key, values: { sales: 1 } }))
    await using store = await answer('by_item', rows.toReversed(), rows)
    expect(await keys(store, 'by_item')).toEqual(ordered)
    const paged = await pagesOf(store, 'by_item', 2)
    expect(paged).toEqual(await rowsOf(store, 'by_item'))
    expect(paged.every(row => row.values['sales'] === 2)).toBe(true)
  })

  test('pages over ten thousand rows meet without gap or overlap', async () => {
    const rows = Array.from({ length: 10_000 }, (_, index) => ({
      time: new Date(Date.parse(NOON) + (index % 7) * 3_600_000).toISOString(),
      key: [`item ${(index * 7919) % 10_000}`, index % 3 === 0 ? null : 'shop'],
      values: { sales: index },
    }))
    await using store = await answer('by_item', rows)
    const whole = await store.query({ ...ALL, metric: 'by_item', limit: 10_000 })
    expect(whole.rows).toHaveLength(10_000)
    expect(whole.next).toBeNull()
    expect(await pagesOf(store, 'by_item', 999)).toEqual(whole.rows)
    const starts = whole.rows.map(row => Date.parse(row.window_start ?? ''))
    expect(starts).toEqual(starts.toSorted((a, b) => a - b))
  })

  test('from is inclusive and to exclusive, by the start of the window', async () => {
    const rows = [NOON, LATER, '2026-03-01T14:00:00Z'].map(time => ({ time, key: ['a', 'b'] }))
    await using store = await answer('by_item', rows)
    const ask = async (from: string, to: string): Promise<unknown> => {
      const bounds = { fromMs: Date.parse(from), toMs: Date.parse(to) }
      const { rows: found } = await store.query({ ...ALL, metric: 'by_item', ...bounds })
      return found.map(row => row.window_start)
    }
    expect(await ask(NOON, LATER)).toEqual([NOON])
    expect(await ask('2026-03-01T12:00:01Z', '2026-03-01T14:00:01Z')).toEqual([
      LATER,
      '2026-03-01T14:00:00Z',
    ])
    expect(await ask(LATER, NOON)).toEqual([])
  })

  test('the newest windows come newest first, so that a limit cuts the oldest', async () => {
    const times = ['09', '10', '12', '15'].map(hour => `2026-03-01T${hour}:00:00Z`)
    const [nine, ten, twelve, fifteen] = times as [string, string, string, string]
    const rows = times.flatMap(time =>
      ['b', null, 'a'].map((item, index) => ({ time, key: [item], values: { sales: index + 1 } })),
    )
    for (const [metric, order] of [
      ['by_item', [null, 'a', 'b']],
      ['best', ['a', null, 'b']],
    ] as const) {
      await using store = await answer(metric, rows.slice(0, 7), rows.slice(7))
      const ask = async (given: Partial<Question>): Promise<unknown> => {
        const { rows: found } = await store.query({ ...ALL, metric, ...given })
        return found.map(row => [row.window_start, row.key['item']])
      }
      const of = (...starts: readonly string[]): unknown =>
        starts.flatMap(start => order.map(item => [start, item]))
      expect(await ask({ last: 2 })).toEqual(of(fifteen, twelve))
      expect(await ask({ last: 9 })).toEqual(of(fifteen, twelve, ten, nine))
      expect(await ask({ last: 1, toMs: Date.parse(fifteen) })).toEqual(of(twelve))
      expect(await ask({ last: 3, fromMs: Date.parse(twelve) })).toEqual(of(fifteen, twelve))
      expect(await ask({ last: 1, toMs: 0 })).toEqual([])
      expect(await ask({ last: 3, limit: 4 })).toEqual([...(of(fifteen) as []), [twelve, order[0]]])
      for (const limit of [1, 2, 5]) {
        const paged = await pagesOf(store, metric, limit, { last: 3 })
        const found = paged.map(row => [row.window_start, row.key['item']])
        expect(found).toEqual(of(fifteen, twelve, ten))
      }
    }
  })

  test('windows can be asked for one by one', async () => {
    const rows = [NOON, LATER, '2026-03-01T14:00:00Z'].map(time => ({ time, key: ['a', 'b'] }))
    await using store = await answer('by_item', rows)
    const ask = async (...windows: readonly number[]): Promise<unknown> => {
      const { rows: found } = await store.query({ ...ALL, metric: 'by_item', windows })
      return found.map(row => row.window_start)
    }
    const hours = (count: number): number => Date.parse(NOON) + count * 3_600_000
    expect(await ask(hours(2), hours(0), hours(5))).toEqual([NOON, '2026-03-01T14:00:00Z'])
    expect(await ask(hours(1) + 1, Number.NEGATIVE_INFINITY)).toEqual([])
    expect(await ask()).toEqual([])
    await using endless = await answer('widest', [{ time: NOON, values: { shops: [1] } }])
    const newest = await endless.query({ ...ALL, metric: 'widest', last: 1 })
    expect(newest.rows).toHaveLength(1)
  })

  test('money stays apart by currency, each in its own decimals', async () => {
    const of = (currency: string, sales: number, amount: bigint | number | null): RowSketch => ({
      time: NOON,
      key: ['a'],
      currency,
      events: sales,
      values: {
        sales,
        users: 1,
        ...(amount === null ? {} : { amount, least: amount, most: amount }),
      },
    })
    await using store = await answer(
      'turnover',
      [of('USD', 2, 59_999), of('JPY', 3, 100), of('KWD', 1, -1_234)],
      [of('USD', 1, -1), of('JPY', 3, 1), of('EUR', 2, null), of('CLF', 1, 0)],
    )
    expect(await values(store, 'turnover')).toEqual([
      {
        sales: 13,
        heavy: 0,
        amount: { CLF: '0.0000', JPY: '101', KWD: '-1.234', USD: '599.98' },
        least: { CLF: '0.0000', JPY: '1', KWD: '-1.234', USD: '-0.01' },
        most: { CLF: '0.0000', JPY: '100', KWD: '-1.234', USD: '599.99' },
        average: { CLF: '0.0000', JPY: '17', KWD: '-1.234', USD: '199.99' },
        share: '0.000000',
        users: 7,
      },
    ])
    const [row] = await rowsOf(store, 'turnover')
    expect(Object.keys(row?.values['amount'] ?? {})).toEqual(['CLF', 'JPY', 'KWD', 'USD'])
  })

  test('sums beyond 64 bits, halves away from zero, nothing over nothing', async () => {
    const huge = 2n ** 70n
    const row = (time: string, sales: number, weight?: bigint, pieces?: bigint): RowSketch => ({
      time,
      values: {
        sales,
        ...(weight === undefined ? {} : { weight, lightest: weight }),
        ...(pieces === undefined ? {} : { pieces, most: pieces }),
      },
    })
    await using store = await answer(
      'physics',
      [row(NOON, 4, huge, -huge), row(LATER, 0), row('2026-03-01T14:00:00Z', 2, -1n, 1n)],
      [row(NOON, 4, huge, -1n), row('2026-03-01T14:00:00Z', 1_000_000 - 2, -2n)],
    )
    const [noon, later, third] = (await rowsOf(store, 'physics')).map(one => one.values)
    expect(noon).toMatchObject({
      weight: '2361183241434822606.848',
      pieces: '-1180591620717411303425',
      lightest: '1180591620717411303.424',
      most: '-1',
      mean: '295147905179352825.856000',
      density: '0.000000',
      peak: '-0.125000',
    })
    expect(later).toEqual({
      sales: 0,
      weight: '0.000',
      pieces: '0',
      lightest: null,
      most: null,
      mean: null,
      density: null,
      peak: null,
    })
    // -0.003 / 1,000,000 = -0.000000003, and 1,000,000 / -0.003; 1 / 1,000,000 is exact.
    expect(third).toMatchObject({
      mean: '0.000000',
      density: '-333333333.333333',
      peak: '0.000001',
    })
  })

  test('sets count different values over steps and shards', async () => {
    const row = (time: string, key: string, shops: readonly number[]): RowSketch => ({
      time,
      key: [key],
      values: { sales: 3, shops },
    })
    await using store = await answer(
      'sets',
      [row(NOON, 'a', [1, 2]), row(NOON, 'b', []), row(LATER, 'a', [9])],
      [row(NOON, 'a', [2, 3]), row(LATER, 'a', [9])],
      [row(NOON, 'a', [1])],
    )
    expect(await values(store, 'sets')).toEqual([
      { sales: 9, shops: 3, per: '3.000000' },
      { sales: 3, shops: 0, per: null },
      { sales: 6, shops: 1, per: '6.000000' },
    ])
    const later = { ...ALL, metric: 'sets', fromMs: Date.parse(LATER) }
    expect((await store.query(later)).rows.map(one => one.values['shops'])).toEqual([1])
  })

  test('misplaced events make distinct values inexact, and leave counts exact', async () => {
    const rows = [
      { time: NOON, key: ['a'] },
      { time: NOON, key: ['b'], misplaced: 1 },
    ]
    for (const [metric, exact] of [
      ['sets', [true, false]],
      ['by_item', [true, true]],
    ] as const) {
      await using store = await answer(metric, rows)
      expect((await rowsOf(store, metric)).map(row => row.exact)).toEqual(exact)
    }
  })

  test('top keeps the best of each window, ties by key bytes, over all currencies', async () => {
    const row = (time: string, key: string | null, sales: number, currency = 'USD'): RowSketch => ({
      time,
      key: [key],
      currency,
      values: { sales, amount: sales },
    })
    await using store = await answer(
      'best',
      [row(NOON, 'd', 1), row(NOON, '\u{1F600}', 5), row(NOON, '\uFF5E', 3), row(LATER, 'x', 1)],
      [row(NOON, '\uFF5E', 2, 'EUR'), row(NOON, 'c', 4), row(NOON, null, 4), row(LATER, 'y', 2)],
    )
    expect(await keys(store, 'best')).toEqual([['\uFF5E'], ['\u{1F600}'], [null], ['y'], ['x']])
    const [first] = await rowsOf(store, 'best')
    expect(first?.values).toEqual({ sales: 5, amount: { EUR: '0.02', USD: '0.03' } })
    for (const limit of [1, 2, 4]) {
      expect(await pagesOf(store, 'best', limit)).toEqual(await rowsOf(store, 'best'))
    }
  })

  test('top by a set, over the one endless window', async () => {
    const row = (key: string, shops: readonly number[]): RowSketch => ({
      time: NOON,
      key: [key],
      values: { shops },
    })
    await using store = await answer(
      'widest',
      [row('a', [1, 2]), row('b', [1]), row('c', [7, 8])],
      [row('a', [2]), row('b', [2, 3])],
    )
    expect(await keys(store, 'widest')).toEqual([['b'], ['a']])
    expect(await pagesOf(store, 'widest', 1)).toEqual(await rowsOf(store, 'widest'))
  })

  test('wrong questions are refused, and say what would be right', async () => {
    await using store = await answer('by_item', [
      { time: NOON, key: ['a', 'b'] },
      { time: LATER, key: ['a', 'b'] },
    ])
    const ask = (given: object): (() => Promise<unknown>) => {
      return () => store.query({ ...ALL, metric: 'by_item', ...given })
    }
    await expectFault(ask({ metric: 'nope' }), 'QUERY_INVALID', /'nope'.*by_item, turnover/)
    await expectFault(ask({ limit: 0 }), 'QUERY_INVALID', /limit is 0.*1 to 1000000/)
    await expectFault(ask({ limit: 1_000_001 }), 'QUERY_INVALID', /limit/)
    await expectFault(ask({ limit: 1.5 }), 'QUERY_INVALID', /limit/)
    await expectFault(ask({ last: 0 }), 'QUERY_INVALID', /last is 0.*1 to 10080/)
    await expectFault(ask({ metric: 'widest', fromMs: 0 }), 'QUERY_INVALID', /without from and to/)
    for (const cursor of ['', '!', 'bnVsbA', Buffer.from('{"a":1}').toString('base64url')]) {
      await expectFault(ask({ cursor }), 'QUERY_INVALID', /cursor/)
    }
    const { next } = await store.query({ ...ALL, metric: 'by_item', limit: 1 })
    await expectFault(ask({ metric: 'best', cursor: next }), 'QUERY_INVALID', /cursor/)
  })
}
