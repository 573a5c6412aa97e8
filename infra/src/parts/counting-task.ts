/**
 * The task: one image, two processes. `digest` counts and archives; `collect` takes events over
 * HTTP, where there is a load balancer before it. Neither keeps anything: their state is in Kafka
 * and in the buckets, so a task that is lost is replaced by any other.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { Platform } from 'aws-cdk-lib/aws-ecr-assets'
import type { ContainerDefinitionOptions } from 'aws-cdk-lib/aws-ecs'
import {
  ContainerImage,
  CpuArchitecture,
  FargateTaskDefinition,
  LogDriver,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs'
import type { IRole } from 'aws-cdk-lib/aws-iam'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import { Fault, messageOf } from '../../../src/std/fault.ts'
import type { Settings } from '../settings.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const CPU_UNITS = 1024
/** A flood of requests takes nothing from what counts. */
const MEMORY_MIB = { digest: 1536, collect: 512 } as const
/** The user of the image: `node`. */
const USER = '1000'
export const COLLECT_PORT = 8787
const DIGEST_PORT = 8788
/** A worker commits and leaves its group before it ends. */
const STOP_S = 60
/** The only place that a process may write to. */
const DATA = '/data'

export interface CountingTaskProps {
  readonly settings: Settings
  readonly role: IRole
  /** `host:port,host:port`. */
  readonly brokers: string
  readonly lakeBucket: IBucket
  readonly resultsBucket: IBucket
  /** null: events come over Kafka alone. */
  readonly frontDoor: FrontDoorNames | null
}

export interface FrontDoorNames {
  /** What callers call it by. */
  readonly hosts: readonly string[]
  /** Addresses whose X-Forwarded-For is believed. */
  readonly proxies: string
}

export function createCountingTask(
  scope: Construct,
  props: CountingTaskProps,
): FargateTaskDefinition {
  const task = new FargateTaskDefinition(scope, 'Task', {
    family: props.settings.name,
    cpu: CPU_UNITS,
    memoryLimitMiB: MEMORY_MIB.digest + MEMORY_MIB.collect,
    taskRole: props.role,
    runtimePlatform: {
      cpuArchitecture: CpuArchitecture.ARM64,
      operatingSystemFamily: OperatingSystemFamily.LINUX,
    },
  })
  const common = toCommon(scope)
  addContainer(task, 'digest', { ...common, ...toDigest(props) })
  if (props.frontDoor !== null) {
    addContainer(task, 'collect', { ...common, ...toCollect(props, props.frontDoor) })
  }
  return task
}

type ContainerParts = Omit<ContainerDefinitionOptions, 'logging'> & { readonly logs: LogGroup }

function toCommon(scope: Construct): Pick<ContainerParts, 'image' | 'logs'> {
  return {
    // Built by `cdk deploy`, from the Dockerfile at the root.
    image: ContainerImage.fromAsset(ROOT, { platform: Platform.LINUX_ARM64 }),
    logs: new LogGroup(scope, 'TaskLogs', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    }),
  }
}

function addContainer(
  task: FargateTaskDefinition,
  id: string,
  { logs, ...options }: ContainerParts,
): void {
  task.addVolume({ name: id })
  task
    .addContainer(id, {
      ...options,
      essential: true,
      user: USER,
      readonlyRootFilesystem: true,
      stopTimeout: Duration.seconds(STOP_S),
      logging: LogDriver.awsLogs({ logGroup: logs, streamPrefix: id }),
    })
    .addMountPoints({ containerPath: DATA, sourceVolume: id, readOnly: false })
}

function toDigest(props: CountingTaskProps): Omit<ContainerDefinitionOptions, 'image'> {
  const { lakeBucket, resultsBucket } = props
  return {
    command: ['digest'],
    memoryLimitMiB: MEMORY_MIB.digest,
    healthCheck: toHealthCheck(DIGEST_PORT),
    environment: {
      ...toEnvironment(props),
      WEIR_PORT: String(DIGEST_PORT),
      WEIR_RESULTS: `s3://${resultsBucket.bucketName}/weir`,
      WEIR_ARCHIVE: `s3://${lakeBucket.bucketName}/lake`,
    },
  }
}

/**
 * Keys are hashes, so the file may stand in the task's definition; a new file makes new tasks. Who
 * has no file lets everybody send, as whoever has the key of a page may.
 */
function toCollect(
  props: CountingTaskProps,
  { hosts, proxies }: FrontDoorNames,
): Omit<ContainerDefinitionOptions, 'image'> {
  const { keysFile, corsOrigins } = props.settings
  const keysPath = `${DATA}/keys.json`
  const script = 'printf %s "$KEYS_JSON" > "$WEIR_KEYS" && exec node src/main/bin.ts collect'
  return {
    ...(keysFile === null ? { command: ['collect'] } : { entryPoint: ['sh', '-c', script] }),
    memoryLimitMiB: MEMORY_MIB.collect,
    portMappings: [{ containerPort: COLLECT_PORT }],
    healthCheck: toHealthCheck(COLLECT_PORT),
    environment: {
      ...toEnvironment(props),
      WEIR_HOST: '0.0.0.0',
      WEIR_PORT: String(COLLECT_PORT),
      WEIR_HOSTS_ALLOWED: hosts.join(','),
      WEIR_TRUSTED_PROXIES: proxies,
      ...(corsOrigins.length === 0 ? {} : { WEIR_ORIGINS_ALLOWED: corsOrigins.join(',') }),
      WEIR_KEYS: keysFile === null ? 'off' : keysPath,
      ...(keysFile === null ? {} : { KEYS_JSON: readKeys(keysFile) }),
    },
  }
}

/** Variables of docs/reference/settings.md that both processes are given. */
function toEnvironment({ brokers, settings, role }: CountingTaskProps): Record<string, string> {
  return {
    AWS_REGION: Stack.of(role).region,
    WEIR_DATA: DATA,
    WEIR_KAFKA: brokers,
    WEIR_KAFKA_TLS: 'on',
    WEIR_KAFKA_SASL: 'aws-msk-iam',
    WEIR_KAFKA_REPLICATION_FACTOR: '3',
    WEIR_KAFKA_MIN_INSYNC_REPLICAS: '2',
    WEIR_KAFKA_RETENTION: `${settings.retentionHours}h`,
    WEIR_METRICS: 'emf',
  }
}

function toHealthCheck(port: number): NonNullable<ContainerDefinitionOptions['healthCheck']> {
  const ask = `fetch('http://127.0.0.1:${port}/healthz').then(a=>process.exit(a.ok?0:1))`
  return {
    command: ['CMD', 'node', '-e', ask],
    interval: Duration.seconds(30),
    timeout: Duration.seconds(5),
    startPeriod: Duration.seconds(120),
    retries: 3,
  }
}

function readKeys(file: string): string {
  try {
    return JSON.stringify(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    throw new Fault('FILE_UNREADABLE', `keysFile ${file} cannot be read: ${messageOf(error)}`)
  }
}
