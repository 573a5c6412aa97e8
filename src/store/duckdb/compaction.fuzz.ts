/** A store that compacts all the time answers as one that never does, and as plain Maps do. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { count, countDistinct, defineMetric, max, min, sum } from '../../model/metric.ts'
import type { MetricPlan } from '../../model/plan.ts'
import { HOUR_MS } from '../../std/units.ts'
import { rowsOf } from '../bed.ts'
import { openMemoryStore } from '../memory/memory.ts'
import { plansOf, sold, stepOf, toBatch, totals } from '../steps.ts'
import type { Store } from '../store.ts'
import { openDuckDbStore } from './duckdb.ts'

const plans = plansOf(
  defineMetric('mixed', {
    from: sold,
    window: 'hour',
    groupBy: ['data.item', 'data.shop'],
    measures: {
      sales: count(),
      amount: sum('data.amount'),
      least: min('data.amount'),
      most: max('data.pieces'),
      weights: countDistinct('data.weight'),
    },
  }),
)
const [plan] = plans as [MetricPlan]
const START = Date.parse('2026-03-01T00:00:00Z')

const rowArbitrary = fc.record({
  time: fc.nat({ max: 5 }).map(hour => new Date(START + hour * HOUR_MS).toISOString()),
  key: fc.tuple(
    fc.constantFrom('a', 'b', '\uFF5E', '\u{1F600}', '', null),
    fc.constantFrom('x', null),
  ),
  currency: fc.constantFrom('USD', 'JPY', 'KWD'),
  events: fc.integer({ min: 1, max: 9 }),
  misplaced: fc.nat({ max: 1 }),
  values: fc.record(
    {
      sales: fc.nat({ max: 9 }),
      amount: fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
      least: fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n }),
      most: fc.integer(),
      weights: fc.array(fc.nat({ max: 20 }), { maxLength: 4 }),
    },
    { requiredKeys: [] },
  ),
})
const stepArbitrary = fc.record({
  shard: fc.nat({ max: 1 }),
  hour: fc.nat({ max: 8 }),
  rows: fc.array(rowArbitrary, { maxLength: 12 }),
})

test('compaction changes no answer', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stepArbitrary, { minLength: 1, maxLength: 8 }), async steps => {
      const directory = await mkdtemp(join(tmpdir(), 'weir-fuzz-'))
      try {
        await using recount = openMemoryStore({ plans, shards: 2 })
        const open = (compactAfterRows: number): Promise<Store> =>
          openDuckDbStore({
            directory: join(directory, String(compactAfterRows)),
            plans,
            shards: 2,
            compactAfterRows,
          })
        await using eager = await open(1)
        await using lazy = await open(1_000_000)
        for (const { shard, hour, rows } of steps) {
          const partitions = [
            totals({ partition: shard, accepted: 1, timeMs: START + hour * HOUR_MS }),
          ]
          const step = stepOf({ shard, partitions, partials: [toBatch(plan, rows)] })
          for (const store of [recount, eager, lazy]) await store.commit(step)
        }
        const expected = await rowsOf(recount, 'mixed')
        expect(await rowsOf(lazy, 'mixed')).toEqual(expected)
        expect(await rowsOf(eager, 'mixed')).toEqual(expected)
      } finally {
        await rm(directory, { recursive: true })
      }
    }),
    { numRuns: 8 },
  )
})
