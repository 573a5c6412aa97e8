import { describe, expect, test } from 'vitest'
import type { MetricAnswer } from '../../../../src/api/contract.ts'
import { sampleRow } from '../../data/sample.ts'
import type { Ask } from './question.ts'
import { LINES_MAX, listColumns, parseAsk, readValue, toLines, toPath } from './question.ts'

const METRIC: MetricAnswer = {
  name: 'sales by/product',
  zone: 'UTC',
  window: 'hour',
  group_by: ['product_id', 'country'],
  measures: [
    { name: 'orders', kind: 'count' },
    { name: 'revenue', kind: 'sum' },
  ],
  top: null,
  roll_ups: ['day'],
  additive: ['orders', 'revenue'],
}

function ask(query: string): Ask {
  const parsed = parseAsk(new URLSearchParams(query), [METRIC])
  if (parsed === null) throw new Error('no metric')
  return parsed
}

describe('toPath', () => {
  const NAME = 'v1/metrics/sales%20by%2Fproduct'
  test.each([
    ['', `${NAME}?last=48&limit=1000`],
    ['metric=unknown&last=5', `${NAME}?last=5&limit=1000`],
    ['window=day&order=-orders', `${NAME}?last=48&window=day&order=-orders&limit=1000`],
    ['window=all', `${NAME}?window=all&limit=1000`],
    ['from=2024-09-03&last=5', `${NAME}?from=2024-09-03&limit=1000`],
    ['group=country', `${NAME}?last=48&group=country&limit=1000`],
    ['measures=orders', `${NAME}?last=48&measures=orders&limit=1000`],
    ['group=-', `${NAME}?last=48&group=&limit=1000`],
    [
      'key.country=D%26E&key.country=FR&no_key=product_id',
      `${NAME}?last=48&key.country=D%26E&key.country=FR&no_key=product_id&limit=1000`,
    ],
  ])('%s asks %s', (query, path) => {
    expect(toPath(ask(query))).toBe(path)
  })

  test('a download has all rows, a page goes on', () => {
    expect(toPath(ask(''), 'csv')).toBe(`${NAME}?last=48&limit=1000000&format=csv`)
    expect(toPath(ask(''), 'json', 'a+b')).toBe(`${NAME}?last=48&limit=1000&cursor=a%2Bb`)
  })

  test('without any metric there is nothing to ask', () => {
    expect(parseAsk(new URLSearchParams(), [])).toBeNull()
  })
})

const row = (at: string, product: string | null, orders: number | null, rest = {}) =>
  sampleRow({
    at,
    key: { product_id: product, country: 'DE' },
    values: { orders, revenue: { EUR: '1.50' } },
    ...rest,
  })

test('columns are measures, and of money its currencies', () => {
  const rows = [row('10:00', 'p', 2), row('10:00', 'q', 1, { values: { revenue: { CHF: '9' } } })]
  expect(listColumns(METRIC, rows)).toEqual(['orders', 'revenue.CHF', 'revenue.EUR'])
  expect(rows.map(one => readValue(one, 'revenue.EUR'))).toEqual(['1.50', undefined])
})

describe('toLines', () => {
  const asked = ask('group=product_id')

  test('one line for each key, the largest first, open where any row is', () => {
    const rows = [
      row('10:00', 'a', 1),
      row('10:01', 'a', 2, { status: 'open' }),
      row('10:01', null, 9),
    ]
    const drawn = toLines(rows, asked, 'orders')
    expect(drawn?.view.lines.map(line => [line.label, line.values])).toEqual([
      ['none', [null, 9]],
      ['a', [1, 2]],
    ])
    expect(drawn?.view.statuses).toEqual(['final', 'open'])
  })

  test('more keys than can be told apart are counted, not drawn', () => {
    const rows = Array.from({ length: 9 }, (_, index) => row('10:00', `p${index}`, index))
    const drawn = toLines(rows, asked, 'orders')
    expect(drawn?.view.lines).toHaveLength(LINES_MAX)
    expect(drawn?.view.lines[0]?.label).toBe('p8')
    expect(drawn?.hiddenCount).toBe(9 - LINES_MAX)
  })

  test('keys that look the same are lines of their own', () => {
    const drawn = toLines([row('10:00', null, 1), row('10:00', 'none', 2)], asked, 'orders')
    expect(drawn?.view.lines.map(line => line.values)).toEqual([[2], [1]])
  })

  test('a window of all has no time to draw along', () => {
    expect(toLines([sampleRow({ at: null })], asked, 'orders')).toBeNull()
  })
})
