/**
 * `weir doctor --aws`: a deployment as it should be, one that is open, one that is not there. AWS
 * is moto, and for clusters of Kafka, whose times moto writes in a form that AWS does not, a
 * server of our own.
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BudgetsClient, CreateBudgetCommand } from '@aws-sdk/client-budgets'
import {
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
} from '@aws-sdk/client-ecs'
import { CreateApplicationCommand, EMRServerlessClient } from '@aws-sdk/client-emr-serverless'
import {
  CreateBucketCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runWeir } from '../../test/support/process.ts'
import { pythonMissing } from '../../test/support/python.ts'
import type { Moto } from './support/tools/moto.ts'
import { startMoto } from './support/tools/moto.ts'

const missing = pythonMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const REGION = 'eu-central-1'
const ACCOUNT = '123456789012'
const START_MS_MAX = 300_000

describe.skipIf(isSkipped)(isSkipped ? `skipped: ${missing}` : 'weir doctor --aws', () => {
  let moto: Moto
  let msk: Msk

  beforeAll(async () => {
    moto = await startMoto()
    msk = await startMsk()
    await deploy(moto.endpoint, 'shop', true)
    await deploy(moto.endpoint, 'open', false)
  }, START_MS_MAX)

  afterAll(async () => {
    await moto[Symbol.asyncDispose]()
    await msk[Symbol.asyncDispose]()
  })

  const ask = async (
    name: string,
    settings: Record<string, string> = {},
  ): Promise<{ how: string; stdout: string; stderr: string }> =>
    await runWeir(['doctor', '--aws', '--name', name, '--s3-force-path-style', 'on'], {
      AWS_ENDPOINT_URL: moto.endpoint,
      AWS_ENDPOINT_URL_KAFKA: msk.endpoint,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: 'key',
      AWS_SECRET_ACCESS_KEY: 'secret',
      ...settings,
    })

  test('what is as it was written', async () => {
    const { how, stdout, stderr } = await ask('shop')
    expect(stderr).toBe('')
    const lines = stdout.trimEnd().split('\n')
    expect(lines).toEqual([
      expect.stringMatching(/^ok {4}arn:aws:sts::\d{12}:.*, in eu-central-1$/),
      'ok    bucket shop-lake-lakebucket is closed, versioned, encrypted, and over TLS only',
      'ok    kafka shop is active: 3 brokers, over TLS, for roles only',
      // Nothing runs in moto.
      'FAIL  service shop: 0 of 1 tasks run',
      expect.stringMatching(/^ok {4}spark: application shop-spark is \w+, with a cap, and stops/),
      'ok    budget shop-actual: 0.00 of 300 USD spent',
    ])
    expect(how).toBe('exit 1')
  })

  test('what is open, unbounded or stopped', async () => {
    const { how, stdout } = await ask('open')
    expect(how).toBe('exit 1')
    expect(stdout).toMatch(/^FAIL {2}bucket open-lake-lakebucket is not closed .*without TLS/m)
    expect(stdout).toMatch(
      /^FAIL {2}kafka open does not let roles in, lets anybody in, may be .* without TLS/m,
    )
    expect(stdout).toMatch(/^warn {2}service open is stopped/m)
    expect(stdout).toMatch(/^FAIL {2}spark: application open-spark .*has no cap/m)
    expect(stdout).toMatch(/^FAIL {2}no budget open-actual/m)
  })

  test('what is not there, each with what to deploy', async () => {
    const { how, stdout } = await ask('absent')
    expect(how).toBe('exit 1')
    for (const stack of ['lake', 'stream', 'guardrails', 'batch']) {
      expect(stdout).toContain(`absent-${stack}`)
    }
  })

  test('who is nobody gets one line', async () => {
    const nobody = {
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
      AWS_CONFIG_FILE: '/nowhere',
    }
    const { how, stdout } = await ask('shop', nobody)
    expect(how).toBe('exit 1')
    expect(stdout).toMatch(/^FAIL {2}aws does not know you: .*AWS_PROFILE, and AWS_REGION\n$/)
  })
})

interface Msk extends AsyncDisposable {
  readonly endpoint: string
}

/** As ListClustersV2 answers: by the beginning of a name, so others may be among them. */
async function startMsk(): Promise<Msk> {
  const clusters = [toCluster('shop-two', true), toCluster('shop', true), toCluster('open', false)]
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://msk')
    expect(url.pathname).toBe('/api/v2/clusters')
    const filter = url.searchParams.get('clusterNameFilter') ?? ''
    const clusterInfoList = clusters.filter(one => one.clusterName.startsWith(filter))
    response.writeHead(200, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify({ clusterInfoList }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function toCluster(clusterName: string, isRight: boolean): { readonly clusterName: string } {
  const provisioned = {
    clientAuthentication: {
      sasl: { iam: { enabled: isRight } },
      unauthenticated: { enabled: !isRight },
    },
    encryptionInfo: {
      encryptionInTransit: { clientBroker: isRight ? 'TLS' : 'TLS_PLAINTEXT', inCluster: true },
    },
    numberOfBrokerNodes: 3,
  }
  const creationTime = '2026-03-02T10:00:00.000Z'
  return Object.assign({ clusterName }, { state: 'ACTIVE', creationTime, provisioned })
}

/** A deployment in few words; `isRight`: as the stacks make it. */
async function deploy(endpoint: string, name: string, isRight: boolean): Promise<void> {
  const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' }
  const options = { endpoint, region: REGION, credentials }
  const clients = {
    s3: new S3Client({ ...options, forcePathStyle: true }),
    ecs: new ECSClient(options),
    emr: new EMRServerlessClient(options),
    budgets: new BudgetsClient(options),
  }
  await deployBucket(clients.s3, `${name}-lake-lakebucket`, isRight)
  await deployService(clients.ecs, name, isRight ? 1 : 0)
  await clients.emr.send(
    new CreateApplicationCommand({
      name: `${name}-spark`,
      releaseLabel: 'emr-7.13.0',
      type: 'SPARK',
      autoStopConfiguration: { enabled: isRight, idleTimeoutMinutes: 5 },
      ...(isRight ? { maximumCapacity: { cpu: '16 vCPU', memory: '64 GB' } } : {}),
    }),
  )
  if (isRight) {
    const Budget = {
      BudgetName: `${name}-actual`,
      BudgetType: 'COST' as const,
      TimeUnit: 'MONTHLY' as const,
      BudgetLimit: { Amount: '300', Unit: 'USD' },
    }
    await clients.budgets.send(new CreateBudgetCommand({ AccountId: ACCOUNT, Budget }))
  }
  for (const client of Object.values(clients)) client.destroy()
}

async function deployBucket(s3: S3Client, Bucket: string, isRight: boolean): Promise<void> {
  const CreateBucketConfiguration = { LocationConstraint: REGION } as const
  await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }))
  if (!isRight) return
  await s3.send(
    new PutPublicAccessBlockCommand({
      Bucket,
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    }),
  )
  const VersioningConfiguration = { Status: 'Enabled' } as const
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
  const Rules = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } }]
  const ServerSideEncryptionConfiguration = { Rules }
  await s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }))
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Deny',
        Principal: { AWS: '*' },
        Action: 's3:*',
        Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ],
  })
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }))
}

async function deployService(ecs: ECSClient, name: string, desiredCount: number): Promise<void> {
  await ecs.send(new CreateClusterCommand({ clusterName: name }))
  const containerDefinitions = [{ name: 'digest', image: 'weir', memory: 512 }]
  await ecs.send(new RegisterTaskDefinitionCommand({ family: name, containerDefinitions }))
  const service = { cluster: name, serviceName: name, taskDefinition: name, desiredCount }
  await ecs.send(new CreateServiceCommand(service))
}
