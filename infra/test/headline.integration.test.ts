/**
 * The whole deployment on this machine, once: visitors at the door, Kafka, workers that count and
 * archive, the lake in one bucket; the schedule of the template calls the bundle that starts runs;
 * Spark does what was recorded of it; results in the other bucket; the API's bundle behind its
 * gateway; the page. What is answered in the end is a recount of what Kafka has.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CreateApplicationCommand,
  EMRServerlessClient,
  GetJobRunCommand,
} from '@aws-sdk/client-emr-serverless'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { S3Access } from '../../scripts/s3/server.ts'
import { sparkMissing } from '../../src/main/spark/home.ts'
import type { Result } from '../../src/model/result.ts'
import { present } from '../../src/std/assert.ts'
import type { OracleRow } from '../../test/oracle/recount.ts'
import { recount } from '../../test/oracle/recount.ts'
import type { OracleMetric } from '../../test/oracle/shop.ts'
import { SHOP_QUESTIONS, SHOP_SETTINGS } from '../../test/oracle/shop.ts'
import { kafkaMissing, shareKafka } from '../../test/support/broker.ts'
import { launchBrowser, NO_BROWSER, openWatched } from '../../test/support/browser.ts'
import type { Fleet, Settled } from '../../test/support/fleet.ts'
import { openFleet } from '../../test/support/fleet.ts'
import {
  kafkaClientsMissing,
  resolveKafkaClients,
} from '../../test/support/kafka-clients/produce.ts'
import { waitUntilArchived } from '../../test/support/lake-check.ts'
import type { Place } from '../../test/support/place.ts'
import { createPlace } from '../../test/support/place.ts'
import { toOracleRows } from '../../test/support/product.ts'
import { pythonMissing } from '../../test/support/python.ts'
import { createBucket, s3Missing, shareS3, toS3Variables } from '../../test/support/s3.ts'
import type { ApiStage } from './support/api-stage.ts'
import { openApiStage } from './support/api-stage.ts'
import type { Deployed } from './support/deployed.ts'
import { deployHere } from './support/deployed.ts'
import { readSchedule } from './support/function-template.ts'
import { runJob } from './support/local-emr.ts'
import type { PageHost } from './support/page-host.ts'
import { openPageHost } from './support/page-host.ts'
import { resolveRuntime, runtimeMissing, startRuntime } from './support/runtime.ts'
import type { Moto } from './support/tools/moto.ts'
import { startMoto } from './support/tools/moto.ts'

const missing =
  s3Missing() ??
  kafkaMissing() ??
  kafkaClientsMissing() ??
  sparkMissing() ??
  pythonMissing() ??
  runtimeMissing() ??
  NO_BROWSER
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const SEED = Number(process.env['WEIR_TEST_SEED'] ?? 33)
const PREPARE_MS_MAX = 900_000
const SPARK_MS_MAX = 400_000
const POLL_MS = 50
/** Of visitors, in batches of 15 or so, over three days from the first one on. */
const REQUESTS = 120
const DAY = { from: '2024-10-25T00:00:00Z', to: '2024-10-26T00:00:00Z', run: 'day-2024-10-25' }
/** When the schedule is due that counts the day. */
const DUE = '2024-10-26T00:30:00Z'

describe.skipIf(isSkipped)(isSkipped ? `skipped: ${missing}` : 'a deployment', () => {
  let access: S3Access
  let place: Place
  let moto: Moto
  let host: PageHost
  let fleet: Fleet
  let settled: Settled
  let deployed: Deployed
  let stage: ApiStage
  let variables: Readonly<Record<string, string>> = {}

  beforeAll(async () => {
    expect(missing, 'what CI lacks').toBeNull()
    await Promise.all([resolveKafkaClients(), resolveRuntime()])
    access = await shareS3()
    place = await createPlace()
    const [lakeBucket, resultsBucket] = [await createBucket(access), await createBucket(access)]
    variables = {
      ...toS3Variables(access),
      WEIR_ARCHIVE: `s3://${lakeBucket}/lake`,
      WEIR_RESULTS: `s3://${resultsBucket}/weir`,
    }
    fleet = await openFleet({
      bootstrap: await shareKafka('kraft'),
      seed: SEED,
      workers: 2,
      session: '6s',
      settings: { ...variables, WEIR_ARCHIVE_INTERVAL: '500ms', WEIR_COMMIT_INTERVAL: '1s' },
    })
    while (fleet.answers.length < REQUESTS) await sleep(POLL_MS)
    settled = await fleet.settle()
    await waitUntilArchived(fleet.serve.url)
    moto = await startMoto()
    host = await openPageHost()
    deployed = await deployHere(join(place.directory, 'assembly'), { corsOrigins: [host.origin] })
    const json = deployed.templates.api
    stage = await openApiStage({ directory: deployed.directory, json, environment: variables })
    host.show({ config: { api: stage.gateway.url }, headers: stage.pageHeaders })
  }, PREPARE_MS_MAX)

  afterAll(async () => {
    for (const one of [stage, host, moto, fleet, place]) await one?.[Symbol.asyncDispose]()
  })

  const ask = async (path: string): Promise<Result> => {
    const answer = await fetch(`${stage.gateway.url}${path}`, {
      headers: { 'X-Api-Key': stage.key },
    })
    expect([path, answer.status]).toEqual([path, 200])
    return (await answer.json()) as Result
  }

  test('the API answers what the stream counted', async () => {
    for (const question of SHOP_QUESTIONS) {
      const { rows } = await ask(`/v1/metrics/${question.name}?limit=100000`)
      const expected = recount(question, settled.judged, SHOP_SETTINGS)
      expect(toOracleRows(rows), question.name).toEqual(expected)
    }
  })

  test('the schedule has Spark count the day, and the API answers that too', {
    timeout: SPARK_MS_MAX,
  }, async () => {
    const { functionId, input } = readSchedule(deployed.templates.batch)
    const emr = new EMRServerlessClient({
      endpoint: moto.endpoint,
      region: access.region,
      credentials: access,
    })
    const created = await emr.send(
      new CreateApplicationCommand({ type: 'SPARK', releaseLabel: 'emr-7.13.0', clientToken: 'a' }),
    )
    const applicationId = created.applicationId ?? ''
    const declared = deployed.functionOf('batch', functionId)
    await using runs = await startRuntime({
      directory: join(deployed.directory, declared.asset),
      environment: {
        ...declared.environment,
        ...variables,
        AWS_REGION: access.region,
        AWS_ENDPOINT_URL_EMR_SERVERLESS: moto.endpoint,
        WEIR_EMR_APPLICATION_ID: applicationId,
        WEIR_JOB_ROLE_ARN: 'arn:aws:iam::123456789012:role/weir-job',
      },
    })
    const event: unknown = JSON.parse(input.replace('<aws.scheduler.scheduled-time>', DUE))
    await runs.invoke(event)
    // What is called again is the same tick.
    const ticked = JSON.stringify(await runs.invoke(event))
    expect(ticked).toContain('same_tick')
    const jobRunId = /"job":"(\w+)"/.exec(runs.output())?.[1] ?? ''
    const { jobRun } = await emr.send(new GetJobRunCommand({ applicationId, jobRunId }))
    emr.destroy()
    const printed = await runJob(present(jobRun, 'a job'), access, place.directory)
    expect(printed).toContain(`weir: run ${DAY.run} is published`)
    let rowCount = 0
    for (const question of SHOP_QUESTIONS) {
      const { rows } = await ask(`/v1/metrics/${question.name}?source=${DAY.run}&limit=100000`)
      expect(toOracleRows(rows), question.name).toEqual(expectedOfDay(question, settled))
      expect(rows.every(row => row.source === DAY.run)).toBe(true)
      rowCount += rows.length
    }
    expect(rowCount).toBeGreaterThan(SHOP_QUESTIONS.length)
  })

  test('the page shows it', async () => {
    await using browser = await launchBrowser()
    await using watched = await openWatched(browser, host.origin)
    const { page } = watched
    const seen = async (): Promise<string> =>
      ((await page.locator('main').textContent()) ?? '').replaceAll(/\s+/g, ' ')
    await page.goto(`${host.origin}/#/ledger`)
    await page.getByLabel('Key to the API').fill(stage.key)
    await page.getByRole('button', { name: 'Open' }).click()
    const count = settled.judged.length.toLocaleString('en-US')
    await expect.poll(seen, { timeout: 15_000 }).toContain(`Balanced: ${count} records`)
    const accepted = settled.judged.filter(({ verdict }) => verdict.kind === 'accepted').length
    expect(await seen()).toContain(`${accepted.toLocaleString('en-US')} accepted`)
    expect(watched.errors).toEqual([])
    const apiOrigin = new URL(stage.gateway.url).origin
    expect(watched.strangers.filter(url => !url.startsWith(apiOrigin))).toEqual([])
  })
})

/** Windows that begin within the day; `all` is the day. */
function expectedOfDay(question: OracleMetric, { judged }: Settled): readonly OracleRow[] {
  const [fromMs, toMs] = [Date.parse(DAY.from), Date.parse(DAY.to)]
  const isWithin = (timeMs: number): boolean => timeMs >= fromMs && timeMs < toMs
  if (question.window !== 'all') {
    return recount(question, judged, SHOP_SETTINGS).filter(row =>
      isWithin(Date.parse(row.window_start ?? '')),
    )
  }
  const inside = judged.filter(
    ({ verdict }) => verdict.kind === 'accepted' && isWithin(verdict.event.timeMs),
  )
  return recount(question, inside, SHOP_SETTINGS).map(({ key, values }) => {
    return { window_start: DAY.from, window_end: DAY.to, key, values }
  })
}
