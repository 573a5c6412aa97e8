/** The stacks of one deployment, each given what it needs of those before it. */
import type { App } from 'aws-cdk-lib'
import { Tags } from 'aws-cdk-lib'
import type { Catalog } from '../../src/model/catalog.ts'
import type { WeirStackProps } from './parts/stack-props.ts'
import type { Settings } from './settings.ts'
import { ApiStack } from './stacks/api.ts'
import { BatchStack } from './stacks/batch.ts'
import { GuardrailsStack } from './stacks/guardrails.ts'
import { LakeStack } from './stacks/lake.ts'
import { NetworkStack } from './stacks/network.ts'
import { StreamStack } from './stacks/stream.ts'

export interface Stacks {
  readonly network: NetworkStack
  readonly lake: LakeStack
  readonly stream: StreamStack
  readonly batch: BatchStack
  readonly api: ApiStack
  readonly guardrails: GuardrailsStack
}

export interface Deployment {
  readonly settings: Settings
  /** The event types, and so the topics and tables. */
  readonly catalog: Catalog
}

export function addStacks(app: App, { settings, catalog }: Deployment): Stacks {
  const props = (about: string): WeirStackProps => ({
    settings,
    description: `Weir: ${about}`,
    ...(settings.region === null ? {} : { env: { region: settings.region } }),
  })
  const id = (room: string): string => `${settings.name}-${room}`
  const network = new NetworkStack(app, id('network'), props('where everything runs'))
  const lake = new LakeStack(app, id('lake'), {
    ...props('events and results at rest'),
    catalog,
  })
  const { vpc } = network
  const { lakeBucket, resultsBucket } = lake
  const stream = new StreamStack(app, id('stream'), {
    ...props('Kafka, and what counts it'),
    catalog,
    vpc,
    lakeBucket,
    resultsBucket,
  })
  const batch = new BatchStack(app, id('batch'), {
    ...props('Spark, its schedule, and who may start it'),
    vpc,
    lakeBucket,
    resultsBucket,
  })
  const api = new ApiStack(app, id('api'), { ...props('answers, and the page'), resultsBucket })
  const guardrails = new GuardrailsStack(app, id('guardrails'), {
    ...props('alarms, and a budget that stops what costs'),
    runsRole: batch.runsRole,
    instanceTag: batch.emrApplicationId === null ? batch.instanceTag : null,
    failedRunsAlarm: batch.failedRunsAlarm,
    apiFunction: api.apiFunction,
  })
  addTags(app, settings)
  return { network, lake, stream, batch, api, guardrails }
}

function addTags(app: App, { name, owner, ttl }: Settings): void {
  Tags.of(app).add('weir', name)
  Tags.of(app).add('owner', owner)
  Tags.of(app).add('ttl', ttl ?? 'none')
}
