import { expect, test } from 'vitest'
import type { Judged } from './judge.ts'
import { judge } from './judge.ts'
import { recountLedger } from './ledger.ts'
import type { OracleRow } from './recount.ts'
import { recount } from './recount.ts'
import type { OracleMetric } from './shop.ts'
import { SHOP_SETTINGS } from './shop.ts'

type Sale = [user: string, order: string, time: string, amount: number, currency?: string]

/** Sales, in order of offset, of one partition; event ids are their numbers. */
function judgeSales(sales: readonly Sale[], partition = 0): Judged[] {
  const records = sales.map(([user, order, time, amount, currency], offset) => {
    const data = { order_id: order, total_amount: amount, currency }
    const envelope = { event_id: `${offset}`, event_type: 'purchase', user_id: user }
    const value = Buffer.from(JSON.stringify({ ...envelope, timestamp: `2024-09-${time}Z`, data }))
    const place = { topic: 'purchase', partition, offset, arrivalMs: Date.parse('2024-12-01') }
    return { ...place, key: null, value, headers: new Map<string, string>() }
  })
  return judge(records, SHOP_SETTINGS)
}

const ORDERS: OracleMetric = {
  name: 'orders',
  from: ['purchase'],
  window: 'hour',
  groupBy: [],
  measures: {
    orders: { kind: 'count', where: null },
    yen: { kind: 'count', where: { 'data.currency': 'JPY' } },
    revenue: { kind: 'sum', field: 'data.total_amount' },
    smallest: { kind: 'min', field: 'data.total_amount' },
    average: { kind: 'ratio', numerator: 'revenue', denominator: 'orders' },
    per_yen: { kind: 'ratio', numerator: 'revenue', denominator: 'yen' },
    users: { kind: 'count_distinct', field: 'user_id' },
    share: { kind: 'ratio', numerator: 'users', denominator: 'orders' },
    inverse: { kind: 'ratio', numerator: 'users', denominator: 'yen' },
  },
  where: null,
  once: 'data.order_id',
  top: null,
  zone: null,
}

test('sums, extremes and ratios of money stay in their currency', () => {
  const judged = judgeSales([
    ['u1', 'o1', '03T10:00:00', 10],
    ['u1', 'o1', '03T10:00:01', 99], // the same order again
    ['u2', 'o1', '03T10:59:59', 0.05], // another user's order of that name
    ['u1', 'o2', '03T10:30:00', -3],
    ['u3', 'o3', '03T10:30:00', 100, 'JPY'],
    ['u3', 'o4', '03T10:30:00', 101, 'JPY'],
    ['u3', 'o5', '03T12:00:00', 1],
  ])
  expect(recount(ORDERS, judged, SHOP_SETTINGS)).toEqual([
    {
      window_start: '2024-09-03T10:00:00Z',
      window_end: '2024-09-03T11:00:00Z',
      key: {},
      values: {
        orders: 5,
        yen: 2,
        revenue: { USD: '7.05', JPY: '201' },
        smallest: { USD: '-3.00', JPY: '100' },
        average: { USD: '2.35', JPY: '101' },
        per_yen: { USD: null, JPY: '101' },
        users: 3,
        share: '0.600000',
        inverse: '1.500000',
      },
    },
    {
      window_start: '2024-09-03T12:00:00Z',
      window_end: '2024-09-03T13:00:00Z',
      key: {},
      values: {
        orders: 1,
        yen: 0,
        revenue: { USD: '1.00' },
        smallest: { USD: '1.00' },
        average: { USD: '1.00' },
        per_yen: { USD: null },
        users: 1,
        share: '1.000000',
        inverse: null,
      },
    },
  ])
})

test('keys are ordered by their UTF-8 bytes, nothing first; top ranks before it cuts', () => {
  const currencies = [undefined, 'EUR', 'CHF', 'EUR', undefined, 'JPY', 'JPY']
  const judged = judgeSales(
    currencies.map((currency, index): Sale => {
      return ['u', `o${index}`, '03T10:00:00', 1, currency as string]
    }),
  )
  const metric: OracleMetric = {
    ...ORDERS,
    window: 'all',
    groupBy: ['data.currency'],
    measures: { orders: { kind: 'count', where: null } },
  }
  const keys = (rows: readonly OracleRow[]): unknown[] => rows.map(row => row.key['currency'])
  expect(keys(recount(metric, judged, SHOP_SETTINGS))).toEqual([null, 'CHF', 'EUR', 'JPY'])
  const top = recount({ ...metric, top: { by: 'orders', limit: 2 } }, judged, SHOP_SETTINGS)
  expect(keys(top)).toEqual([null, 'EUR'])
  const byOrder = { ...metric, groupBy: ['data.order_id'], once: null }
  const names = ['\u{1f600}', '\uffee', 'a', 'é', 'B', 'ab', '']
  const named = judgeSales(names.map(name => ['u', name, '03T10:00:00', 1]))
  const ordered = recount(byOrder, named, SHOP_SETTINGS).map(row => row.key['order_id'])
  expect(ordered).toEqual(['', 'B', 'a', 'ab', 'é', '\uffee', '\u{1f600}'])
})

test('where filters before once, and compares amounts by their text', () => {
  const judged = judgeSales([
    ['u1', 'o1', '03T10:00:00', 1],
    ['u1', 'o1', '03T10:00:01', 2.5],
    ['u1', 'o1', '03T10:00:02', 2.5],
  ])
  const metric = { ...ORDERS, where: { 'data.total_amount': '2.50' }, window: '15m' }
  const [row] = recount(metric, judged, SHOP_SETTINGS)
  expect(row?.window_end).toBe('2024-09-03T10:15:00Z')
  expect(row?.values).toMatchObject({ orders: 1, revenue: { USD: '2.50' } })
})

test('once is per shard, and the ledger is per partition', () => {
  const judged = [0, 1].flatMap(partition =>
    judgeSales(
      [
        ['u1', 'o1', '03T10:00:00', 1],
        ['u1', 'o2', '33T10:00:00', 1],
      ],
      partition,
    ),
  )
  expect(recount(ORDERS, judged, SHOP_SETTINGS)[0]?.values['orders']).toBe(2)
  const line = { topic: 'purchase', consumed: 2, accepted: 1, duplicate: 0 }
  expect(recountLedger(judged)).toEqual([
    { ...line, partition: 0, invalid: { bad_timestamp: 1 } },
    { ...line, partition: 1, invalid: { bad_timestamp: 1 } },
  ])
})
