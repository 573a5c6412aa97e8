/**
 * What is asked of a deployment, as far as it costs something. The names and defaults are those of
 * the settings of the stacks (`infra/src/settings.ts`), and of the load that they are put to.
 */
import type { Region } from './prices.ts'

export interface CostLoad {
  readonly region: Region
  readonly eventsPerDay: number
  /** Of an event's JSON. */
  readonly eventBytes: number
  /** Events of one request to the collector. */
  readonly eventsPerRequest: number
  /** Requests to the API, those of dashboards included. */
  readonly questionsPerDay: number
  readonly answerBytes: number
  readonly pageLoadsPerDay: number
  readonly partitions: number
  /** Event types that come, each a topic. */
  readonly eventTypes: number
  /** Seconds between commits to the results place. */
  readonly commitS: number
  readonly brokerSize: 'small' | 'standard'
  readonly retentionHours: number
  readonly workers: number
  readonly alb: boolean
  readonly interfaceEndpoints: boolean
  readonly runner: 'emr-serverless' | 'ec2'
  readonly spot: boolean
  readonly schedule: 'hour' | 'day' | null
  /** Days that events rest in the lake; null: for ever, of which a year is counted. */
  readonly lakeDays: number | null
  readonly dashboard: boolean
  readonly budgetUsd: number
}

export const LOAD_DEFAULT: CostLoad = {
  region: 'us-east-1',
  eventsPerDay: 100_000,
  eventBytes: 400,
  eventsPerRequest: 1,
  questionsPerDay: 10_000,
  answerBytes: 10_000,
  pageLoadsPerDay: 100,
  partitions: 4,
  eventTypes: 6,
  commitS: 10,
  brokerSize: 'small',
  retentionHours: 168,
  workers: 1,
  alb: true,
  interfaceEndpoints: false,
  runner: 'emr-serverless',
  spot: false,
  schedule: 'day',
  lakeDays: null,
  dashboard: true,
  budgetUsd: 300,
}

/** A month as AWS counts it. */
export const HOURS: number = 730
export const DAYS: number = HOURS / 24
/** AWS's GB of storage and transfer is 2^30 bytes. */
export const GB: number = 1024 ** 3

/** What stands in the stacks, or was measured; each says where. */
export const ASSUMED = {
  /** `infra/src/stacks/network.ts`: zones, and endpoints in each of them. */
  zones: 3,
  endpoints: 4,
  /** `infra/src/parts/kafka-cluster.ts`, `counting-task.ts`: brokers, volumes, and tasks. */
  brokers: 3,
  brokerGb: 100,
  taskVcpu: 1,
  taskGb: 2,
  imageGb: 0.4,
  /** Of one record, from whoever sends: two of three leaders are in another zone. */
  acrossZones: 0.667,
  /** The digest reads a record, and the archive reads it again. */
  readsPerRecord: 2,
  /** README: 35 bytes of an event in Parquet, of 244 in JSON. */
  lakeShare: 0.143,
  /** docs/reference/lake.md: a range is cut after ten minutes; an intent, and a file of events. */
  rangesPerDayMax: 144,
  putsPerRange: 2,
  /** docs/guides/s3.md, counted at a proxy: of a commit of 4 shards, 16 puts; and of all, two. */
  putsPerShard: 4,
  putsPerCommit: 2,
  getsPerShard: 4.75,
  /** A manifest is replaced at each commit, and its old version kept for a day. */
  manifestBytes: 20_000,
  oldVersionDays: 1,
  resultsGb: 1,
  /** Of EMF and of what a task says otherwise, in a minute; and of a broker in a day. */
  logBytesPerTaskMinute: 12_000,
  logBytesPerBrokerDay: 20e6,
  /** `src/api/emf.ts`: of the processes, and of each partition. */
  metricsPerDeployment: 10,
  metricsPerPartition: 2,
  /** `infra/src/parts/alarms.ts`; one over three brokers is paid as three. */
  alarms: 12,
  /** `infra/lambda/runs/emr-serverless.ts`: a driver and four executors of 2 vCPU and 5 GB. */
  sparkVcpu: 10,
  sparkGb: 25,
  /** `infra/src/parts/spark-instance.ts`: r7g.xlarge, and its volume. */
  instanceVcpu: 4,
  instanceVolumeGb: 60,
  /** Until Spark works, and until it is gone. */
  sparkStartS: 150,
  instanceStartS: 300,
  /** Measured: 30,000 events a CPU-second of Spark over files. */
  sparkEventsPerVcpuS: 30_000,
  /** `infra/src/stacks/api.ts`: memory, and what a call takes. */
  lambdaGb: 1,
  lambdaS: 0.1,
  getsPerQuestion: 6,
  accessLogBytes: 500,
  pageBytes: 300_000,
  requestsPerPage: 8,
} as const
