/** Whatever is asked, pages from the disk are those of plain Maps, or both refuse it alike. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { count, countDistinct, defineMetric, max, min, ratio, sum } from '../../model/metric.ts'
import type { MeasurePlan, MetricPlan } from '../../model/plan.ts'
import type { Question, Result } from '../../model/result.ts'
import { createPrng } from '../../std/prng.ts'
import { DAY_MS, HOUR_MS } from '../../std/units.ts'
import { ALL } from '../bed.ts'
import type { RowSketch } from '../steps.ts'
import { plansOf, sold, toBatch } from '../steps.ts'
import type { AnswerStore, Store } from '../store.ts'
import type { Twins } from './twins.fixture.ts'
import { openTwins } from './twins.fixture.ts'

const groupBy = ['data.item', 'data.shop'] as const
const plans = plansOf(
  defineMetric('money', {
    from: sold,
    window: 'hour',
    zone: 'Europe/Berlin',
    groupBy,
    measures: {
      sales: count(),
      amount: sum('data.amount'),
      average: ratio('amount', 'sales'),
      least: min('data.amount'),
      pieces: sum('data.pieces'),
      most: max('data.pieces'),
      users: countDistinct('user_id'),
    },
  }),
  defineMetric('sets', {
    from: sold,
    window: 'hour',
    groupBy: ['data.item'],
    measures: { sales: count(), shops: countDistinct('data.shop'), per: ratio('sales', 'shops') },
  }),
  defineMetric('widest', {
    from: sold,
    window: 'all',
    groupBy: ['data.item'],
    measures: { sales: count(), shops: countDistinct('data.shop') },
    top: { by: 'shops', limit: 4 },
  }),
  defineMetric('best', {
    from: sold,
    window: 'hour',
    groupBy: ['data.item'],
    measures: { sales: count(), amount: sum('data.amount') },
    top: { by: 'sales', limit: 3 },
  }),
  defineMetric('total', {
    from: sold,
    window: 'all',
    measures: { sales: count(), amount: sum('data.amount') },
  }),
  defineMetric('days', {
    from: sold,
    window: 'day',
    measures: { sales: count(), users: countDistinct('user_id') },
  }),
)

/** Clocks change within it. */
const BEGINS = Date.parse('2026-03-20T00:00:00Z')
const DAYS = 20
const STEPS = 12
const ROWS = 700
const RUNS = 300
const PAGES_MAX = 4
const ITEMS = [null, '', 'a', "it's", 'b', '\uFF5E', '\u{1F600}']
const SHOPS = [null, 'x', 'y']

const prng = createPrng(7)
let twins: Twins
let disk: Store
let plain: Store

beforeAll(async () => {
  twins = await openTwins({ plans, shards: 2, compactAfterRows: 3 * ROWS })
  disk = twins.disk
  plain = twins.plain
  for (let step = 0; step < STEPS; step += 1) {
    const partials = plans.map(plan => toBatch(plan, Array.from({ length: ROWS }, sketch(plan))))
    await twins.commit({ shard: step % 2, partials })
  }
})

afterAll(() => twins[Symbol.asyncDispose]())

function sketch({ measures }: MetricPlan): () => RowSketch {
  return () => ({
    time: new Date(BEGINS + prng.nextUnit() * DAYS * DAY_MS).toISOString(),
    key: [pick(ITEMS), pick(SHOPS)],
    currency: pick(['EUR', 'JPY', 'USD']),
    misplaced: prng.nextChance(0.05) ? 1 : 0,
    values: Object.fromEntries(measures.flatMap(toEntry)),
  })
}

/** One in five is not told. */
function toEntry(measure: MeasurePlan): readonly (readonly [string, number | number[]])[] {
  if (prng.nextChance(0.2)) return []
  const isSet = measure.kind === 'count_distinct' && !measure.additive
  return [
    [measure.name, isSet ? [prng.nextBelow(20), 100 + prng.nextBelow(3)] : prng.nextBelow(99)],
  ]
}

function pick<T>(from: readonly T[]): T {
  return from[prng.nextBelow(from.length)] as T
}

const timeArbitrary = fc
  .integer({ min: -1, max: DAYS * 24 + 1 })
  .map(hour => BEGINS + hour * HOUR_MS)

/** Mostly left out: a question with something of everything is refused. */
function rarely<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary })
}

const questionArbitrary = fc.constantFrom(...plans).chain(({ name, groupBy, measures }) => {
  const names = measures.map(measure => measure.name)
  const usual = fc.constantFrom('window_start', '-window_start', 'key')
  const ofMoney = fc.constantFrom('amount.EUR', '-amount.EUR', 'least.JPY', '-least.USD')
  const ofMeasure = fc.constantFrom(...names, ...names.map(one => `-${one}`))
  const values = fc.subarray([null, '', 'a', "it's", 'x', 'nowhere'], { minLength: 1 })
  const filter = fc.record({ name: fc.constantFrom('item', 'shop'), values })
  return fc.record({
    metric: fc.constant(name),
    limit: fc.constantFrom(1, 3, 10, 50, 127, 128, 300, 100_000),
    fromMs: rarely(timeArbitrary),
    toMs: rarely(timeArbitrary),
    order: rarely(fc.oneof(usual, ofMoney, ofMeasure)),
    window: rarely(fc.constantFrom('hour', 'day', 'week', 'month', 'all')),
    group: rarely(fc.subarray(groupBy.map(ref => ref.name))),
    measures: rarely(fc.subarray(names, { minLength: 1 })),
    keys: fc.array(filter, { maxLength: 1 }),
    last: rarely(fc.constantFrom(1, 3, 40)),
    top: rarely(fc.record({ by: fc.constantFrom(...names), limit: fc.constantFrom(1, 2, 5) })),
  })
})

type Answer = Result | { readonly code: string }

async function ask(store: AnswerStore, question: Question): Promise<Answer> {
  try {
    return await store.query(question)
  } catch (error) {
    return { code: (error as { readonly code: string }).code }
  }
}

test('any question', async () => {
  let answered = 0
  await fc.assert(
    fc.asyncProperty(questionArbitrary, async asked => {
      let question: Question = { ...ALL, ...asked }
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const expected = await ask(plain, question)
        expect(await ask(disk, question)).toEqual(expected)
        if ('code' in expected) {
          expect(expected.code).toBeTypeOf('string')
          return
        }
        answered += 1
        if (expected.next === null) return
        question = { ...question, cursor: expected.next }
      }
    }),
    { numRuns: RUNS },
  )
  expect(answered).toBeGreaterThan(RUNS / 2)
})
