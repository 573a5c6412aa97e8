/** A long series of steps, each a function of its number: what a killed process had committed. */
import { count, countDistinct, defineMetric, max, sum } from '../../model/metric.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { ShardStep, Step } from '../../model/step.ts'
import { present } from '../../std/assert.ts'
import { MINUTE_MS } from '../../std/units.ts'
import { block, NO_IDS, plansOf, reject, shardStep, sold, toBatch, totals } from '../steps.ts'

export const KNOWN_SHARDS = 2
const START = Date.parse('2026-03-01T00:00:00Z')
const IDS_PER_STEP = 10
/** Every so many steps all warm ids of the even bucket are sealed. */
const SEAL_EVERY = 3

export const KNOWN_PLANS: readonly MetricPlan[] = plansOf(
  defineMetric('known_hourly', {
    from: sold,
    window: 'hour',
    groupBy: ['data.item'],
    measures: { sales: count(), amount: sum('data.amount'), shops: countDistinct('data.shop') },
  }),
  defineMetric('known_all', {
    from: sold,
    window: 'all',
    groupBy: ['data.item'],
    measures: { sales: count(), most: max('data.pieces') },
  }),
)

/** The step after `number` others. Windows of former hours are touched again, so some are late. */
export function knownStep(number: number): Step {
  const [hourly, all] = KNOWN_PLANS
  const shards = Array.from({ length: KNOWN_SHARDS }, (_, shard): ShardStep => {
    const rows = Array.from({ length: 12 }, (__, row) => ({
      time: new Date(START + (number * 5 - row * 11) * MINUTE_MS).toISOString(),
      key: [row % 5 === 0 ? null : `item ${(number * 7 + row) % 9}`],
      currency: row % 3 === 0 ? 'EUR' : 'USD',
      values: { sales: row, amount: number * row, shops: [number % 13, row], most: number ^ row },
    }))
    const accepted = (number + 1) * rows.length
    const invalid = { not_json: number + 1 }
    const timeMs = START + number * 5 * MINUTE_MS
    return shardStep({
      shard,
      partitions: [totals({ partition: shard, accepted, invalid, timeMs, atEnd: false })],
      partials: [toBatch(present(hourly, 'a plan'), rows), toBatch(present(all, 'a plan'), rows)],
      ids: shard === 0 ? idsOf(number) : NO_IDS,
      rejects: [reject(number, { partition: shard })],
    })
  })
  return { catalogVersion: 'c1', shards }
}

/** All ids that the first `stepCount` steps added are below this. */
export function idsEnd(stepCount: number): number {
  return stepCount * IDS_PER_STEP
}

function idsOf(number: number): ShardStep['ids'] {
  const added = [block(number % 2, range(number, number + 1))]
  if (number % SEAL_EVERY !== SEAL_EVERY - 1) return { added, sealed: [], kept: [] }
  const warm = Array.from({ length: number + 1 }, (_, step) => step)
  const even = warm.filter(step => step % 2 === 0 && step > number - SEAL_EVERY)
  const odd = warm.filter(step => step % 2 === 1)
  return {
    added,
    sealed: [
      block(
        0,
        even.flatMap(step => range(step, step + 1)),
      ),
    ],
    kept: [
      block(
        1,
        odd.flatMap(step => range(step, step + 1)),
      ),
    ],
  }
}

function range(fromStep: number, toStep: number): readonly number[] {
  const start = fromStep * IDS_PER_STEP
  return Array.from({ length: (toStep - fromStep) * IDS_PER_STEP }, (_, index) => start + index)
}
