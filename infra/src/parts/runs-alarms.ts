/**
 * Who is told that a run of Spark failed, that it could not be started, or that the schedule gave
 * up. EMR Serverless tells how each job ends; a machine of EC2 counts its own failure as the metric
 * `FailedRuns`, as the function does for a run that it finds dead.
 */
import { Duration, Stack } from 'aws-cdk-lib'
import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch'
import {
  Alarm,
  ComparisonOperator,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { Rule } from 'aws-cdk-lib/aws-events'
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import type { Settings } from '../settings.ts'

export interface RunsAlarmsProps {
  readonly settings: Settings
  readonly emrApplicationId: string | null
  readonly starts: IFunction
  /** null: there is no schedule. */
  readonly givenUp: Queue | null
}

export interface RunsAlarms {
  readonly topic: Topic
  readonly failedRuns: Alarm
}

/** Counted by the function, and by the machine of a run that failed. */
export const FAILED_RUNS = {
  namespace: 'Weir',
  metricName: 'FailedRuns',
  dimensionsMap: { Service: 'runs' },
} as const

const PERIOD: Duration = Duration.minutes(5)

export function createRunsAlarms(scope: Construct, props: RunsAlarmsProps): RunsAlarms {
  const topic = createTopic(scope, props.settings)
  const action = new SnsAction(topic)
  const alarm = (id: string, metric: IMetric, about: string): Alarm => {
    const made = new Alarm(scope, id, {
      metric,
      alarmDescription: `Weir ${props.settings.name}: ${about}`,
      threshold: 1,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    })
    made.addAlarmAction(action)
    return made
  }
  const failedRuns = alarm('FailedRuns', toFailures(scope, topic, props), 'a run of Spark failed')
  const errors = props.starts.metricErrors({ period: PERIOD, statistic: 'Sum' })
  alarm('NotStarted', errors, 'the function that starts runs of Spark failed')
  const waiting = props.givenUp?.metricApproximateNumberOfMessagesVisible({
    period: PERIOD,
    statistic: 'Maximum',
  })
  if (waiting !== undefined) alarm('ScheduleGaveUp', waiting, 'the schedule gave up a run')
  return { topic, failedRuns }
}

function createTopic(scope: Construct, { alertEmail }: Settings): Topic {
  const topic = new Topic(scope, 'RunsTopic', { enforceSSL: true })
  topic.addToResourcePolicy(
    new PolicyStatement({
      actions: ['sns:Publish'],
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      resources: [topic.topicArn],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  )
  if (alertEmail !== null) topic.addSubscription(new EmailSubscription(alertEmail))
  return topic
}

function toFailures(scope: Construct, topic: Topic, props: RunsAlarmsProps): IMetric {
  const counted = new Metric({ ...FAILED_RUNS, period: PERIOD, statistic: 'Sum' })
  if (props.emrApplicationId === null) return counted
  const rule = createRule(scope, props.emrApplicationId)
  tell(scope, rule, topic)
  const told = new Metric({
    namespace: 'AWS/Events',
    metricName: 'MatchedEvents',
    dimensionsMap: { RuleName: rule.ruleName },
    period: PERIOD,
    statistic: 'Sum',
  })
  return new MathExpression({
    expression: 'FILL(told, 0) + FILL(counted, 0)',
    usingMetrics: { told, counted },
    period: PERIOD,
    label: 'failed runs',
  })
}

/** This rule may publish there; what the target would add lets every rule of every account. */
function tell(scope: Construct, rule: Rule, topic: Topic): void {
  rule.addTarget(new SnsTopic(Topic.fromTopicArn(scope, 'ToldTopic', topic.topicArn)))
  topic.addToResourcePolicy(
    new PolicyStatement({
      actions: ['sns:Publish'],
      principals: [new ServicePrincipal('events.amazonaws.com')],
      resources: [topic.topicArn],
      conditions: { ArnEquals: { 'aws:SourceArn': rule.ruleArn } },
    }),
  )
}

/** https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/using-eventbridge.html */
function createRule(scope: Construct, applicationId: string): Rule {
  return new Rule(scope, 'FailedJobs', {
    description: 'Weir: runs of Spark that did not end well',
    eventPattern: {
      source: ['aws.emr-serverless'],
      detailType: ['EMR Serverless Job Run State Change'],
      detail: { applicationId: [applicationId], state: ['FAILED', 'CANCELLED'] },
    },
  })
}
