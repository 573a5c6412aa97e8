/**
 * The clock of batch runs: once an hour or a day it calls the function `runs` with the time that it
 * was meant for, so a call that is repeated is about the same window. What cannot be called for an
 * hour, or fails again and again once it was, waits in a queue, which an alarm watches.
 */
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations'
import {
  ContextAttribute,
  Schedule,
  ScheduleExpression,
  ScheduleGroup,
  ScheduleTargetInput,
} from 'aws-cdk-lib/aws-scheduler'
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'

/** Past the grace of windows and the interval of the archive, both ten minutes by default. */
const MINUTE = '30'
const RETRIES = 10
const RETRY_HOURS = 1
/** Of a call that came, and failed: Lambda's own most. */
const FAILURE_RETRIES = 2
const KEPT_DAYS = 14

/** Where calls rest that were given up. */
export function createRunsSchedule(
  scope: Construct,
  every: 'hour' | 'day',
  called: IFunction,
): Queue {
  const group = new ScheduleGroup(scope, 'ScheduleGroup', { removalPolicy: RemovalPolicy.DESTROY })
  const queue = new Queue(scope, 'GivenUp', {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(KEPT_DAYS),
  })
  // The scheduler does not wait for an answer, so it does not learn of a failure.
  called.configureAsyncInvoke({
    onFailure: new SqsDestination(queue),
    retryAttempts: FAILURE_RETRIES,
    maxEventAge: Duration.hours(RETRY_HOURS),
  })
  const role = createRole(scope, group)
  const may = (action: string, resource: string): void => {
    role.addToPolicy(new PolicyStatement({ actions: [action], resources: [resource] }))
  }
  may('lambda:InvokeFunction', called.functionArn)
  may('sqs:SendMessage', queue.queueArn)
  new Schedule(scope, 'Schedule', {
    scheduleGroup: group,
    description: `Weir: counts the lake once ${every === 'day' ? 'a day' : 'an hour'}`,
    schedule: ScheduleExpression.cron({
      minute: MINUTE,
      ...(every === 'day' ? { hour: '0' } : {}),
    }),
    target: new LambdaInvoke(called, {
      // What the target would add also lets it call all versions of the function.
      role: role.withoutPolicyUpdates(),
      deadLetterQueue: queue,
      retryAttempts: RETRIES,
      maxEventAge: Duration.hours(RETRY_HOURS),
      input: ScheduleTargetInput.fromObject({
        kind: 'schedule',
        time: ContextAttribute.scheduledTime,
      }),
    }),
  })
  return queue
}

/** Only schedules of this group act in it. */
function createRole(scope: Construct, group: ScheduleGroup): Role {
  return new Role(scope, 'ScheduleRole', {
    description: 'Weir: calls the function that starts runs of Spark',
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: {
        StringEquals: {
          'aws:SourceAccount': Stack.of(scope).account,
          'aws:SourceArn': group.scheduleGroupArn,
        },
      },
    }),
  })
}
