/**
 * Counting the lake again, with Spark: on EMR Serverless, or on a machine of EC2 for each run. One
 * function starts runs, by a schedule and when it is asked over HTTP; it may start these jobs, hand
 * them their role, and read and write what is known of runs. Where Spark runs costs nothing while
 * it does not.
 */
import { CfnOutput, Stack } from 'aws-cdk-lib'
import type { RestApi } from 'aws-cdk-lib/aws-apigateway'
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch'
import type { IVpc } from 'aws-cdk-lib/aws-ec2'
import type { PolicyStatement, Role } from 'aws-cdk-lib/aws-iam'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import type { Topic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import type { NodeFunction } from '../parts/node-function.ts'
import { createNodeFunction } from '../parts/node-function.ts'
import { ASKED_RUNS, LAKE, PUBLISHED_RUNS, toArchiveUrl, toResultsUrl } from '../parts/places.ts'
import { createRunsAlarms } from '../parts/runs-alarms.ts'
import { createRunsApi } from '../parts/runs-api.ts'
import { createRunsSchedule } from '../parts/runs-schedule.ts'
import { createSparkApplication } from '../parts/spark-application.ts'
import type { InstanceTag } from '../parts/spark-instance.ts'
import { createSparkInstance, toInstanceTag } from '../parts/spark-instance.ts'
import type { SparkRunner } from '../parts/spark-runner.ts'
import type { WeirStackProps } from '../parts/stack-props.ts'
import { allowListing, allowObjects } from '../parts/statements.ts'

export interface BatchProps extends WeirStackProps {
  readonly lakeBucket: IBucket
  readonly resultsBucket: IBucket
  readonly vpc: IVpc
}

export class BatchStack extends Stack {
  /** null: runs are machines of EC2. */
  readonly emrApplicationId: string | null
  /** Of these machines. */
  readonly instanceTag: InstanceTag
  /** Of a job of Spark, and of the function that starts it. */
  readonly jobRole: Role
  readonly runsRole: Role
  readonly runsApi: RestApi
  readonly failedRunsAlarm: Alarm
  /** Who is told of failures. */
  readonly topic: Topic

  constructor(scope: Construct, id: string, props: BatchProps) {
    super(scope, id, props)
    const { settings } = props
    const runner = createRunner(this, props)
    const starts = createStarter(this, runner, props)
    const givenUp =
      settings.schedule === null
        ? null
        : createRunsSchedule(this, settings.schedule, starts.function)
    const { emrApplicationId } = runner
    const alarmed = { settings, emrApplicationId, starts: starts.function, givenUp }
    const { topic, failedRuns } = createRunsAlarms(this, alarmed)
    this.emrApplicationId = emrApplicationId
    this.instanceTag = toInstanceTag(settings)
    this.jobRole = runner.jobRole
    this.runsRole = starts.role
    this.runsApi = createRunsApi(this, settings, starts.function)
    this.failedRunsAlarm = failedRuns
    this.topic = topic
    new CfnOutput(this, 'RunsUrl', { value: this.runsApi.urlForPath('/runs') })
  }
}

/** A call of API Gateway ends after 29 s; a schedule's may take longer. */
const TIMEOUT_SECONDS = 60
/** Most of it is CPU for compiling SQL, which comes with memory. */
const MEMORY_MIB = 512

function createRunner(scope: Construct, props: BatchProps): SparkRunner {
  return props.settings.runner === 'ec2'
    ? createSparkInstance(scope, props)
    : createSparkApplication(scope, props.settings.name, props)
}

function createStarter(scope: Construct, runner: SparkRunner, props: BatchProps): NodeFunction {
  const { settings, lakeBucket, resultsBucket } = props
  return createNodeFunction(scope, 'Runs', {
    folder: 'runs',
    about: 'starts runs of Spark',
    memoryMib: MEMORY_MIB,
    timeoutSeconds: TIMEOUT_SECONDS,
    files: { 'job.py': 'spark/job.py' },
    takesConfig: true,
    environment: {
      ...runner.environment,
      WEIR_ARCHIVE: toArchiveUrl(lakeBucket),
      WEIR_RESULTS: toResultsUrl(resultsBucket),
      WEIR_RUN_EVERY: settings.schedule ?? 'day',
    },
    statements: [...toStarterStatements(props), ...runner.statements],
  })
}

/** It looks which files of the lake are new, and never into one. */
function toStarterStatements({
  lakeBucket,
  resultsBucket,
}: BatchProps): readonly PolicyStatement[] {
  return [
    allowListing(lakeBucket, [`${LAKE}/events/*`]),
    allowListing(resultsBucket, [`${ASKED_RUNS}/*`, `${PUBLISHED_RUNS}/*`]),
    allowObjects(resultsBucket, ['s3:GetObject', 's3:PutObject'], [`${ASKED_RUNS}/*`]),
    allowObjects(resultsBucket, ['s3:GetObject'], [`${PUBLISHED_RUNS}/*/manifest.json`]),
  ]
}
