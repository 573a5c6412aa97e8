/**
 * Jobs on an instance of EC2 each, from a launch template: its user data (infra/user-data/run.sh)
 * finds its run in the instance's tags, and stops the instance whatever happens.
 */
import type { EC2Client, Instance } from '@aws-sdk/client-ec2'
import { DescribeInstancesCommand, RunInstancesCommand } from '@aws-sdk/client-ec2'
import { present } from '../../../src/std/assert.ts'
import type { JobRunner, JobState } from './job-runner.ts'
import { toRefusal } from './refusal.ts'

export interface Ec2 {
  readonly client: EC2Client
  readonly launchTemplateId: string
  /** Of every instance, besides its run's: what a template tags may be left out then. */
  readonly tags: { readonly [name: string]: string }
}

/** The tag that run.sh reads. Names of tags that instance metadata tells have no `:` or `/`. */
export const RUN_TAG = 'weir-run'

export function createEc2({ client, launchTemplateId, tags }: Ec2): JobRunner {
  const shared = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
  return {
    scheme: 's3a',
    start: async ({ run, token }, signal) => {
      const Tags = [{ Key: 'Name', Value: `weir ${run}` }, { Key: RUN_TAG, Value: run }, ...shared]
      const command = new RunInstancesCommand({
        ClientToken: token,
        LaunchTemplate: { LaunchTemplateId: launchTemplateId, Version: '$Latest' },
        MinCount: 1,
        MaxCount: 1,
        TagSpecifications: [
          { ResourceType: 'instance', Tags },
          { ResourceType: 'volume', Tags },
        ],
      })
      try {
        const { Instances } = await client.send(command, { abortSignal: signal })
        return present(Instances?.[0]?.InstanceId, 'the id of an instance')
      } catch (error) {
        throw toRefusal(error, `ec2 did not start an instance for run ${run}`)
      }
    },
    state: async (id, signal) => {
      // By a filter: an id that is not known yet is then no error.
      const Filters = [{ Name: 'instance-id', Values: [id] }]
      const command = new DescribeInstancesCommand({ Filters })
      try {
        const { Reservations } = await client.send(command, { abortSignal: signal })
        return toState(Reservations?.[0]?.Instances?.[0])
      } catch (error) {
        throw toRefusal(error, `ec2 does not tell how instance ${id} is`)
      }
    },
  }
}

function toState(instance: Instance | undefined): JobState {
  switch (instance?.State?.Name) {
    case undefined:
      return { kind: 'unknown' }
    case 'pending':
      return { kind: 'waiting' }
    case 'running':
      return { kind: 'running' }
    default:
      return { kind: 'ended', reason: instance?.StateReason?.Message ?? null, isTold: false }
  }
}
