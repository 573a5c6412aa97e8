/**
 * Stops what costs by the hour and can be started again: the tasks that count, and the instances
 * that run Spark. Nothing is deleted. Doing it again changes nothing, so it may be told twice; and
 * what fails keeps nothing else from being stopped.
 */
import type { EC2Client } from '@aws-sdk/client-ec2'
import { paginateDescribeInstances, TerminateInstancesCommand } from '@aws-sdk/client-ec2'
import type { ECSClient } from '@aws-sdk/client-ecs'
import { DescribeServicesCommand, UpdateServiceCommand } from '@aws-sdk/client-ecs'
import { messageOf } from '../../../src/std/fault.ts'

export interface Stopping {
  readonly cluster: string
  readonly services: readonly string[]
  /** Of instances to end; null: there are none. */
  readonly instanceTag: { readonly key: string; readonly value: string } | null
}

export interface Clients {
  readonly ecs: ECSClient
  readonly ec2: EC2Client
}

export interface Stopped {
  readonly services: readonly StoppedService[]
  /** Ids of instances that are ended by this. */
  readonly instances: readonly string[]
  /** What could not be stopped, each with why. */
  readonly failures: readonly string[]
}

export interface StoppedService {
  readonly service: string
  /** How many tasks were wanted before. */
  readonly before: number
  readonly state: 'stopped' | 'was at zero'
}

export async function stop(
  { cluster, services, instanceTag }: Stopping,
  { ecs, ec2 }: Clients,
  abortSignal: AbortSignal,
): Promise<Stopped> {
  const failures: string[] = []
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work()
    } catch (error) {
      failures.push(`${what}: ${messageOf(error)}`)
      return null
    }
  }
  const stopped = await Promise.all(
    services.map(service =>
      attempt(`service ${service}`, () => stopService(ecs, { cluster, service }, abortSignal)),
    ),
  )
  const ended =
    instanceTag === null
      ? []
      : await attempt('instances', () => endInstances(ec2, instanceTag, abortSignal))
  return {
    services: stopped.filter(one => one !== null),
    instances: ended ?? [],
    failures,
  }
}

interface Place {
  readonly cluster: string
  readonly service: string
}

async function stopService(
  ecs: ECSClient,
  { cluster, service }: Place,
  abortSignal: AbortSignal,
): Promise<StoppedService> {
  const asked = new DescribeServicesCommand({ cluster, services: [service] })
  const { services } = await ecs.send(asked, { abortSignal })
  const found = services?.find(one => one.status !== 'INACTIVE')
  if (found === undefined) throw new Error(`there is no such service in cluster ${cluster}`)
  const before = found.desiredCount ?? 0
  if (before === 0) return { service, before, state: 'was at zero' }
  await ecs.send(new UpdateServiceCommand({ cluster, service, desiredCount: 0 }), { abortSignal })
  return { service, before, state: 'stopped' }
}

/** Those that are on their way to an end already are left alone. */
const ALIVE = ['pending', 'running', 'stopping', 'stopped']

async function endInstances(
  client: EC2Client,
  { key, value }: NonNullable<Stopping['instanceTag']>,
  abortSignal: AbortSignal,
): Promise<readonly string[]> {
  const Filters = [
    { Name: `tag:${key}`, Values: [value] },
    { Name: 'instance-state-name', Values: ALIVE },
  ]
  const ids: string[] = []
  for await (const page of paginateDescribeInstances({ client }, { Filters }, { abortSignal })) {
    const instances = page.Reservations?.flatMap(one => one.Instances ?? []) ?? []
    ids.push(...instances.flatMap(instance => instance.InstanceId ?? []))
  }
  if (ids.length > 0) {
    await client.send(new TerminateInstancesCommand({ InstanceIds: ids }), { abortSignal })
  }
  return ids
}
