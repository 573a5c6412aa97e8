/** Nobody gets more than a bucket holds and refills, whatever others do; memory stays bounded. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createBuckets } from './buckets.ts'

const CAPACITY = 5
const PER_SECOND = 2
const COUNT_MAX = 4

const call = fc.record({
  id: fc.integer({ min: 0, max: 12 }).map(String),
  waitMs: fc.integer({ min: 0, max: 3_000 }),
  times: fc.integer({ min: 1, max: 8 }),
})

test('nobody gets more than a bucket holds and refills', () => {
  fc.assert(
    fc.property(fc.array(call, { maxLength: 60 }), calls => {
      const buckets = createBuckets({
        perSecond: PER_SECOND,
        capacity: CAPACITY,
        countMax: COUNT_MAX,
        salt: 'salt',
      })
      const taken = new Map<string, number>()
      let nowMs = 0
      for (const { id, waitMs, times } of calls) {
        nowMs += waitMs
        for (let index = 0; index < times; index += 1) {
          const { isTaken, left, waitS } = buckets.take(id, nowMs)
          if (isTaken) taken.set(id, (taken.get(id) ?? 0) + 1)
          expect(isTaken).toBe(waitS === 0)
          expect(left).toBeGreaterThanOrEqual(0)
          expect(left).toBeLessThanOrEqual(CAPACITY)
        }
        expect(buckets.count).toBeLessThanOrEqual(COUNT_MAX)
      }
      // A bucket of one's own, and one that is shared, may both have been full once.
      const most = 2 * CAPACITY + (2 * PER_SECOND * nowMs) / 1_000
      for (const count of taken.values()) expect(count).toBeLessThanOrEqual(most)
    }),
    { numRuns: 500 },
  )
})
