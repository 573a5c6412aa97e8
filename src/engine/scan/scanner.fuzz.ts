import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assertBatch, createHarness } from './scanner.differential.ts'

const BATCHES = 500

test('scanner, front door and JSON.parse with the policy agree on any event', () => {
  const harness = createHarness()
  const tally = { rowCount: 0, validCount: 0, slowCount: 0 }
  const seeds = fc.array(fc.noBias(fc.nat()), { minLength: 1, maxLength: 40, size: 'max' })
  fc.assert(
    fc.property(seeds, batch => {
      const { rowCount, validCount, slowCount } = assertBatch(harness, batch)
      tally.rowCount += rowCount
      tally.validCount += validCount
      tally.slowCount += slowCount
    }),
    { numRuns: BATCHES },
  )
  // The test means something only if all three ways are walked often.
  expect(tally.rowCount).toBeGreaterThan(5000)
  expect(tally.validCount / tally.rowCount).toBeGreaterThan(0.3)
  expect(1 - tally.slowCount / tally.rowCount).toBeGreaterThan(0.2)
})
