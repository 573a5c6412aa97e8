/**
 * Definitions are typed: a wrong name does not compile. The proof is tsc itself, which reports each
 * `@ts-expect-error` that stands over a line without an error; this file is among those it checks.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { defineEvent } from '../src/model/event.ts'
import { boolean, decimal, integer, list, money, string } from '../src/model/field.ts'
import type { Metric } from '../src/model/metric.ts'
import { count, countDistinct, defineMetric, max, min, ratio, sum } from '../src/model/metric.ts'
import { addToCart, productView, purchase, search } from '../src/model/shop-events.ts'

const review = defineEvent('review_posted', {
  product_id: string(),
  stars: integer({ min: 1, max: 5 }),
  weight: decimal(3, { optional: true }),
  tip: money({ optional: true }),
  verified: boolean(),
  photos: list({ url: string() }, { optional: true }),
})
const rest = { window: 'day', measures: { n: count() } } as const

const RIGHT: readonly Metric[] = [
  defineMetric('everything', {
    from: review,
    window: '15m',
    groupBy: ['data.product_id', 'data.verified', 'session_id', 'data.currency'],
    measures: {
      reviews: count(),
      praise: count({ where: { 'data.stars': 5 } }),
      stars: sum('data.stars'),
      heaviest: max('data.weight'),
      meanest: min('data.tip'),
      people: countDistinct('user_id'),
      average: ratio('stars', 'reviews'),
    },
    where: { 'data.verified': true, 'data.weight': null },
    once: 'data.product_id',
    top: { by: 'reviews', limit: 3 },
    zone: 'Asia/Kolkata',
  }),
  defineMetric('shared', { ...rest, from: [productView, addToCart], groupBy: ['data.product_id'] }),
  defineMetric('all_types', { ...rest, from: 'all', groupBy: ['event_type', 'user_id'] }),
]

const WRONG: readonly Metric[] = [
  // @ts-expect-error the field is called product_id
  defineMetric('a', { ...rest, from: review, groupBy: ['data.product'] }),
  // @ts-expect-error fields of data are named with their path
  defineMetric('b', { ...rest, from: review, groupBy: ['product_id'] }),
  // @ts-expect-error a list is no field to group by
  defineMetric('c', { ...rest, from: review, groupBy: ['data.photos'] }),
  // @ts-expect-error text cannot be summed
  defineMetric('d', { from: review, window: 'day', measures: { n: sum('data.product_id') } }),
  // @ts-expect-error truth cannot be summed
  defineMetric('e', { from: review, window: 'day', measures: { n: sum('data.verified') } }),
  // @ts-expect-error a purchase has no quantity of its own
  defineMetric('f', { from: purchase, window: 'day', measures: { n: max('data.quantity') } }),
  // @ts-expect-error no such field to be distinct
  defineMetric('g', { from: search, window: 'day', measures: { n: countDistinct('data.qwery') } }),
  // @ts-expect-error no such field in the condition
  defineMetric('h', { ...rest, from: search, where: { 'data.result_count': 0 } }),
  defineMetric('i', {
    from: search,
    window: 'day',
    // @ts-expect-error no such field in the condition of the count
    measures: { n: count({ where: { 'data.result_count': 0 } }) },
  }),
  // @ts-expect-error top names a measure
  defineMetric('j', { ...rest, from: search, top: { by: 'm', limit: 3 } }),
  // @ts-expect-error once is for one event type
  defineMetric('k', { ...rest, from: [search, purchase], once: 'user_id' }),
  // @ts-expect-error no such field to be once
  defineMetric('l', { ...rest, from: purchase, once: 'data.order' }),
  // @ts-expect-error no such window
  defineMetric('m', { from: search, window: 'fortnight', measures: { n: count() } }),
  // @ts-expect-error a field of data of one type is not known of all
  defineMetric('n', { ...rest, from: 'all', groupBy: ['data.product_id'] }),
]

test('definitions that compile are taken as they are', () => {
  expect(RIGHT.map(metric => metric.name)).toEqual(['everything', 'shared', 'all_types'])
  expect(RIGHT[0]?.groupBy).toHaveLength(4)
  expect(WRONG).toHaveLength(14)
})

test('tsc finds every wrong name of this file, and no other fault in it', async () => {
  const tsc = ['node_modules/typescript/bin/tsc', '-p', '.', '--pretty', 'false', '--listFiles']
  const run = promisify(execFile)(process.execPath, tsc).catch(
    (failed: { stdout: string }) => failed,
  )
  const lines = (await run).stdout.split('\n')
  expect(lines.some(line => line.endsWith('/metric-types.test.ts'))).toBe(true)
  expect(lines.filter(line => line.includes('metric-types.test.ts('))).toEqual([])
})
