/** What is added up over a range, from blocks and rows, is what plain Maps add up of its rows. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { count, defineMetric, max, min, sum } from '../../model/metric.ts'
import type { MetricPlan } from '../../model/plan.ts'
import { isWithin } from '../../model/swap.ts'
import { createPrng } from '../../std/prng.ts'
import { DAY_MS, HOUR_MS } from '../../std/units.ts'
import { ALL } from '../bed.ts'
import { plansOf, sold, toBatch } from '../steps.ts'
import type { Store } from '../store.ts'
import { partsOf } from './tables/totals.ts'
import type { Twins } from './twins.fixture.ts'
import { openTwins } from './twins.fixture.ts'

const plans = plansOf(
  defineMetric('items', {
    from: sold,
    window: 'hour',
    groupBy: ['data.item', 'data.shop'],
    measures: {
      sales: count(),
      amount: sum('data.amount'),
      least: min('data.amount'),
      most: max('data.pieces'),
    },
  }),
)
/** Blocks are counted from 1970 on, forwards and backwards. */
const BEGINS = -70 * DAY_MS
const DAYS = 140
const ROWS = 3_000

const prng = createPrng(11)
let twins: Twins
let disk: Store
let plain: Store

beforeAll(async () => {
  twins = await openTwins({ plans, shards: 1, compactAfterRows: ROWS / 3 })
  disk = twins.disk
  plain = twins.plain
  for (let step = 0; step < 3; step += 1) {
    const rows = Array.from({ length: step === 2 ? 100 : ROWS / 2 }, () => ({
      time: new Date(BEGINS + prng.nextUnit() * DAYS * DAY_MS).toISOString(),
      key: [`item ${prng.nextBelow(3)}`, prng.nextChance(0.1) ? null : 'x'],
      currency: prng.nextChance(0.3) ? 'JPY' : 'USD',
      misplaced: prng.nextChance(0.01) ? 1 : 0,
      values: {
        sales: 1,
        amount: prng.nextBelow(1_000),
        least: prng.nextBelow(999),
        most: prng.nextBelow(50),
      },
    }))
    const partials = plans.map((plan: MetricPlan) => toBatch(plan, rows))
    const done = step === 2 ? null : twins.compacted()
    await twins.commit({ partials })
    await done
  }
})

afterAll(() => twins[Symbol.asyncDispose]())

const boundArbitrary = fc.option(
  fc.oneof(
    fc.integer({ min: -2, max: DAYS + 2 }).map(day => BEGINS + day * DAY_MS),
    fc.integer({ min: -9, max: DAYS * 24 + 9 }).map(hour => BEGINS + hour * HOUR_MS),
  ),
  { freq: 5 },
)

test('what is asked of all time, and of any range', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        fromMs: boundArbitrary,
        toMs: boundArbitrary,
        group: fc.subarray(['item', 'shop']),
        keys: fc.constantFrom([], [{ name: 'shop', values: [null] }]),
      }),
      async asked => {
        const question = { ...ALL, metric: 'items', window: 'all', ...asked } as const
        const { rows } = await disk.query(question)
        expect(rows).toEqual((await plain.query(question)).rows)
      },
    ),
    { numRuns: 200 },
  )
})

const rangeArbitrary = fc.record({ fromMs: boundArbitrary, toMs: boundArbitrary })

test('each instant of a range is in one part of it, and no other is', () => {
  fc.assert(
    fc.property(rangeArbitrary, boundArbitrary, (range, at) => {
      const timeMs = at ?? BEGINS
      const rows = { rowCount: 1, firstMs: timeMs, lastMs: timeMs + DAYS * DAY_MS }
      const parts = partsOf(range, rows)
      expect(parts.filter(part => isWithin(part, timeMs))).toHaveLength(
        isWithin(range, timeMs) ? 1 : 0,
      )
    }),
    { numRuns: 2_000 },
  )
})

test('a range of all rows is added up already, and a long one of few parts', () => {
  const rows = { rowCount: 1, firstMs: BEGINS, lastMs: BEGINS + DAYS * DAY_MS }
  const levelsOf = (fromMs: number | null, toMs: number | null): readonly unknown[] =>
    partsOf({ fromMs, toMs }, rows).map(({ level }) => level)
  expect(levelsOf(null, null)).toEqual([2])
  expect(levelsOf(BEGINS, BEGINS + DAYS * DAY_MS + 1)).toEqual([2])
  expect(levelsOf(0, null)).toEqual([1])
  expect(levelsOf(0, 32 * DAY_MS)).toEqual([1])
  expect(levelsOf(-DAY_MS, 37 * DAY_MS)).toEqual([null, 1, 0, null])
  expect(levelsOf(HOUR_MS, 2 * HOUR_MS)).toEqual([null])
})
