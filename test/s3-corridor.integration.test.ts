/**
 * The corridor with its results in a bucket: broker, workers, S3, serve, each a process of its own;
 * every row as the oracle has it, though the workers' calls to S3 fail again and again.
 */
import { deepStrictEqual } from 'node:assert'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { S3Access } from '../scripts/s3/server.ts'
import { createPrng } from '../src/std/prng.ts'
import { kafkaMissing, shareKafka } from './support/broker.ts'
import { createFates, openFlakyProxy } from './support/flaky-proxy.ts'
import { kafkaClientsMissing, resolveKafkaClients } from './support/kafka-clients/produce.ts'
import { assertAsOracle, openKafkaRiver, produceFile } from './support/kafka-corridor.ts'
import { createPlace } from './support/place.ts'
import { readRows, runWeir } from './support/process.ts'
import { toOracleRows } from './support/product.ts'
import { createBucket, s3Missing, shareS3, toS3Variables } from './support/s3.ts'

const missing = s3Missing() ?? kafkaMissing() ?? kafkaClientsMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const FILE = join(import.meta.dirname, 'fixtures', 'ecommerce-sample-data.json')
const PREPARE_MS_MAX = 900_000
const RUN_MS_MAX = 240_000
const EVENTS = 20_000

describe.skipIf(isSkipped)(isSkipped ? `skipped: ${missing}` : 'results on s3', () => {
  let access: S3Access
  let bootstrap = ''
  beforeAll(async () => {
    expect(missing, 'what CI lacks').toBeNull()
    await resolveKafkaClients()
    access = await shareS3()
    bootstrap = await shareKafka('kraft')
  }, PREPARE_MS_MAX)

  test.each([
    ['at the interval that S3 has by default', 0, {}],
    ['with 30 % of their calls failing', 0.3, { WEIR_COMMIT_INTERVAL: '1s' }],
  ])('workers that commit %s', { timeout: RUN_MS_MAX }, async (_, failing, more) => {
    const place = await createPlace()
    onTestFinished(() => place[Symbol.asyncDispose]())
    const { directory } = place
    const synthetic = join(directory, 'synthetic.ndjson')
    await runWeir(['generate', synthetic, '--events', String(EVENTS), '--seed', '5'])

    const proxy = await openFlakyProxy(access.endpoint, createFates(createPrng(13), failing))
    onTestFinished(() => proxy[Symbol.asyncDispose]())
    const results = `s3://${await createBucket(access)}/deep/weir`
    const serveSettings = toS3Variables(access)
    const workerSettings = { ...toS3Variables({ ...access, endpoint: proxy.endpoint }), ...more }
    await using river = await openKafkaRiver({
      directory,
      bootstrap,
      partitions: 4,
      workers: 2,
      results,
      serveSettings,
      workerSettings,
    })
    for (const file of [FILE, synthetic]) await produceFile(river, file, join(directory, 'sent'))
    await assertAsOracle(river, bootstrap)

    const other = ['--data', join(directory, 'other'), ...river.flags]
    const query = await runWeir(['query', 'sales_daily', '--json', ...other], serveSettings)
    const { rows } = JSON.parse(query.stdout) as { rows: Awaited<ReturnType<typeof readRows>> }
    const served = await readRows(river.serve.url, 'sales_daily')
    deepStrictEqual(toOracleRows(rows), toOracleRows(served), 'weir query on the bucket')
    const audit = await runWeir(['audit', ...other], serveSettings)
    expect(audit).toMatchObject({
      how: 'exit 0',
      stdout: expect.stringContaining('The ledger balances.'),
    })
  })
})
