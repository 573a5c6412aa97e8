/**
 * A store that compacts all the time answers as one that never does, and as plain Maps do: also of
 * single keys and of all time, for which it keeps rows by key and totals, and where rows are
 * swapped while it compacts.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { count, countDistinct, defineMetric, max, min, sum } from '../../model/metric.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { Question } from '../../model/result.ts'
import { isWithin } from '../../model/swap.ts'
import { HOUR_MS } from '../../std/units.ts'
import { ALL } from '../bed.ts'
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
const hourArbitrary = fc.nat({ max: 8 }).map(hour => START + hour * HOUR_MS)
const stepArbitrary = fc.record({
  shard: fc.nat({ max: 1 }),
  timeMs: hourArbitrary,
  rows: fc.array(rowArbitrary, { maxLength: 12 }),
  /** The windows in whose place the rows come; mostly they come beside what there is. */
  swapped: fc.option(
    fc.record({ fromMs: fc.option(hourArbitrary), toMs: fc.option(hourArbitrary) }),
    { freq: 2 },
  ),
})
type RandomStep = typeof stepArbitrary extends fc.Arbitrary<infer T> ? T : never

const QUESTIONS: readonly Partial<Question>[] = [
  {},
  { keys: [{ name: 'item', values: ['a', null] }] },
  { window: 'all', measures: ['sales', 'amount', 'least', 'most'] },
  { window: 'all', measures: ['sales'], fromMs: START + 2 * HOUR_MS, group: ['item'] },
]

async function take(store: Store, { shard, timeMs, rows, swapped }: RandomStep): Promise<void> {
  const batch = toBatch(plan, rows)
  if (swapped === null) {
    const partitions = [totals({ partition: shard, accepted: 1, timeMs })]
    await store.commit(stepOf({ shard, partitions, partials: [batch] }))
    return
  }
  const { shards } = await store.load()
  const offsets = shards
    .flatMap(one => one.partitions)
    .map(({ topic, partition, offsetNext: offset }) => ({ topic, partition, offset }))
  const inRange = rows.filter(({ time }) => isWithin(swapped, Date.parse(time)))
  const lateness = inRange.map(() => ({ late: 0, revision: 0 }))
  const shardRows = { shard, batch: toBatch(plan, inRange), lateness }
  await store.swap({ offsets, metrics: [{ plan, range: swapped, rows: [shardRows] }], ids: [] })
}

test('compaction changes no answer', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stepArbitrary, { minLength: 1, maxLength: 8 }), async steps => {
      const directory = await mkdtemp(join(tmpdir(), 'weir-fuzz-'))
      const faults: unknown[] = []
      try {
        await using recount = openMemoryStore({ plans, shards: 2 })
        const open = (compactAfterRows: number): Promise<Store> =>
          openDuckDbStore({
            directory: join(directory, String(compactAfterRows)),
            plans,
            shards: 2,
            compactAfterRows,
            onMaintenanceFault: fault => faults.push(fault),
          })
        await using eager = await open(1)
        await using lazy = await open(1_000_000)
        for (const step of steps) {
          for (const store of [recount, eager, lazy]) await take(store, step)
        }
        for (const question of QUESTIONS) {
          const asked = { ...ALL, metric: 'mixed', ...question }
          const { rows } = await recount.query(asked)
          expect((await lazy.query(asked)).rows).toEqual(rows)
          expect((await eager.query(asked)).rows).toEqual(rows)
        }
        expect(faults).toEqual([])
      } finally {
        await rm(directory, { recursive: true })
      }
    }),
    { numRuns: 12 },
  )
})
