/** The corridor against the oracle; see support/corridor.ts. */
import fc from 'fast-check'
import { test } from 'vitest'
import { assertCorridor, corridorCases } from './support/corridor.ts'
import { checkAsyncProperty } from './support/property.ts'

test('every row of every metric is as the oracle counts it', async () => {
  await checkAsyncProperty(fc.asyncProperty(corridorCases, assertCorridor), 32)
}, 180_000)
