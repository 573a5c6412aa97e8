/** The runners of jobs, with the SDK over HTTP, against as much of AWS as starts a job. */
import { EC2Client } from '@aws-sdk/client-ec2'
import { EMRServerlessClient } from '@aws-sdk/client-emr-serverless'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEc2 } from '../lambda/runs/ec2.ts'
import { createEmrServerless } from '../lambda/runs/emr-serverless.ts'
import { testJobRunner } from '../lambda/runs/job-runner.contract.ts'
import type { Job, JobRunner } from '../lambda/runs/job-runner.ts'
import { createMemoryRunner } from '../lambda/runs/memory-runner.ts'
import type { ControlPlane, Failure } from './support/control-plane.ts'
import { openControlPlane } from './support/control-plane.ts'

const signal = AbortSignal.timeout(120_000)
const THROTTLED: Failure = { status: 429, code: 'ThrottlingException', message: 'rate exceeded' }
const BROKEN: Failure = { status: 500, code: 'InternalServerException', message: 'internal' }
let tokens = 0

let plane: ControlPlane
let runners: { readonly emr: JobRunner; readonly ec2: JobRunner; readonly close: () => void }

beforeAll(async () => {
  plane = await openControlPlane()
  const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' }
  const options = { endpoint: plane.endpoint, region: 'eu-central-1', credentials }
  const [emr, ec2] = [new EMRServerlessClient(options), new EC2Client(options)]
  runners = {
    emr: createEmrServerless({
      client: emr,
      applicationId: '00fapp',
      roleArn: 'arn:aws:iam::123456789012:role/job',
      logs: 's3://shop-results/logs',
    }),
    ec2: createEc2({
      client: ec2,
      launchTemplateId: 'lt-0123456789abcdef0',
      tags: { ttl: 'none' },
    }),
    close: () => {
      emr.destroy()
      ec2.destroy()
    },
  }
})
afterAll(async () => {
  runners.close()
  await plane[Symbol.asyncDispose]()
})

testJobRunner('memory', createMemoryRunner)
testJobRunner('emr serverless', () => runners.emr)
testJobRunner('ec2', () => runners.ec2)

function createJob(): Job {
  tokens += 1
  const folder = 's3://shop-results/weir/runs/day-2026-11-22'
  return { run: 'day-2026-11-22', token: `token${tokens}`, folder }
}

describe.each(['emr', 'ec2'] as const)('%s', which => {
  const start = (job: Job): Promise<string> => runners[which].start(job, signal)

  test('an answer that was lost, or calls that were throttled, leave one job', async () => {
    const jobsBefore = plane.jobs.size
    const job = createJob()
    plane.fail('lost', THROTTLED)
    const id = await start(job)
    expect(await start(job)).toBe(id)
    expect(plane.jobs.size).toBe(jobsBefore + 1)
  })

  test('what goes on failing is told to be tried later, and then gives the same job', async () => {
    const jobsBefore = plane.jobs.size
    const job = createJob()
    const other: Failure = { ...THROTTLED, code: 'SlowDown' }
    for (const failure of ['lost', THROTTLED, other, BROKEN] as const) {
      plane.fail(failure, failure, failure)
      await expect(start(job)).rejects.toMatchObject({ code: 'SPARK_UNAVAILABLE' })
    }
    await start(job)
    expect(plane.jobs.size).toBe(jobsBefore + 1)
  })

  test('a token that was used for another job is no job', async () => {
    const job = createJob()
    await start(job)
    await expect(start({ ...job, run: 'other' })).rejects.toThrow('run other')
  })
})

test.each<readonly [which: 'emr' | 'ec2', code: string, status: number, fault: string]>([
  ['emr', 'AccessDeniedException', 403, 'SPARK_FAILED'],
  ['emr', 'ValidationException', 400, 'SPARK_FAILED'],
  ['emr', 'ResourceNotFoundException', 404, 'SPARK_FAILED'],
  ['emr', 'ServiceQuotaExceededException', 402, 'SPARK_UNAVAILABLE'],
  ['ec2', 'UnauthorizedOperation', 403, 'SPARK_FAILED'],
  ['ec2', 'InvalidLaunchTemplateId.NotFound', 400, 'SPARK_FAILED'],
  ['ec2', 'VcpuLimitExceeded', 400, 'SPARK_UNAVAILABLE'],
  ['ec2', 'MaxSpotInstanceCountExceeded', 400, 'SPARK_UNAVAILABLE'],
])('%s that answers %s is %s: %s', async (which, code, status, fault) => {
  plane.fail({ status, code, message: 'why' })
  const starting = runners[which].start(createJob(), signal)
  await expect(starting).rejects.toMatchObject({
    code: fault,
    message: expect.stringMatching(new RegExp(`day-2026-11-22: ${code}: why`)),
  })
})

test.each([
  ['SUBMITTED', '', { kind: 'waiting' }],
  ['QUEUED', '', { kind: 'waiting' }],
  ['SCHEDULED', '', { kind: 'waiting' }],
  ['RUNNING', '', { kind: 'running' }],
  ['CANCELLING', '', { kind: 'running' }],
  ['SUCCESS', '', { kind: 'ended', reason: null, isTold: false }],
  ['FAILED', 'out of memory', { kind: 'ended', reason: 'out of memory', isTold: true }],
  ['FAILED', '', { kind: 'ended', reason: 'the job failed; see its logs', isTold: true }],
  ['CANCELLED', '', { kind: 'ended', reason: 'the job was cancelled', isTold: true }],
])('a job of emr serverless that is %s (%s)', async (state, details, expected) => {
  const id = await runners.emr.start(createJob(), signal)
  plane.become(id, state, details)
  expect(await runners.emr.state(id, signal)).toEqual(expected)
})

test.each([
  ['pending', '', { kind: 'waiting' }],
  ['running', '', { kind: 'running' }],
  ['shutting-down', '', { kind: 'ended', reason: null, isTold: false }],
  [
    'terminated',
    'Server.SpotInstanceTermination',
    { kind: 'ended', reason: 'Server.SpotInstanceTermination', isTold: false },
  ],
])('an instance that is %s (%s)', async (state, details, expected) => {
  const id = await runners.ec2.start(createJob(), signal)
  plane.become(id, state, details)
  expect(await runners.ec2.state(id, signal)).toEqual(expected)
})

test('a job that is not there is not known', async () => {
  expect(await runners.emr.state('00f999', signal)).toEqual({ kind: 'unknown' })
  expect(await runners.ec2.state('i-0', signal)).toEqual({ kind: 'unknown' })
  plane.fail(BROKEN, BROKEN, BROKEN)
  await expect(runners.ec2.state('i-0', signal)).rejects.toMatchObject({
    code: 'SPARK_UNAVAILABLE',
  })
})

test('what emr serverless is asked for', async () => {
  const job = createJob()
  const id = await runners.emr.start(job, signal)
  const folder = 's3://shop-results/weir/runs/day-2026-11-22'
  expect(plane.jobs.get(id)).toMatchObject({
    clientToken: job.token,
    executionRoleArn: 'arn:aws:iam::123456789012:role/job',
    executionTimeoutMinutes: 240,
    name: 'day-2026-11-22',
    jobDriver: {
      sparkSubmit: { entryPoint: `${folder}/job.py`, entryPointArguments: [`${folder}/plan.json`] },
    },
    configurationOverrides: {
      monitoringConfiguration: { s3MonitoringConfiguration: { logUri: 's3://shop-results/logs/' } },
    },
  })
})

test('what ec2 is asked for', async () => {
  const job = createJob()
  const id = await runners.ec2.start(job, signal)
  expect(plane.jobs.get(id)).toMatchObject({
    ClientToken: job.token,
    'LaunchTemplate.LaunchTemplateId': 'lt-0123456789abcdef0',
    MinCount: '1',
    MaxCount: '1',
    'TagSpecification.1.ResourceType': 'instance',
    'TagSpecification.1.Tag.2.Key': 'weir-run',
    'TagSpecification.1.Tag.2.Value': 'day-2026-11-22',
    'TagSpecification.1.Tag.3.Key': 'ttl',
    'TagSpecification.2.ResourceType': 'volume',
  })
})
