/** What a spent budget starts: a function that sets the service to no tasks. */
import { Stack } from 'aws-cdk-lib'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import { LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import type { Construct } from 'constructs'
import type { Settings } from '../settings.ts'
import { createNodeFunction } from './node-function.ts'
import type { InstanceTag } from './spark-instance.ts'

export interface StopProps {
  readonly settings: Settings
  readonly spent: ITopic
  /** Tag of the instances that runs start; null: they run elsewhere. */
  readonly instanceTag: InstanceTag | null
}

export function stopWhenSpent(scope: Construct, props: StopProps): void {
  const { settings, spent, instanceTag } = props
  // The stream's names are known, so this stack is deployed and tested without it.
  const { name } = settings
  const stop = createNodeFunction(scope, 'Stop', {
    folder: 'stop',
    about: 'the budget is spent: no more tasks, no more instances',
    environment: {
      WEIR_CLUSTER: name,
      WEIR_SERVICES: name,
      ...(instanceTag === null
        ? {}
        : { WEIR_INSTANCE_TAG: `${instanceTag.key}=${instanceTag.value}` }),
    },
    statements: [
      new PolicyStatement({
        actions: ['ecs:UpdateService', 'ecs:DescribeServices'],
        resources: [
          Stack.of(scope).formatArn({
            service: 'ecs',
            resource: 'service',
            resourceName: `${name}/${name}`,
          }),
        ],
      }),
      ...(instanceTag === null ? [] : toInstanceStatements(scope, instanceTag)),
    ],
    memoryMib: 256,
    timeoutSeconds: 60,
  })
  spent.addSubscription(new LambdaSubscription(stop.function))
}

/** Instances are found by listing them, which knows no resources; only tagged ones are ended. */
function toInstanceStatements(scope: Construct, { key, value }: InstanceTag): PolicyStatement[] {
  const instances = Stack.of(scope).formatArn({
    service: 'ec2',
    resource: 'instance',
    resourceName: '*',
  })
  return [
    new PolicyStatement({ actions: ['ec2:DescribeInstances'], resources: ['*'] }),
    new PolicyStatement({
      actions: ['ec2:TerminateInstances'],
      resources: [instances],
      conditions: { StringEquals: { [`aws:ResourceTag/${key}`]: value } },
    }),
  ]
}
