/**
 * What Spark asks of S3 in a run, as it runs, is what its role allows: nothing is missing on either
 * runner. The results place is empty at first, as on the day of the first deployment.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resolveConfig } from '../../src/main/config/load.ts'
import { sparkMissing } from '../../src/main/spark/home.ts'
import { openS3Objects } from '../../src/objects/s3/s3-objects.ts'
import { toUtf8 } from '../../src/std/bytes.ts'
import type { Place } from '../../test/support/place.ts'
import { createPlace } from '../../test/support/place.ts'
import { createBucket, s3Missing, shareS3, toS3Options } from '../../test/support/s3.ts'
import { compilePlan } from '../lambda/runs/compile.ts'
import { deploy } from './support/deployment.ts'
import { runJob } from './support/local-emr.ts'
import type { Need, RecordingS3 } from './support/recording-s3.ts'
import { recordS3 } from './support/recording-s3.ts'
import { castOf } from './support/rights.ts'
import { putShopLake } from './support/shop-lake.ts'
import type { Ask } from './support/simulate.ts'
import { simulate } from './support/simulate.ts'

const missing = s3Missing() ?? sparkMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const RUN = 'day-2026-11-22'
const PREPARE_MS_MAX = 900_000
const LAKE_MIN = 3

describe.skipIf(isSkipped)(isSkipped ? `skipped: ${missing}` : 'a run of Spark', () => {
  let place: Place
  let recording: RecordingS3
  let lakeBucket = ''
  let printed = ''

  beforeAll(async () => {
    expect(missing, 'what CI lacks').toBeNull()
    place = await createPlace()
    const access = await shareS3()
    recording = await recordS3(access)
    lakeBucket = await createBucket(access)
    const resultsBucket = await createBucket(access)
    const directory = join(place.directory, 'lake')
    await putShopLake({ access, bucket: lakeBucket, directory, seed: 1 })
    await using results = openS3Objects({ ...toS3Options(access, resultsBucket), prefix: 'weir' })
    const folder = `runs/${RUN}`
    const plan = compile(`s3://${lakeBucket}/lake`, `s3://${resultsBucket}/weir`)
    await results.put(`${folder}/plan.json`, toUtf8(JSON.stringify(plan)))
    await results.put(`${folder}/job.py`, await readFile(new URL(JOB, import.meta.url)))
    const at = `s3://${resultsBucket}/weir/${folder}`
    const sparkSubmit = { entryPoint: `${at}/job.py`, entryPointArguments: [`${at}/plan.json`] }
    const job = { jobDriver: { sparkSubmit: { ...sparkSubmit, sparkSubmitParameters: ONE } } }
    printed = await runJob(job, recording.access, place.directory)
  }, PREPARE_MS_MAX)
  afterAll(async () => {
    await recording?.[Symbol.asyncDispose]()
    await place?.[Symbol.asyncDispose]()
  })

  test('publishes', () => {
    expect(printed).toContain(`run ${RUN} is published`)
    const asked = recording.needs.filter(({ bucket }) => bucket === lakeBucket)
    expect(asked.length).toBeGreaterThan(LAKE_MIN)
    expect(new Set(recording.needs.map(({ action }) => action))).toContain('s3:DeleteObject')
  })

  test.each(['emr-serverless', 'ec2'])(
    'asks for nothing that its role on %s may not',
    async runner => {
      const deployment = deploy({ runner })
      const { job, lake, results } = castOf(deployment)
      const toAsk = ({ action, bucket, key, prefix }: Need): Ask => {
        const arn = bucket === lakeBucket ? lake : results
        const context: Ask['context'] = prefix === null ? {} : { 's3:prefix': prefix }
        return { role: job, action, resource: key === null ? arn : `${arn}/${key}`, context }
      }
      const refused: Need[] = []
      for (const need of recording.needs) {
        const decision = await simulate(deployment.policies, toAsk(need))
        if (decision !== 'Allowed') refused.push(need)
      }
      expect(refused).toEqual([])
    },
  )
})

const JOB = '../../spark/job.py'
const ONE = '--conf spark.sql.shuffle.partitions=2'

function compile(lake: string, results: string): ReturnType<typeof compilePlan> {
  const { catalog, plans } = resolveConfig({}, null, { flags: {}, environment: {} })
  const asked = {
    format: 1,
    run: RUN,
    from: '2026-11-22T00:00:00Z',
    to: '2026-11-23T00:00:00Z',
    metrics: ['sales_daily'],
    bounds: { from: '2026-11-21T00:00:00Z', to: '2026-11-24T00:00:00Z' },
    asked_at: '2026-11-23T00:30:00Z',
    token: 'a',
    tick: null,
    mark: null,
  } as const
  return compilePlan(asked, { catalog, plans, places: { lake, results }, scheme: 's3' })
}
