/**
 * What every store answers of other shapes than it keeps: keys filtered and left out, windows put
 * together, measures chosen, another order. What is expected is counted here, plainly, from the
 * rows that were committed. Part of store.contract.ts.
 */
import { expect, test } from 'vitest'
import { count, countDistinct, defineMetric, max, ratio, sum } from '../model/metric.ts'
import type { Question, ResultRow } from '../model/result.ts'
import { present } from '../std/assert.ts'
import { compareUtf8 } from '../std/bytes.ts'
import type { StoreBed } from './bed.ts'
import { ALL, expectFault } from './bed.ts'
import type { RowSketch } from './steps.ts'
import { plansOf, sold, stepOf, toBatch } from './steps.ts'
import type { Store } from './store.ts'

const measures = {
  sales: count(),
  amount: sum('data.amount'),
  average: ratio('amount', 'sales'),
  most: max('data.pieces'),
} as const
const minutes = defineMetric('minutes', {
  from: sold,
  window: 'minute',
  groupBy: ['data.item', 'data.shop'],
  measures,
})
const bestOfHour = defineMetric('best_of_hour', {
  from: sold,
  window: 'hour',
  groupBy: ['data.item', 'data.shop'],
  measures,
  top: { by: 'sales', limit: 2 },
})
const visits = defineMetric('visits', {
  from: sold,
  window: 'hour',
  groupBy: ['data.item', 'data.shop'],
  measures: {
    sales: count(),
    users: countDistinct('user_id'),
    kinds: countDistinct('data.pieces'),
  },
})
const india = defineMetric('india', {
  from: sold,
  window: 'hour',
  zone: 'Asia/Kolkata',
  measures: { sales: count() },
})
const plans = plansOf(minutes, bestOfHour, visits, india)

const ITEMS = [null, '', 'a', "it's", '\uFF5E', '\u{1F600}']
const SHOPS = [null, 'x', 'y']
const CURRENCIES = ['EUR', 'USD']

/** Ninety rows over three days, in no order, some of equal place. */
const rows: readonly (RowSketch & { readonly key: readonly (string | null)[] })[] = Array.from(
  { length: 90 },
  (_, at) => ({
    time: new Date(Date.UTC(2026, 1, 27) + ((at * 7_919) % 4_000) * 60_000).toISOString(),
    key: [ITEMS[at % 6] ?? null, SHOPS[(at * 5) % 3] ?? null],
    currency: CURRENCIES[at % 2] ?? 'USD',
    values: { sales: (at % 5) + 1, amount: (at * 31) % 97, most: (at * 17) % 23 },
  }),
)

/** Length of an RFC 3339 text that two instants of one window share, in UTC. */
const SHARED = { minute: 16, hour: 13, day: 10, month: 7, all: 0 }

interface Wanted {
  readonly window: keyof typeof SHARED
  readonly kept: readonly number[]
  readonly isMeant?: (row: (typeof rows)[number]) => boolean
}

interface Sum {
  readonly start: string
  readonly key: readonly (string | null)[]
  sales: number
  most: number
  readonly amount: Map<string, number>
}

function sumUp({ window, kept, isMeant = () => true }: Wanted): readonly Sum[] {
  const sums = new Map<string, Sum>()
  for (const row of rows.filter(isMeant)) {
    const start = row.time.slice(0, SHARED[window])
    const key = kept.map(index => row.key[index] ?? null)
    const name = JSON.stringify([start, ...key])
    const one = sums.get(name) ?? { start, key, sales: 0, most: 0, amount: new Map() }
    const { sales, amount, most } = row.values as { sales: number; amount: number; most: number }
    one.sales += sales
    one.most = Math.max(one.most, most)
    const currency = row.currency ?? ''
    one.amount.set(currency, (one.amount.get(currency) ?? 0) + amount)
    sums.set(name, one)
  }
  return [...sums.values()].toSorted(byWindow)
}

function byWindow(left: Sum, right: Sum): number {
  return compareUtf8(left.start, right.start) || byKey(left, right)
}

function byKey(left: Sum, right: Sum): number {
  for (const [at, field] of left.key.entries()) {
    const other = right.key[at] ?? null
    if (field === other) continue
    if (field === null) return -1
    return other === null ? 1 : compareUtf8(field, other)
  }
  return 0
}

function toSum(row: ResultRow, window: Wanted['window']): unknown {
  const { sales, most, amount } = row.values
  const cents = Object.entries(amount as Record<string, string>).map(
    ([currency, text]) => [currency, Math.round(Number(text) * 100)] as const,
  )
  const start = (row.window_start ?? '').slice(0, SHARED[window])
  return { start, key: Object.values(row.key), sales, most: Number(most), amount: new Map(cents) }
}

export function testShapes(makeBed: () => Promise<StoreBed>): void {
  /** A store with all rows of a metric, in three steps, over both shards. */
  async function open(metric: string, sketches: readonly RowSketch[] = rows): Promise<Store> {
    const bed = await makeBed()
    const store = await bed.open(plans)
    const plan = present(
      plans.find(one => one.name === metric),
      metric,
    )
    for (const step of [0, 1, 2]) {
      const some = sketches.filter((_, at) => at % 3 === step)
      if (some.length === 0) continue
      await store.commit(stepOf({ shard: step % 2, partials: [toBatch(plan, some)] }))
    }
    return Object.assign(Object.create(store) as Store, {
      query: store.query.bind(store),
      [Symbol.asyncDispose]: async () => {
        await store[Symbol.asyncDispose]()
        await bed[Symbol.asyncDispose]()
      },
    })
  }

  /** All rows of a question, which pages give too. */
  async function ask(
    store: Store,
    metric: string,
    asked: Partial<Question>,
  ): Promise<readonly ResultRow[]> {
    const whole = await store.query({ ...ALL, metric, ...asked })
    expect(whole.next).toBeNull()
    for (const limit of whole.rows.length < 12 ? [1] : [23]) {
      const paged: ResultRow[] = []
      let cursor: string | null = null
      do {
        const page = await store.query({ ...ALL, metric, ...asked, limit, cursor })
        expect(page.rows.length).toBeLessThanOrEqual(limit)
        paged.push(...page.rows)
        cursor = page.next
      } while (cursor !== null)
      expect(paged).toEqual(whole.rows)
    }
    return whole.rows
  }

  test('windows and keys are put together, and ratios divided anew', async () => {
    await using store = await open('minutes')
    for (const window of ['minute', 'hour', 'day', 'month', 'all'] as const) {
      for (const [group, kept] of [
        [null, [0, 1]],
        [['shop'], [1]],
        [[], []],
      ] as const) {
        const asked = window === 'minute' ? { group } : { group, window }
        const found = await ask(store, 'minutes', asked)
        const expected = sumUp({ window, kept })
        expect(found.map(row => toSum(row, window))).toEqual(expected.map(({ ...sum }) => sum))
      }
    }
    const [row] = await ask(store, 'minutes', { group: [], window: 'all' })
    const [sum] = sumUp({ window: 'all', kept: [] })
    expect(sum?.sales).toBeGreaterThan(100)
    expect(Object.keys(row?.values['average'] ?? {})).toEqual(CURRENCIES)
  })

  test('a filter of keys means any of its values, and absence where it is told', async () => {
    await using store = await open('minutes')
    const of = async (keys: Question['keys'], more: Partial<Question> = {}): Promise<unknown> =>
      (await ask(store, 'minutes', { keys: keys ?? [], ...more })).map(row => toSum(row, 'minute'))
    const sums = (isMeant: Wanted['isMeant']): unknown =>
      sumUp({ window: 'minute', kept: [0, 1], ...(isMeant === undefined ? {} : { isMeant }) })
    for (const item of ITEMS) {
      expect(await of([{ name: 'item', values: [item] }])).toEqual(sums(row => row.key[0] === item))
    }
    const both = [
      { name: 'shop', values: ['y', null] },
      { name: 'item', values: ['a', '', "it's"] },
    ]
    expect(await of(both)).toEqual(
      sums(({ key: [item, shop] }) => item !== null && shop !== 'x' && (item ?? '~') < 'j'),
    )
    expect(await of([{ name: 'item', values: ['nothing'] }])).toEqual([])
    expect(await of([{ name: 'item', values: [] }])).toEqual([])
    const newest = await of([{ name: 'item', values: ['a'] }], { last: 2 })
    const all = sums(row => row.key[0] === 'a') as Sum[]
    expect(newest).toEqual(all.slice(-2).toReversed())
  })

  test('rows come in the order that is asked for, those without a value last', async () => {
    await using store = await open('minutes')
    const orders: readonly [string, (left: Sum, right: Sum) => number][] = [
      ['window_start', byWindow],
      ['-window_start', (a, b) => compareUtf8(b.start, a.start) || byKey(a, b)],
      ['key', (a, b) => byKey(a, b) || byWindow(a, b)],
      ['sales', (a, b) => a.sales - b.sales || byWindow(a, b)],
      ['-sales', (a, b) => b.sales - a.sales || byWindow(a, b)],
      ['-most', (a, b) => b.most - a.most || byWindow(a, b)],
      ['-amount.EUR', (a, b) => amountOf(b, -1) - amountOf(a, -1) || byWindow(a, b)],
      ['amount.EUR', (a, b) => amountOf(a, 1e9) - amountOf(b, 1e9) || byWindow(a, b)],
    ]
    for (const [order, compare] of orders) {
      const found = await ask(store, 'minutes', { order })
      const expected = sumUp({ window: 'minute', kept: [0, 1] }).toSorted(compare)
      expect(found.map(row => toSum(row, 'minute'))).toEqual(expected)
      const rolled = await ask(store, 'minutes', { order, window: 'day', group: ['item'] })
      const days = sumUp({ window: 'day', kept: [0] }).toSorted(compare)
      expect(rolled.map(row => toSum(row, 'day'))).toEqual(days)
    }
  })

  test('windows put together begin within the range, and are whole', async () => {
    await using store = await open('minutes')
    const asked = { window: 'day', group: [] } as const
    const [first, second, third] = sumUp({ window: 'day', kept: [] })
    const ranged = async (from: string | null, to: string | null): Promise<unknown> =>
      (
        await ask(store, 'minutes', {
          ...asked,
          fromMs: from === null ? null : Date.parse(from),
          toMs: to === null ? null : Date.parse(to),
        })
      ).map(row => toSum(row, 'day'))
    expect(await ranged('2026-02-27T00:00:01Z', '2026-02-28T00:00:01Z')).toEqual([second])
    expect(await ranged('2026-02-27', '2026-02-28')).toEqual([first])
    expect(await ranged('2026-02-28', null)).toEqual([second, third])
    expect(await ranged('2026-02-27T01:00:00Z', '2026-02-27T02:00:00Z')).toEqual([])
    const newest = await ask(store, 'minutes', { ...asked, last: 2 })
    expect(newest.map(row => toSum(row, 'day'))).toEqual([third, second])
  })

  test('top is of each window of the answer', async () => {
    await using store = await open('best_of_hour')
    const best = (wanted: Wanted, limit: number): readonly unknown[] => {
      const windows = Map.groupBy(sumUp(wanted), sum => sum.start)
      return [...windows.values()].flatMap(sums =>
        sums.toSorted((a, b) => b.sales - a.sales || byKey(a, b)).slice(0, limit),
      )
    }
    for (const window of ['hour', 'day', 'all'] as const) {
      const asked = window === 'hour' ? {} : { window }
      const found = await ask(store, 'best_of_hour', asked)
      expect(found.map(row => toSum(row, window))).toEqual(best({ window, kept: [0, 1] }, 2))
    }
    const top = { by: 'sales', limit: 4 }
    const ranked = await ask(store, 'best_of_hour', { window: 'all', group: ['item'], top })
    expect(ranked.map(row => toSum(row, 'all'))).toEqual(best({ window: 'all', kept: [0] }, 4))
    const [only] = await ask(store, 'best_of_hour', { measures: ['sales'] })
    expect(Object.keys(only?.values ?? {})).toEqual(['sales'])
  })

  test('hours of a half-hour zone make its days', async () => {
    const times = ['2026-02-27T18:29:59Z', '2026-02-27T18:30:00Z', '2026-02-28T18:29:59Z']
    const sketches = times.map(time => ({ time, values: { sales: 1 } }))
    await using store = await open('india', sketches)
    const found = await ask(store, 'india', { window: 'day' })
    expect(found.map(row => [row.window_start, row.window_end, row.values['sales']])).toEqual([
      ['2026-02-26T18:30:00Z', '2026-02-27T18:30:00Z', 1],
      ['2026-02-27T18:30:00Z', '2026-02-28T18:30:00Z', 2],
    ])
  })

  test('distinct counts are united over keys, and refused where they do not add up', async () => {
    const of = (item: string, shop: string, kinds: readonly number[]): RowSketch => ({
      time: '2026-02-27T10:00:00Z',
      key: [item, shop],
      values: { sales: 1, users: 1, kinds },
    })
    const sketches = [
      of('a', 'x', [1, 2]),
      of('a', 'y', [2, 3]),
      of('b', 'x', [1]),
      of('a', 'x', [2]),
    ]
    await using store = await open('visits', sketches)
    const measured = ['sales', 'kinds']
    const found = await ask(store, 'visits', { group: ['item'], measures: measured })
    expect(found.map(({ key, values }) => ({ ...key, ...values }))).toEqual([
      { item: 'a', sales: 3, kinds: 3 },
      { item: 'b', sales: 1, kinds: 1 },
    ])
    const sorted = await ask(store, 'visits', {
      group: ['item'],
      measures: ['sales'],
      order: 'kinds',
    })
    expect(sorted.map(({ key, values }) => ({ ...key, ...values }))).toEqual([
      { item: 'b', sales: 1 },
      { item: 'a', sales: 3 },
    ])
    const refused = (asked: Partial<Question>): (() => Promise<unknown>) => {
      return () => store.query({ ...ALL, metric: 'visits', ...asked })
    }
    await expectFault(refused({ group: [] }), 'NOT_ADDITIVE', /'users'.*measures=sales/)
    await expectFault(refused({ window: 'day' }), 'NOT_ADDITIVE', /'users', 'kinds'.*windows/)
    const kinds = { window: 'day', measures: ['kinds'] } as const
    await expectFault(refused(kinds), 'NOT_ADDITIVE', /'kinds'/)
    const top = { window: 'all', measures: ['sales'], top: { by: 'users', limit: 3 } } as const
    await expectFault(refused(top), 'NOT_ADDITIVE', /'users'/)
  })

  test('shapes that there are not are refused, and cursors of other ones', async () => {
    await using store = await open('minutes')
    const refused = async (asked: Partial<Question>, message: RegExp): Promise<void> => {
      const work = (): Promise<unknown> => store.query({ ...ALL, metric: 'minutes', ...asked })
      await expectFault(work, 'QUERY_INVALID', message)
    }
    await refused({ group: ['nope'] }, /no key 'nope'; there are 'item', 'shop'/)
    await refused({ keys: [{ name: 'sales', values: ['1'] }] }, /no key 'sales'/)
    await refused({ measures: ['nope'] }, /no measure 'nope'; there are 'sales'/)
    await refused({ order: 'average' }, /cannot be ordered by 'average'/)
    await refused({ order: '-key' }, /cannot be ordered/)
    await refused({ order: '-amount' }, /-amount\.USD/)
    await refused({ order: 'sales.USD' }, /not by currency/)
    await refused({ top: { by: 'amount', limit: 3 } }, /by a count.*'sales'/)
    const query = { ...ALL, metric: 'minutes', limit: 1, order: '-sales' }
    const { next } = await store.query(query)
    expect(next).not.toBeNull()
    for (const other of [
      { order: 'sales' },
      { group: ['item'] },
      { keys: [{ name: 'item', values: ['a'] }] },
      { window: 'day' as const },
    ]) {
      await refused({ ...query, ...other, cursor: next }, /cursor/)
    }
  })
}

function amountOf({ amount }: Sum, none: number): number {
  return amount.get('EUR') ?? none
}
