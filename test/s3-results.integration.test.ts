/**
 * The results place in a bucket: what every store does. What it does on a bad network is shown by
 * the corridor (s3-corridor.integration.test.ts).
 */
import { join } from 'node:path'
import { beforeAll, describe, expect } from 'vitest'
import type { S3Access } from '../scripts/s3/server.ts'
import { openS3Objects } from '../src/objects/s3/s3-objects.ts'
import type { StoreBed } from '../src/store/bed.ts'
import { openPlaced } from '../src/store/results/placed.contract.ts'
import { testSharedStore } from '../src/store/store.contract.ts'
import { createPlace } from './support/place.ts'
import { createBucket, s3Missing, shareS3, toS3Options } from './support/s3.ts'

const missing = s3Missing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const START_MS_MAX = 900_000
const TEST_MS_MAX = 120_000

let access: S3Access

const name = isSkipped ? `skipped: ${missing}` : 'over s3'
describe.skipIf(isSkipped)(name, { timeout: TEST_MS_MAX }, () => {
  beforeAll(async () => {
    expect(missing, 'what CI lacks').toBeNull()
    access = await shareS3()
  }, START_MS_MAX)

  testSharedStore('results in a bucket', 'one', makeBed)
})

async function makeBed(): Promise<StoreBed> {
  await using stack = new AsyncDisposableStack()
  const { directory } = stack.use(await createPlace())
  const bucket = await createBucket(access)
  const objects = stack.use(
    openS3Objects({ ...toS3Options(access, bucket), prefix: 'results-place' }),
  )
  const owned = stack.move()
  const options = { objects, directory: join(directory, 'cache'), crowd: 2 }
  return {
    open: (plans, shards = 2) => openPlaced({ ...options, plans, shards, writers: 'one' }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
