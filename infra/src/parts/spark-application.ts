/**
 * Spark on EMR Serverless: an application that starts with a job, is paid for while jobs run, stops
 * when it is idle, and can never be larger than its cap.
 */
import { Stack } from 'aws-cdk-lib'
import { CfnApplication } from 'aws-cdk-lib/aws-emrserverless'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { Construct } from 'constructs'
import type { Buckets } from './spark-job-policy.ts'
import { toSparkJobStatements } from './spark-job-policy.ts'
import type { SparkRunner } from './spark-runner.ts'

/**
 * Spark 4.0.2, Python 3.11: the first release on which job.py may run, which is tested with Spark
 * 4.0 too. https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/release-versions.html
 */
export const RELEASE = 'emr-spark-8.0.0'

const SERVICE = 'emr-serverless.amazonaws.com'
const IDLE_MINUTES = 5
/** A driver and seven executors of 2 vCPU and 4 GB (and overhead) each: two runs at once. */
const CAP = { cpu: '16 vCPU', memory: '64 GB', disk: '320 GB' }

export function createSparkApplication(
  scope: Construct,
  name: string,
  buckets: Buckets,
): SparkRunner {
  const application = createApplication(scope, name)
  const jobRole = createJobRole(scope, application, buckets)
  return {
    jobRole,
    emrApplicationId: application.attrApplicationId,
    environment: {
      WEIR_RUNNER: 'emr-serverless',
      WEIR_EMR_APPLICATION_ID: application.attrApplicationId,
      WEIR_JOB_ROLE_ARN: jobRole.roleArn,
    },
    statements: [
      new PolicyStatement({
        actions: ['emr-serverless:StartJobRun'],
        resources: [application.attrArn],
      }),
      // The name of a job is known when it runs.
      new PolicyStatement({
        actions: ['emr-serverless:GetJobRun', 'emr-serverless:TagResource'],
        resources: [`${application.attrArn}/jobruns/*`],
      }),
      new PolicyStatement({
        actions: ['iam:PassRole'],
        resources: [jobRole.roleArn],
        conditions: { StringEquals: { 'iam:PassedToService': SERVICE } },
      }),
    ],
  }
}

function createApplication(scope: Construct, name: string): CfnApplication {
  return new CfnApplication(scope, 'Spark', {
    name: `${name}-spark`,
    type: 'SPARK',
    releaseLabel: RELEASE,
    architecture: 'ARM64',
    maximumCapacity: CAP,
    autoStartConfiguration: { enabled: true },
    autoStopConfiguration: { enabled: true, idleTimeoutMinutes: IDLE_MINUTES },
    interactiveConfiguration: { livyEndpointEnabled: false, studioEnabled: false },
    // Logs go to our own bucket, and stay as long as its lifecycle says.
    monitoringConfiguration: { managedPersistenceMonitoringConfiguration: { enabled: false } },
    runtimeConfiguration: [
      {
        classification: 'spark-defaults',
        // Views are of one session: no catalog is asked, so the job needs no right to one.
        properties: { 'spark.sql.catalogImplementation': 'in-memory' },
      },
    ],
  })
}

/** Only this application, of this account, acts in it. */
function createJobRole(scope: Construct, application: CfnApplication, buckets: Buckets): Role {
  const role = new Role(scope, 'JobRole', {
    description: 'Weir: a run of Spark on EMR Serverless',
    assumedBy: new ServicePrincipal(SERVICE, {
      conditions: {
        StringEquals: { 'aws:SourceAccount': Stack.of(scope).account },
        ArnEquals: { 'aws:SourceArn': application.attrArn },
      },
    }),
  })
  for (const statement of toSparkJobStatements(buckets)) role.addToPolicy(statement)
  return role
}
