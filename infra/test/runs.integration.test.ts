/**
 * Runs from their schedule to their rows: the synthesised function under AWS's runtime client, what
 * moto records of it, and Spark that does what was recorded, or what the synthesised user data
 * does, over a lake in one bucket and into another. The rows are a recount of the events. Spark
 * starts three times.
 */
import { execFile, execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Tag } from '@aws-sdk/client-ec2'
import {
  CreateLaunchTemplateCommand,
  DescribeInstancesCommand,
  EC2Client,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import {
  CreateApplicationCommand,
  EMRServerlessClient,
  GetJobRunCommand,
} from '@aws-sdk/client-emr-serverless'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { S3Access } from '../../scripts/s3/server.ts'
import { resolveConfig } from '../../src/main/config/load.ts'
import { openSparkHome, sparkMissing } from '../../src/main/spark/home.ts'
import { createRowMaker } from '../../src/model/answer.ts'
import type { ObjectStore } from '../../src/model/object-store.ts'
import { openS3Objects } from '../../src/objects/s3/s3-objects.ts'
import { present } from '../../src/std/assert.ts'
import { readRun, readRunGroups } from '../../src/store/results/runs.ts'
import type { Judged } from '../../test/oracle/judge.ts'
import type { OracleRow } from '../../test/oracle/recount.ts'
import { recount } from '../../test/oracle/recount.ts'
import { SHOP_QUESTIONS, SHOP_SETTINGS } from '../../test/oracle/shop.ts'
import type { Place } from '../../test/support/place.ts'
import { createPlace } from '../../test/support/place.ts'
import { toOracleRows } from '../../test/support/product.ts'
import { pythonMissing } from '../../test/support/python.ts'
import {
  createBucket,
  s3Missing,
  shareS3,
  toS3Options,
  toS3Variables,
} from '../../test/support/s3.ts'
import type { RestAnswer } from '../lambda/runs/answer.ts'
import type { Ticked } from '../lambda/runs/tick.ts'
import { bundleRuns } from './support/bundle.ts'
import { runJob, toSettings } from './support/local-emr.ts'
import { runUserData } from './support/machine.ts'
import type { RunsStage } from './support/runs-stage.ts'
import { openRunsStage } from './support/runs-stage.ts'
import type { Runtime } from './support/runtime.ts'
import { resolveRuntime, runtimeMissing, startRuntime } from './support/runtime.ts'
import { putShopLake } from './support/shop-lake.ts'
import { jarsOfProduct, jarsOfScript, makeDownloads } from './support/spark-archive.ts'
import type { Moto } from './support/tools/moto.ts'
import { startMoto } from './support/tools/moto.ts'
import { resolveTools } from './support/tools/tools.ts'

const missing = pythonMissing() ?? s3Missing() ?? sparkMissing() ?? runtimeMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const SEED = Number(process.env['WEIR_TEST_SEED'] ?? 7)
const PREPARE_MS_MAX = 900_000
const SPARK_MS_MAX = 400_000
const TICK = '2026-11-23T06:00:00Z'
const DAY = { from: '2026-11-22T00:00:00Z', to: '2026-11-23T00:00:00Z' }
const REGION = 'us-east-1'
const SETTINGS = { owner: 'shop' }
const CONFIG = `
import { countDistinct, defineConfig, defineMetric, purchase } from 'weir'
export default defineConfig({
  zone: 'Asia/Kolkata',
  metrics: [
    defineMetric('buyers', {
      from: purchase, window: 'day', measures: { buyers: countDistinct('user_id') },
    }),
  ],
})
`
const run = promisify(execFile)

type Settings = { readonly [name: string]: string }

describe.skipIf(isSkipped)(isSkipped ? `skipped: ${missing}` : 'runs', () => {
  let access: S3Access
  let place: Place
  let moto: Moto
  let results: ObjectStore & AsyncDisposable
  let judged: readonly Judged[] = []
  let settings: Settings = {}
  let resultsBucket = ''
  let lakeBucket = ''
  let emr: EMRServerlessClient
  let ec2: EC2Client

  beforeAll(async () => {
    expect(missing, 'what CI lacks').toBeNull()
    place = await createPlace()
    access = await shareS3()
    moto = await startMoto()
    await resolveRuntime()
    lakeBucket = await createBucket(access)
    resultsBucket = await createBucket(access)
    const directory = join(place.directory, 'lake')
    judged = await putShopLake({ access, bucket: lakeBucket, directory, seed: SEED })
    results = openS3Objects({ ...toS3Options(access, resultsBucket), prefix: 'weir' })
    const { accessKeyId, secretAccessKey } = access
    const credentials = { accessKeyId, secretAccessKey }
    const options = { endpoint: moto.endpoint, region: REGION, credentials }
    emr = new EMRServerlessClient(options)
    ec2 = new EC2Client(options)
    settings = {
      ...toS3Variables(access),
      AWS_REGION: REGION,
      AWS_ENDPOINT_URL_EMR_SERVERLESS: moto.endpoint,
      AWS_ENDPOINT_URL_EC2: moto.endpoint,
      WEIR_JOB_ROLE_ARN: 'arn:aws:iam::123456789012:role/weir-job',
    }
  }, PREPARE_MS_MAX)
  afterAll(async () => {
    emr?.destroy()
    ec2?.destroy()
    await results?.[Symbol.asyncDispose]()
    await moto?.[Symbol.asyncDispose]()
    await place?.[Symbol.asyncDispose]()
  })

  const openStage = (more: Readonly<Record<string, unknown>>): Promise<RunsStage> => {
    const stageSettings = { ...SETTINGS, ...more }
    const directory = join(place.directory, `stage-${String(more['runner'])}`)
    return openRunsStage({ settings: stageSettings, lakeBucket, resultsBucket, directory })
  }
  const tickAll = async (runtime: Runtime, time: string): Promise<readonly Ticked[]> =>
    (await runtime.invoke({ kind: 'schedule', time })) as readonly Ticked[]
  /** About the newest window. */
  const tick = async (runtime: Runtime, time = TICK): Promise<Ticked> =>
    present((await tickAll(runtime, time))[0], 'a window')
  const send = async (runtime: Runtime, event: object): Promise<RestAnswer> =>
    (await runtime.invoke(event)) as RestAnswer
  const post = (runtime: Runtime, body: object): Promise<RestAnswer> =>
    send(runtime, { httpMethod: 'POST', resource: '/runs', body: JSON.stringify(body) })
  const get = async (runtime: Runtime, id: string): Promise<unknown> => {
    const event = { httpMethod: 'GET', resource: '/runs/{id}', pathParameters: { id } }
    return JSON.parse((await send(runtime, event)).body)
  }

  /** What the command line prints, of moto. */
  const aws = async (words: readonly string[]): Promise<unknown> => {
    const { accessKeyId, secretAccessKey } = access
    const keys = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }
    const common = ['--endpoint-url', moto.endpoint, '--region', REGION, '--output', 'json']
    const { stdout } = await run(join(await resolveTools(), 'aws'), [...words, ...common], {
      env: { ...process.env, ...keys },
    })
    return JSON.parse(stdout)
  }
  const createApplication = async (): Promise<string> => {
    const created = await emr.send(
      new CreateApplicationCommand({ type: 'SPARK', releaseLabel: 'emr-7.13.0', clientToken: 'a' }),
    )
    return created.applicationId ?? ''
  }

  /** Every metric of a run against a recount of its day. */
  const assertExact = async (run: string, names: readonly string[]): Promise<void> => {
    const { plans } = resolveConfig({}, null, { flags: {}, environment: {} })
    const manifest = present(await readRun(results, run), 'a manifest')
    expect(manifest.metrics.map(metric => metric.metric)).toEqual(names)
    const context = { progress: manifest.progress, partialUntilMs: null, source: run }
    let rowCount = 0
    for (const name of names) {
      const plan = present(
        plans.find(one => one.name === name),
        'a plan',
      )
      const groups = present(await readRunGroups(results, manifest, plan), 'groups')
      const rows = groups.map(createRowMaker(plan, context))
      expect(toOracleRows(rows), name).toEqual(expected(judged, name))
      rowCount += rows.length
    }
    expect(rowCount).toBeGreaterThanOrEqual(names.length)
  }

  test('the schedule starts a job that spark runs as it was recorded', {
    timeout: SPARK_MS_MAX,
  }, async () => {
    const applicationId = await createApplication()
    const stage = await openStage({ runner: 'emr-serverless' })
    await using handler = await stage.start({ ...settings, WEIR_EMR_APPLICATION_ID: applicationId })
    const ticked = await tick(handler)
    expect(ticked).toMatchObject({
      skipped: null,
      run: { run: 'day-2026-11-22', state: 'started' },
    })
    const jobRunId = ticked.skipped === null ? (ticked.run.job ?? '') : ''
    const { jobRun } = await emr.send(new GetJobRunCommand({ applicationId, jobRunId }))
    expect(jobRun).toMatchObject({
      name: 'day-2026-11-22',
      executionRole: settings['WEIR_JOB_ROLE_ARN'],
    })
    expect(await runJob(present(jobRun, 'a job'), access, place.directory)).toContain(
      'weir: run day-2026-11-22 is published',
    )
    expect(await get(handler, 'day-2026-11-22')).toMatchObject({
      state: 'published',
      job: jobRunId,
      reason: null,
    })
    await assertExact(
      'day-2026-11-22',
      SHOP_QUESTIONS.map(({ name }) => name),
    )
    expect(await tick(handler)).toMatchObject({ skipped: 'same_tick' })
    expect(await tick(handler, '2026-11-23T07:00:00Z')).toMatchObject({ skipped: 'nothing_new' })
    // What a schedule sends.
    const input = '{"kind":"schedule","time":"<aws.scheduler.scheduled-time>"}'
    const arn = 'arn:aws:lambda:us-east-1:123456789012:function:runs'
    const target = { Arn: arn, RoleArn: 'arn:aws:iam::123456789012:role/schedule', Input: input }
    const words = [
      '--schedule-expression',
      'cron(30 0 * * ? *)',
      '--target',
      JSON.stringify(target),
    ]
    const window = ['--flexible-time-window', 'Mode=OFF']
    await aws(['scheduler', 'create-schedule', '--name', 'weir', ...words, ...window])
    const kept = await aws(['scheduler', 'get-schedule', '--name', 'weir'])
    const { Target } = kept as { readonly Target: { readonly Input: string } }
    const sent = Target.Input.replace('<aws.scheduler.scheduled-time>', '2026-11-20T00:30:00Z')
    expect(await handler.invoke(JSON.parse(sent))).toMatchObject([
      { skipped: 'empty', window: 'day-2026-11-19' },
      { skipped: 'empty', window: 'day-2026-11-18' },
      { skipped: 'empty', window: 'day-2026-11-17' },
    ])
  })

  test('metrics of a config that was bundled are counted as any', async () => {
    const directory = join(place.directory, 'config')
    const config = join(place.directory, 'weir.config.ts')
    await writeFile(config, CONFIG)
    await bundleRuns(directory, config)
    await using handler = await startRuntime({
      directory,
      environment: {
        ...settings,
        WEIR_ARCHIVE: `s3://${lakeBucket}/lake`,
        WEIR_RESULTS: `s3://${resultsBucket}/weir`,
        WEIR_RUNNER: 'emr-serverless',
        WEIR_EMR_APPLICATION_ID: await createApplication(),
      },
    })
    const asked = await post(handler, { ...DAY, metrics: ['buyers'], run: 'own' })
    expect(asked.statusCode, asked.body).toBe(202)
    const plan = await results.get('runs/own/plan.json')
    const bytes = plan === null || plan === 'unchanged' ? new Uint8Array(0) : plan.bytes
    expect(JSON.parse(new TextDecoder().decode(bytes))).toMatchObject({
      manifest: { metrics: [{ metric: 'buyers', zone: 'Asia/Kolkata' }] },
    })
    expect((await post(handler, { metrics: ['buyer'] })).statusCode).toBe(400)
  })

  describe('on an instance', () => {
    let template: Settings = {}
    let stage: RunsStage
    let downloads: Settings = {}
    let python = ''

    beforeAll(async () => {
      const created = await ec2.send(
        new CreateLaunchTemplateCommand({
          LaunchTemplateName: 'weir',
          LaunchTemplateData: { ImageId: 'ami-12c6146b', InstanceType: 'm7g.large' },
        }),
      )
      const id = created.LaunchTemplate?.LaunchTemplateId ?? ''
      stage = await openStage({ runner: 'ec2' })
      template = { ...settings, WEIR_LAUNCH_TEMPLATE_ID: id }
      const directory = join(place.directory, 'downloads')
      downloads = (await makeDownloads(directory, toSettings(access))).environment
      python = (await openSparkHome(() => {})).python
    }, PREPARE_MS_MAX)

    /** What user data does on the instance that moto says there is. */
    const boot = async (instance: string): Promise<number | null> => {
      const directory = join(place.directory, instance)
      const tags = await tagsOf(instance)
      const ended = await runUserData({
        directory,
        script: present(stage.userData, 'user data'),
        metadata: {
          'tags/instance/weir-run': tags.find(tag => tag.Key === 'weir-run')?.Value ?? '',
          'placement/region': REGION,
        },
        programs: {
          aws: join(await resolveTools(), 'aws'),
          'python3.11': python,
        },
        environment: {
          ...downloads,
          WEIR_SPARK_MEMORY: '1g',
          AWS_ENDPOINT_URL_S3: access.endpoint,
          AWS_ENDPOINT_URL_CLOUDWATCH: moto.endpoint,
          AWS_ACCESS_KEY_ID: access.accessKeyId,
          AWS_SECRET_ACCESS_KEY: access.secretAccessKey,
          AWS_EC2_METADATA_DISABLED: 'true',
        },
      })
      expect([ended.calls[0], ended.calls.at(-1)]).toEqual(['shutdown -h +240', 'shutdown -h now'])
      return ended.code
    }
    const tagsOf = async (instance: string): Promise<readonly Tag[]> => {
      const described = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [instance] }))
      return described.Reservations?.[0]?.Instances?.[0]?.Tags ?? []
    }
    const startBy = async (handler: Runtime, body: object): Promise<string> => {
      const answered = await post(handler, body)
      expect(answered.statusCode, answered.body).toBe(202)
      return (JSON.parse(answered.body) as { readonly job: string }).job
    }
    const logOf = async (run: string, file: string): Promise<string> => {
      const options = { ...toS3Options(access, resultsBucket), prefix: 'logs' }
      await using logs = openS3Objects(options)
      const found = await logs.get(`ec2/${run}/${file}`)
      return found === null || found === 'unchanged' ? '' : new TextDecoder().decode(found.bytes)
    }

    test('its jars are those of weir spark', async () => {
      const names = jarsOfScript().map(({ name }) => name)
      expect(names.toSorted()).toEqual(await jarsOfProduct())
    })

    test('a run that was asked for is counted', { timeout: SPARK_MS_MAX }, async () => {
      await using handler = await stage.start(template)
      const metrics = ['unique_users_daily', 'sales_daily']
      const instance = await startBy(handler, { ...DAY, metrics, run: 'by-hand' })
      expect(await get(handler, 'by-hand')).toMatchObject({ state: 'running', job: instance })
      const code = await boot(instance)
      expect(code, await logOf('by-hand', 'spark.log')).toBe(0)
      expect(await get(handler, 'by-hand')).toMatchObject({ state: 'published' })
      await assertExact('by-hand', metrics)
      expect(await logOf('by-hand', 'job.log')).toContain('weir: run by-hand is published')
      for (const file of ['job.log', 'spark.log', 'boot.log']) {
        expect(await logOf('by-hand', file)).not.toContain(access.secretAccessKey)
      }
    })

    test('a run that fails tells why, and the instance stops', {
      timeout: SPARK_MS_MAX,
    }, async () => {
      const archive = `s3://${lakeBucket}/nowhere`
      await using handler = await stage.start({ ...template, WEIR_ARCHIVE: archive })
      const instance = await startBy(handler, { ...DAY, run: 'broken' })
      expect(await boot(instance)).toBe(1)
      await ec2.send(new TerminateInstancesCommand({ InstanceIds: [instance] }))
      const uri = archive.replace('s3:', 's3a:')
      const reason = `there is no lake at ${uri}: it has no folder 'events'`
      expect(await get(handler, 'broken')).toMatchObject({ state: 'failed', reason })
      expect(await logOf('broken', 'job.log')).toContain(reason)
      const counted = await aws(['cloudwatch', 'list-metrics', '--namespace', 'Weir'])
      expect(counted).toMatchObject({
        Metrics: [{ MetricName: 'FailedRuns', Dimensions: [{ Name: 'Service', Value: 'runs' }] }],
      })
    })
  })

  test(
    'shellcheck finds nothing in what an instance does',
    async () => {
      const script = join(import.meta.dirname, '..', 'user-data', 'run.sh')
      const words = ['--severity=style', '--enable=quote-safe-variables', script]
      expect(
        execFileSync(join(await resolveTools(), 'shellcheck'), words, { encoding: 'utf8' }),
      ).toBe('')
    },
    PREPARE_MS_MAX,
  )
})

/** Windows that begin within the day; `all` is the day. */
function expected(judged: readonly Judged[], name: string): readonly OracleRow[] {
  const question = present(
    SHOP_QUESTIONS.find(one => one.name === name),
    'a question',
  )
  const [fromMs, toMs] = [Date.parse(DAY.from), Date.parse(DAY.to)]
  const isWithin = (timeMs: number): boolean => timeMs >= fromMs && timeMs < toMs
  if (question.window === 'all') {
    const inside = judged.filter(
      ({ verdict }) => verdict.kind === 'accepted' && isWithin(verdict.event.timeMs),
    )
    return recount(question, inside, SHOP_SETTINGS).map(({ key, values }) => {
      return { window_start: DAY.from, window_end: DAY.to, key, values }
    })
  }
  return recount(question, judged, SHOP_SETTINGS).filter(row =>
    isWithin(Date.parse(row.window_start ?? '')),
  )
}
