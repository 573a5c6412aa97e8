/** Crash-proof: killed under load, and at every named point; 0 lost, 0 counted twice. */
import { expect, test } from 'vitest'
import type { Kill } from './campaign/kill.ts'
import { CRASH_POINTS, runKillRound } from './campaign/kill.ts'

const SEED = Number(process.env['WEIR_TEST_SEED'] ?? Date.now() % 1_000_000)
const RERUN = `WEIR_TEST_SEED=${SEED} npx vitest run test/kill.test.ts`
const MINUTE_MS = 60_000

test('five kills at random moments under load', { timeout: 2 * MINUTE_MS }, async () => {
  // Knuth's multiplicative hash spreads the seed over moments of the first 1,200 ms.
  const moments = [1, 2, 3, 4, 5].map(index => ((SEED + index) * 2_654_435_761) % 1_200)
  const kills = moments.map((afterMs): Kill => ({ kind: 'moment', afterMs }))
  expect(await runKillRound(kills, SEED, RERUN)).toBeGreaterThan(0)
})

test('a kill at each named point', { timeout: 4 * MINUTE_MS }, async () => {
  // The second time that it comes by there, so that something is in the log and the store before.
  const kills = CRASH_POINTS.map((point): Kill => ({ kind: 'point', point, hit: 2 }))
  expect(await runKillRound(kills, SEED, RERUN)).toBeGreaterThan(0)
})
