/** What metrics make of events, over steps and openings of the engine. */
import { describe, expect, test } from 'vitest'
import type { Metric } from '../../model/metric.ts'
import { count } from '../../model/metric.ts'
import { partitionOf } from '../../model/partitioner.ts'
import { toUtf8 } from '../../std/bytes.ts'
import type { Bench } from '../engine.fixture.ts'
import { createBench } from '../engine.fixture.ts'
import { catalogOf, day, event, metric, things } from '../shop.fixture.ts'

function benchOf(given: Partial<Metric>): Bench {
  return createBench({ metrics: [metric(given)], catalog: catalogOf() })
}

const SAFE = Number.MAX_SAFE_INTEGER

describe('sums, least and most', () => {
  const measures = {
    sum: { kind: 'sum', field: 'data.whole' },
    least: { kind: 'min', field: 'data.whole' },
    most: { kind: 'max', field: 'data.whole' },
  } as const

  test('are exact beyond 2^53, in one step and over several', () => {
    const values = [
      SAFE,
      SAFE,
      SAFE,
      1,
      -2,
      SAFE,
      -SAFE,
      SAFE - 1,
      2 ** 52,
      2 ** 52 - 1,
      -(2 ** 52),
    ]
    const exact = values.reduce((sum, value) => sum + BigInt(value), 0n)
    const [one, many] = [benchOf({ measures }), benchOf({ measures })]
    one.feed('thing', things(...values.map(whole => ({ whole }))))
    for (const whole of values) many.feed('thing', things({ whole }))
    const expected = { sum: String(exact), least: String(-SAFE), most: String(SAFE) }
    expect([...one.values('m'), ...many.values('m')]).toEqual([expected, expected])
  })

  test('of negative numbers, of zero, and of nothing', () => {
    const bench = benchOf({ measures, groupBy: ['data.text'] })
    const of = (text: string, whole: number | null): object => ({ text, whole })
    bench.feed('thing', things(of('a', -5), of('b', null), of('c', -0), of('a', -7)))
    bench.feed('thing', things(of('a', -6), of('a', null)))
    expect(bench.values('m')).toEqual([
      { sum: '-18', least: '-7', most: '-5' },
      { sum: '0', least: null, most: null },
      { sum: '0', least: '0', most: '0' },
    ])
  })

  test('of money stay apart by currency, in the minor units of each', () => {
    const bench = benchOf({
      measures: {
        sum: { kind: 'sum', field: 'data.price' },
        most: { kind: 'max', field: 'data.price' },
        n: count(),
      },
    })
    const of = (price: number | null, currency?: string): object => ({ price, currency })
    bench.feed('thing', things(of(-1.5), of(20, 'JPY'), of(1.234, 'KWD'), of(null, 'EUR')))
    bench.feed('thing', things(of(0.25), of(-30, 'JPY')))
    expect(bench.values('m')).toEqual([
      {
        sum: { JPY: '-10', KWD: '1.234', USD: '-1.25' },
        most: { JPY: '20', KWD: '1.234', USD: '0.25' },
        n: 6,
      },
    ])
  })
})

describe('distinct values', () => {
  const different = (field: string): Partial<Metric> => ({
    window: 'day',
    measures: { n: count(), different: { kind: 'count_distinct', field } },
  })
  const FIELDS = ['data.text', 'data.whole', 'data.weight', 'data.flag', 'data.price']

  test.each(FIELDS)('of %s are counted once, over steps and openings', field => {
    const bench = benchOf(different(field))
    const values = [
      { text: 'a', whole: 1, weight: 1.5, flag: true, price: 1 },
      { text: '', whole: -0, weight: 0, flag: false, price: 0 },
      {},
    ]
    for (const turn of [0, 1, 2]) {
      bench.feed('thing', things(...values, ...values.toReversed()))
      if (turn === 1) bench.restart()
    }
    bench.feed('thing', [event({ time: day(0, '10:00:00'), data: values[0] as object })])
    expect(bench.values('m')).toEqual([
      { n: 1, different: 1 },
      { n: 18, different: 2 },
    ])
  })

  test.each(['user_id', ...FIELDS])('of %s are exact where days and batches interleave', field => {
    const bench = benchOf({ ...different(field), groupBy: ['data.currency'] })
    const expected = new Map<string, { n: number; values: Set<number> }>()
    const events = Array.from({ length: 2_000 }, (_, index) => {
      const number = (index * 7) % 13
      const currency = ['EUR', 'USD'][index % 2] ?? ''
      const time = day((index * 5) % 3, '12:00:00')
      const group = expected.get(time + currency) ?? { n: 0, values: new Set() }
      expected.set(time + currency, group)
      group.n += 1
      group.values.add(field === 'data.flag' ? number % 2 : number)
      const flag = number % 2 === 1
      const numbers = { whole: number, weight: number, price: number, flag }
      const data = { ...numbers, text: `t${number}`, currency }
      return event({ user: `u${number}`, time, data })
    })
    bench.append('thing', events)
    for (const size of [600, 1, 900, 1_000]) bench.digest('thing', size)
    bench.take()
    const sorted = [...expected].toSorted(([a], [b]) => (a < b ? -1 : 1))
    expect(bench.values('m')).toEqual(
      sorted.map(([, { n, values }]) => ({ n, different: values.size })),
    )
  })

  test('of a row with two currencies are counted in one of them', () => {
    const measures = {
      users: { kind: 'count_distinct', field: 'user_id' },
      sum: { kind: 'sum', field: 'data.price' },
    } as const
    const bench = benchOf({ measures })
    for (const currency of ['USD', 'EUR', 'USD']) {
      bench.feed(
        'thing',
        ['a', 'b'].map(user => event({ user, data: { currency, price: 1 } })),
      )
    }
    expect(bench.values('m')).toEqual([{ users: 2, sum: { EUR: '2.00', USD: '4.00' } }])
  })
})

describe('once', () => {
  test("counts a user's first of a value, at the first by offset, for ever", () => {
    const bench = benchOf({ once: 'data.text', window: 'hour' })
    const of = (user: string, text: string | null, hour: number): object =>
      event({ user, time: `2024-09-03T${hour}:30:00Z`, data: { text } })
    bench.feed('thing', [of('u', 'o1', 11), of('u', 'o1', 10), of('v', 'o1', 11)])
    bench.restart()
    bench.feed('thing', [
      of('u', 'o1', 11),
      of('u', 'o2', 10),
      of('u', null, 10),
      of('u', null, 10),
    ])
    bench.append('thing', [of('v', 'o2', 11)])
    bench.digest('thing')
    // Not taken: it is as if it had not been digested.
    bench.restart()
    bench.digest('thing')
    bench.take()
    const rows = bench.rows('m').map(row => [row.window_start, row.values['n']])
    expect(rows).toEqual([
      ['2024-09-03T10:00:00Z', 3],
      ['2024-09-03T11:00:00Z', 3],
    ])
  })

  test('only what holds the condition can be a first', () => {
    const bench = benchOf({ once: 'data.text', where: { 'data.flag': true } })
    bench.feed('thing', things({ text: 'o' }, { text: 'o', flag: true }, { text: 'o', flag: true }))
    expect(bench.values('m')).toEqual([{ n: 1 }])
    expect(bench.totals('thing')).toMatchObject({ accepted: 3, applied: 3 })
  })
})

describe('where', () => {
  const DATA = [
    { text: 'a', whole: 1, weight: 1.25, flag: true, currency: 'EUR' },
    { text: 'A', whole: -1, weight: -1.25, flag: false, currency: 'USD' },
    { text: '', whole: 0, weight: 0 },
    { text: 'aé', whole: SAFE, weight: 999_999_999_999.999 },
    {},
  ]
  test.each([
    ['data.text', 'a', 1],
    ['data.text', '', 1],
    ['data.text', 'a\u00e9', 1],
    ['data.text', null, 1],
    ['data.text', 'e\u0301', 0],
    ['data.whole', 1, 1],
    ['data.whole', 0, 1],
    ['data.whole', SAFE, 1],
    ['data.whole', null, 1],
    ['data.weight', '1.250', 1],
    ['data.weight', 1.25, 1],
    ['data.weight', '-1.25', 1],
    ['data.weight', '999999999999.999', 1],
    ['data.weight', 0, 1],
    ['data.weight', '0.0004', 0],
    ['data.weight', '99999999999.9999', 0],
    ['data.weight', null, 1],
    ['data.flag', true, 1],
    ['data.flag', false, 1],
    ['data.flag', null, 3],
    ['data.currency', 'EUR', 1],
    ['data.currency', null, 3],
    ['event_type', 'thing', 5],
    ['event_type', 'other', 0],
    ['event_type', null, 0],
    ['user_id', 'u', 5],
    ['session_id', null, 5],
  ])('%s is %j: %i', (path, value, expected) => {
    const where = { [path]: value }
    const bench = createBench({
      metrics: [
        metric({ where }),
        metric({ name: 'measured', measures: { n: count({ where } as never) } }),
      ],
      catalog: catalogOf(),
    })
    bench.feed('thing', things(...DATA))
    expect(bench.values('m')).toEqual(expected === 0 ? [] : [{ n: expected }])
    expect(bench.values('measured')).toEqual([{ n: expected }])
  })
})

describe('misplaced events', () => {
  const partitions = 4
  const userOf = (partition: number): string => {
    const names = Array.from({ length: 100 }, (_, index) => `u${index}`)
    const isThere = (name: string): boolean =>
      partitionOf(toUtf8(name), partitions, 'murmur2') === partition
    return names.find(isThere) ?? ''
  }

  test('are counted, and make distinct and once values inexact where they stand', () => {
    const bench = createBench({
      metrics: [
        metric({ groupBy: ['data.text'] }),
        metric({ name: 'first', groupBy: ['data.text'], once: 'data.text' }),
        metric({
          name: 'users',
          groupBy: ['data.text'],
          measures: { n: { kind: 'count_distinct', field: 'user_id' } },
        }),
      ],
      catalog: catalogOf({ partitions }),
      shard: 2,
    })
    const home = event({ user: userOf(2), data: { text: 'home' } })
    const away = event({ user: userOf(1), data: { text: 'away' } })
    bench.feed('thing', [home, away, home])
    const isExact = (name: string): unknown =>
      bench.rows(name).map(({ key, exact }) => [key['text'], exact])
    expect(isExact('users')).toEqual([
      ['away', false],
      ['home', true],
    ])
    expect(isExact('first')).toEqual(isExact('users'))
    expect(isExact('m')).toEqual([
      ['away', true],
      ['home', true],
    ])
    expect(bench.totals('thing')).toMatchObject({ accepted: 2, duplicate: 1, misplaced: 1 })
  })
})
