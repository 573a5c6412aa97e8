/**
 * What the roles of a deployment are asked for, as tables: who, which action, on what. Keys and
 * names are as the code that runs there makes them.
 */
import type { Deployment } from './deployment.ts'
import { findArn, findRole } from './deployment.ts'
import type { Role } from './policies.ts'
import { ACCOUNT, REGION } from './resolve.ts'
import type { Ask } from './simulate.ts'

/** Roles and things of a deployment, by the names that the tables use. */
export interface Cast {
  readonly job: Role
  readonly runs: Role
  readonly schedule: Role
  readonly api: Role
  readonly page: Role
  readonly task: Role
  readonly starter: Role
  readonly stop: Role
  readonly budget: Role
  readonly lake: string
  readonly results: string
  readonly pages: string
  readonly runsFunction: string
  readonly apiFunction: string
  /** The cluster. */
  readonly kafka: string
}

export function castOf(deployment: Deployment): Cast {
  const role = (name: string): Role => findRole(deployment, name)
  const arn = (stack: string, prefix: string): string => findArn(deployment, stack, prefix)
  return {
    job: role('weir-batch/JobRole'),
    runs: role('weir-batch/RunsRole'),
    schedule: role('weir-batch/ScheduleRole'),
    api: role('weir-api/ApiRole'),
    page: role('weir-api/PageDeployRole'),
    task: role('weir-stream/TaskRole'),
    starter: role('weir-stream/TaskExecutionRole'),
    stop: role('weir-guardrails/StopRole'),
    budget: role('weir-guardrails/BudgetActionRole'),
    lake: arn('weir-lake', 'LakeBucket'),
    results: arn('weir-lake', 'ResultsBucket'),
    pages: arn('weir-api', 'PageBucket'),
    runsFunction: arn('weir-batch', 'Runs'),
    apiFunction: arn('weir-api', 'Api'),
    kafka: String(deployment.resolve('weir-stream', { Ref: 'Kafka' })),
  }
}

/** `action`s of a role on a resource, each an ask. */
export function asks(
  role: Role,
  actions: string | readonly string[],
  resource: string | readonly string[],
  context: Ask['context'] = {},
): readonly Ask[] {
  return [actions]
    .flat()
    .flatMap(action => [resource].flat().map(one => ({ role, action, resource: one, context })))
}

/** Lists keys that begin so; `''`: all of the bucket. */
export function lists(role: Role, bucket: string, ...prefixes: readonly string[]): readonly Ask[] {
  return prefixes.map(prefix => ({
    role,
    action: 's3:ListBucket',
    resource: bucket,
    context: { 's3:prefix': prefix },
  }))
}

/** Reads, also what may not be there: S3 says so only to who may list the very key. */
export function reads(role: Role, bucket: string, ...keys: readonly string[]): readonly Ask[] {
  return [
    ...asks(
      role,
      's3:GetObject',
      keys.map(key => `${bucket}/${key}`),
    ),
    ...lists(role, bucket, ...keys),
  ]
}

export function puts(role: Role, bucket: string, ...keys: readonly string[]): readonly Ask[] {
  return asks(
    role,
    's3:PutObject',
    keys.map(key => `${bucket}/${key}`),
  )
}

export function deletes(role: Role, bucket: string, ...keys: readonly string[]): readonly Ask[] {
  return asks(
    role,
    's3:DeleteObject',
    keys.map(key => `${bucket}/${key}`),
  )
}

/** A topic or group of the cluster, as IAM names it. */
export function ofKafka(kafka: string, kind: 'topic' | 'group', name: string): string {
  return `${kafka.replace(/:cluster\/[^/]+/, `:${kind}/weir`)}/${name}`
}

export function inRegion(service: string, rest: string): string {
  return `arn:aws:${service}:${REGION}:${ACCOUNT}:${rest}`
}
