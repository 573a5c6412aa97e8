/** Jobs on an application of EMR Serverless, which starts by itself, and stops when it is idle. */
import type { EMRServerlessClient } from '@aws-sdk/client-emr-serverless'
import {
  GetJobRunCommand,
  ResourceNotFoundException,
  StartJobRunCommand,
} from '@aws-sdk/client-emr-serverless'
import { present } from '../../../src/std/assert.ts'
import type { JobRunner, JobState } from './job-runner.ts'
import { toRefusal } from './refusal.ts'

export interface EmrServerless {
  readonly client: EMRServerlessClient
  readonly applicationId: string
  /** What jobs may do. */
  readonly roleArn: string
  /** Where logs go: URL of a folder, `s3://bucket/logs`. */
  readonly logs: string
}

/** A run of a day takes minutes; one that hangs is not paid for all night. */
const RUN_MINUTES_MAX = 240
/**
 * Of Spark: one driver and up to four executors of the smallest size that reads Parquet well. The
 * cap of the application stands above it.
 */
const SETTINGS: { readonly [name: string]: string } = {
  'spark.driver.cores': '2',
  'spark.driver.memory': '4g',
  'spark.executor.cores': '2',
  'spark.executor.memory': '4g',
  'spark.dynamicAllocation.maxExecutors': '4',
  'spark.sql.shuffle.partitions': '16',
}

export function createEmrServerless(options: EmrServerless): JobRunner {
  const { client, applicationId, roleArn, logs } = options
  return {
    // As AWS tells to name buckets there: the role's credentials come with it.
    scheme: 's3',
    start: async ({ run, token, folder }, signal) => {
      const command = new StartJobRunCommand({
        applicationId,
        clientToken: token,
        executionRoleArn: roleArn,
        executionTimeoutMinutes: RUN_MINUTES_MAX,
        name: run,
        tags: { 'weir-run': run },
        jobDriver: {
          sparkSubmit: {
            entryPoint: `${folder}/job.py`,
            entryPointArguments: [`${folder}/plan.json`],
            sparkSubmitParameters: toParameters(SETTINGS),
          },
        },
        configurationOverrides: {
          monitoringConfiguration: { s3MonitoringConfiguration: { logUri: `${logs}/` } },
        },
      })
      try {
        const { jobRunId } = await client.send(command, { abortSignal: signal })
        return present(jobRunId, 'the id of a job run')
      } catch (error) {
        throw toRefusal(error, `emr serverless did not start run ${run}`)
      }
    },
    state: async (id, signal) => {
      const command = new GetJobRunCommand({ applicationId, jobRunId: id })
      try {
        const { jobRun } = await client.send(command, { abortSignal: signal })
        return toState(jobRun?.state, jobRun?.stateDetails ?? '')
      } catch (error) {
        if (error instanceof ResourceNotFoundException) return { kind: 'unknown' }
        throw toRefusal(error, `emr serverless does not tell how job ${id} is`)
      }
    },
  }
}

function toParameters(settings: typeof SETTINGS): string {
  return Object.entries(settings)
    .map(([name, value]) => `--conf ${name}=${value}`)
    .join(' ')
}

/** https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/job-states.html */
function toState(state: string | undefined, details: string): JobState {
  switch (state) {
    case 'RUNNING':
    case 'CANCELLING':
      return { kind: 'running' }
    case 'SUCCESS':
      return { kind: 'ended', reason: null, isTold: false }
    case 'FAILED':
      return toEnded(details === '' ? 'the job failed; see its logs' : details)
    case 'CANCELLED':
      return toEnded('the job was cancelled')
    default:
      return { kind: 'waiting' }
  }
}

function toEnded(reason: string): JobState {
  return { kind: 'ended', reason, isTold: true }
}
