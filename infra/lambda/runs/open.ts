/**
 * Runs as the variables of a function name them. Those of the settings (WEIR_ARCHIVE, WEIR_RESULTS,
 * WEIR_ZONE and the like) are read by the product's own code; these are besides:
 *
 * - WEIR_RUNNER: `emr-serverless`, with WEIR_EMR_APPLICATION_ID and WEIR_JOB_ROLE_ARN, or `ec2`,
 *   with WEIR_LAUNCH_TEMPLATE_ID and, if wanted, WEIR_INSTANCE_TAGS, `key=value,key=value`
 * - WEIR_RUN_EVERY: `hour` or `day`, which windows a tick of the schedule is about
 */
import type { LoadedConfig } from '../../../src/main/config/load.ts'
import { parseS3Url } from '../../../src/main/config/s3-url.ts'
import { openObjects } from '../../../src/main/running/open-objects.ts'
import type { Clock } from '../../../src/std/clock.ts'
import { Fault } from '../../../src/std/fault.ts'
import type { FunctionPlace } from '../function-config.ts'
import { loadFunctionConfig } from '../function-config.ts'
import type { JobRunner } from './job-runner.ts'
import type { Runs } from './runs.ts'
import { createRuns } from './runs.ts'
import type { Every } from './schedule.ts'

export interface OpenOptions extends FunctionPlace {
  /** The text of spark/job.py. */
  readonly job: string
  readonly clock: Clock
  /** Told of a run that failed, once, where nobody else tells of it. */
  readonly onFailed: (run: string, reason: string) => void
}

export interface OpenRuns extends AsyncDisposable {
  readonly runs: Runs
  /** Names of all metrics. */
  readonly metrics: readonly string[]
}

const OWN = {
  runner: 'WEIR_RUNNER',
  every: 'WEIR_RUN_EVERY',
  application: 'WEIR_EMR_APPLICATION_ID',
  role: 'WEIR_JOB_ROLE_ARN',
  template: 'WEIR_LAUNCH_TEMPLATE_ID',
  tags: 'WEIR_INSTANCE_TAGS',
} as const
/** Of one try: a call of API Gateway ends after 29 s, and the SDK tries three times. */
const REQUEST = { connectionTimeout: 2000, requestTimeout: 6000, throwOnRequestTimeout: true }

/** Throws CONFIG_INVALID, naming the variable. */
export async function openRuns(options: OpenOptions): Promise<OpenRuns> {
  const { environment, job, clock, onFailed } = options
  const config = await loadFunctionConfig(options, Object.values(OWN))
  const [lake, results] = [placeAt(config, 'archive'), placeAt(config, 'results')]
  const { runner, close } = await openRunner(environment, results)
  const stores = {
    lake: await openObjects({ config, clock }, lake),
    results: await openObjects({ config, clock }, results),
  }
  const { catalog, plans, settings } = config
  const settleMs = Math.max(...plans.map(plan => plan.graceMs)) + settings.archiveInterval
  const schedule = { every: everyOf(environment), zone: settings.zone, settleMs }
  const places = { lake, results }
  return {
    runs: createRuns({
      ...stores,
      places,
      runner,
      catalog,
      plans,
      schedule,
      job,
      clock,
      onFailed,
    }),
    metrics: plans.map(plan => plan.name),
    [Symbol.asyncDispose]: async () => {
      close()
      await stores.lake[Symbol.asyncDispose]()
      await stores.results[Symbol.asyncDispose]()
    },
  }
}

function placeAt({ settings }: LoadedConfig, name: 'archive' | 'results'): string {
  const place = settings[name].replace(/\/$/, '')
  if (parseS3Url(place, name) !== null) return place
  const variable = `WEIR_${name.toUpperCase()}`
  throw new Fault('CONFIG_INVALID', `${variable} is '${place}', which is no s3://bucket/folder`)
}

interface OpenRunner {
  readonly runner: JobRunner
  readonly close: () => void
}

async function openRunner(
  environment: OpenOptions['environment'],
  results: string,
): Promise<OpenRunner> {
  const name = need(environment, OWN.runner)
  if (name === 'ec2') return await openEc2(environment)
  if (name === 'emr-serverless') return await openEmrServerless(environment, results)
  throw new Fault('CONFIG_INVALID', `${OWN.runner} is '${name}', not emr-serverless or ec2`)
}

/** The SDK of the other runner need not be loaded, which takes most of a cold start. */
async function openEc2(environment: OpenOptions['environment']): Promise<OpenRunner> {
  const launchTemplateId = need(environment, OWN.template)
  const tags = toTags(environment[OWN.tags] ?? '')
  const { EC2Client } = await import('@aws-sdk/client-ec2')
  const { createEc2 } = await import('./ec2.ts')
  const client = new EC2Client({ requestHandler: REQUEST })
  return { runner: createEc2({ client, launchTemplateId, tags }), close: () => client.destroy() }
}

async function openEmrServerless(
  environment: OpenOptions['environment'],
  results: string,
): Promise<OpenRunner> {
  const applicationId = need(environment, OWN.application)
  const roleArn = need(environment, OWN.role)
  const { bucket = '' } = parseS3Url(results, OWN.runner) ?? {}
  const { EMRServerlessClient } = await import('@aws-sdk/client-emr-serverless')
  const { createEmrServerless } = await import('./emr-serverless.ts')
  const client = new EMRServerlessClient({ requestHandler: REQUEST })
  const options = { client, applicationId, roleArn, logs: `s3://${bucket}/logs` }
  return { runner: createEmrServerless(options), close: () => client.destroy() }
}

function toTags(text: string): { readonly [name: string]: string } {
  const pairs = text.split(',').filter(pair => pair !== '')
  return Object.fromEntries(
    pairs.map(pair => {
      const at = pair.indexOf('=')
      if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)]
      throw new Fault('CONFIG_INVALID', `${OWN.tags} has '${pair}', which is no key=value`)
    }),
  )
}

function everyOf(environment: OpenOptions['environment']): Every {
  const every = environment[OWN.every] ?? 'day'
  if (every === 'hour' || every === 'day') return every
  throw new Fault('CONFIG_INVALID', `${OWN.every} is '${every}', neither hour nor day`)
}

function need(environment: OpenOptions['environment'], name: string): string {
  const value = environment[name] ?? ''
  if (value !== '') return value
  throw new Fault('CONFIG_INVALID', `${name} is not set; deploy the batch stack anew`)
}
