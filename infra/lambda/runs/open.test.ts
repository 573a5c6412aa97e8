/** What is wrong with a function's variables is told by their names. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSystemClock } from '../../../src/std/clock.ts'
import type { OpenRuns } from './open.ts'
import { openRuns } from './open.ts'

const GOOD = {
  AWS_REGION: 'eu-central-1',
  WEIR_ARCHIVE: 's3://shop-lake/lake',
  WEIR_RESULTS: 's3://shop-results/weir',
  WEIR_RUNNER: 'emr-serverless',
  WEIR_EMR_APPLICATION_ID: '00f',
  WEIR_JOB_ROLE_ARN: 'arn:aws:iam::123456789012:role/job',
}
const EC2 = { ...GOOD, WEIR_RUNNER: 'ec2', WEIR_LAUNCH_TEMPLATE_ID: 'lt-0' }
const CONFIG = `export default { metrics: [{
  kind: 'metric', name: 'buyers', from: ['purchase'], window: 'day', zone: null, groupBy: [],
  measures: { buyers: { kind: 'count_distinct', field: 'user_id' } },
  where: null, once: null, top: null,
}] }`

let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-open-'))
  await writeFile(join(directory, 'weir.config.mjs'), CONFIG)
})
afterAll(() => rm(directory, { recursive: true, force: true }))

function open(environment: object, from = '/nowhere'): Promise<OpenRuns> {
  return openRuns({
    environment: { ...environment },
    directory: from,
    job: '',
    clock: createSystemClock(),
    onFailed: () => {},
  })
}

test('either runner opens, and asks nobody', async () => {
  for (const environment of [GOOD, EC2, { ...EC2, WEIR_INSTANCE_TAGS: 'a=b,c=d=e' }]) {
    await using opened = await open(environment)
    expect(opened.metrics).toContain('sales_daily')
  }
})

test('a config beside the bundle is taken', async () => {
  await using opened = await open(GOOD, directory)
  expect(opened.metrics).toContain('buyers')
})

test.each<readonly [change: object, message: string]>([
  [{ WEIR_RUNNER: undefined }, 'WEIR_RUNNER is not set; deploy the batch stack anew'],
  [{ WEIR_RUNNER: 'spark' }, "WEIR_RUNNER is 'spark', not emr-serverless or ec2"],
  [{ WEIR_JOB_ROLE_ARN: '' }, 'WEIR_JOB_ROLE_ARN is not set'],
  [{ WEIR_RUNNER: 'ec2' }, 'WEIR_LAUNCH_TEMPLATE_ID is not set'],
  [{ ...EC2, WEIR_INSTANCE_TAGS: 'ttl' }, "WEIR_INSTANCE_TAGS has 'ttl', which is no key=value"],
  [{ WEIR_RUN_EVERY: 'week' }, "WEIR_RUN_EVERY is 'week', neither hour nor day"],
  [{ WEIR_ARCHIVE: 'local' }, "WEIR_ARCHIVE is 'local', which is no s3://bucket/folder"],
  [{ WEIR_RESULTS: '/mnt/weir' }, "WEIR_RESULTS is '/mnt/weir', which is no s3://bucket/folder"],
  [{ WEIR_ZONES: 'UTC' }, 'WEIR_ZONES is set, but there is no such setting'],
])('%j is refused', async (change, message) => {
  const opening = open({ ...GOOD, ...change })
  await expect(opening).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(message),
  })
})
