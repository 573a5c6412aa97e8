/** The long form of `src/engine/scan/scanner.fuzz.ts`: any number of cases, from one seed. */
import type { Tally } from '../../src/engine/scan/scanner.differential.ts'
import { assertBatch, createHarness } from '../../src/engine/scan/scanner.differential.ts'
import { createPrng } from '../../src/std/prng.ts'

const BATCH_SIZE_MAX = 100

/**
 * Compares scanner, front door and oracle on `caseCount` events. Throws at the first difference;
 * the message has the seed of the event and its text. Equal seeds make equal cases.
 */
export function runFuzzCampaign(caseCount: number, seed: number): Tally {
  const prng = createPrng(seed)
  const harness = createHarness()
  const total = { rowCount: 0, validCount: 0, slowCount: 0 }
  while (total.rowCount < caseCount) {
    const size = Math.min(caseCount - total.rowCount, 1 + prng.nextBelow(BATCH_SIZE_MAX))
    const tally = assertBatch(
      harness,
      Array.from({ length: size }, () => prng.nextUint32()),
    )
    total.rowCount += tally.rowCount
    total.validCount += tally.validCount
    total.slowCount += tally.slowCount
  }
  return total
}
