/**
 * What watches the others: alarms and a page of graphs, and a budget that stops what costs. It
 * knows the stream by its names alone, and the other stacks by what they hand over, if they are
 * there.
 */
import { CfnOutput, Stack } from 'aws-cdk-lib'
import type { IAlarm } from 'aws-cdk-lib/aws-cloudwatch'
import type { IRole } from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { Topic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import { createAlarms } from '../parts/alarms.ts'
import { createNewsTopic } from '../parts/alerts.ts'
import { createBudgets, denyRunsWhenSpent } from '../parts/budget.ts'
import { createGraphs } from '../parts/graphs.ts'
import type { InstanceTag } from '../parts/spark-instance.ts'
import type { WeirStackProps } from '../parts/stack-props.ts'
import { stopWhenSpent } from '../parts/stop-function.ts'

export interface GuardrailsProps extends WeirStackProps {
  /** Of whatever starts runs of Spark; null: nothing does. */
  readonly runsRole: IRole | null
  /** Tag of the instances that runs start; null: they run elsewhere. */
  readonly instanceTag: InstanceTag | null
  /** It tells of failures itself; here it is shown. */
  readonly failedRunsAlarm: IAlarm | null
  readonly apiFunction: IFunction | null
}

export class GuardrailsStack extends Stack {
  /** What a person should look at. */
  readonly news: Topic
  /** The budget is spent. */
  readonly spent: Topic

  constructor(scope: Construct, id: string, props: GuardrailsProps) {
    super(scope, id, props)
    const { settings, runsRole } = props
    this.news = createNewsTopic(this, 'News', settings)
    this.spent = createNewsTopic(this, 'Spent', settings)
    const parts = { ...props, news: this.news, spent: this.spent }
    const budget = createBudgets(this, parts)
    if (runsRole !== null) denyRunsWhenSpent(this, { ...parts, budget, runsRole })
    stopWhenSpent(this, parts)
    const shown = props.failedRunsAlarm === null ? [] : [props.failedRunsAlarm]
    createGraphs(this, { ...props, alarms: [...createAlarms(this, parts), ...shown] })
    new CfnOutput(this, 'NewsTopic', {
      value: this.news.topicArn,
      description: 'subscribe whoever should be told of alarms',
    })
  }
}
