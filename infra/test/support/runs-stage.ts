/**
 * What starts runs in a deployment, on this machine: its stack is synthesised with the function's
 * bundle, which runs as Lambda would run it, and with the user data of its machines.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { App, Stack } from 'aws-cdk-lib'
import { Vpc } from 'aws-cdk-lib/aws-ec2'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { parseSettings } from '../../src/settings.ts'
import { BatchStack } from '../../src/stacks/batch.ts'
import type { Runtime } from './runtime.ts'
import { startRuntime } from './runtime.ts'

export interface RunsStage {
  /** A cold function, with what its template gives it and `own`, which wins. */
  readonly start: (own: Readonly<Record<string, string>>) => Promise<Runtime>
  /** The file of what a machine runs at its start; null: there are no machines. */
  readonly userData: string | null
}

export interface RunsStageOptions {
  /** As a settings file has them. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly lakeBucket: string
  readonly resultsBucket: string
  /** Empty. */
  readonly directory: string
}

interface Resource {
  readonly Type: string
  readonly Properties: Readonly<Record<string, unknown>>
}

export async function openRunsStage(options: RunsStageOptions): Promise<RunsStage> {
  const { directory } = options
  synthesise(options)
  const json = await readFile(join(directory, 'batch.template.json'), 'utf8')
  const template = JSON.parse(json) as { readonly Resources: Readonly<Record<string, Resource>> }
  const resources = Object.values(template.Resources)
  const asset = resources.find(({ Type }) => Type === 'AWS::Lambda::Function')
  const machine = resources.find(({ Type }) => Type === 'AWS::EC2::LaunchTemplate')
  return {
    start: own =>
      startRuntime({
        directory: join(directory, toFolder(asset)),
        environment: { ...toEnvironment(asset), ...own },
      }),
    userData: machine === undefined ? null : await writeUserData(machine, directory),
  }
}

function synthesise({ settings, directory, lakeBucket, resultsBucket }: RunsStageOptions): void {
  const app = new App({ outdir: directory, analyticsReporting: false })
  const others = new Stack(app, 'others')
  new BatchStack(app, 'batch', {
    settings: parseSettings(settings),
    vpc: new Vpc(others, 'Vpc', { natGateways: 0 }),
    lakeBucket: Bucket.fromBucketName(others, 'Lake', lakeBucket),
    resultsBucket: Bucket.fromBucketName(others, 'Results', resultsBucket),
  })
  app.synth()
}

/** Of the bundle, in the assembly. */
function toFolder(asset: Resource | undefined): string {
  const { S3Key = '' } = (asset?.Properties['Code'] ?? {}) as { readonly S3Key?: string }
  return `asset.${S3Key.replace('.zip', '')}`
}

/** Names that are known before a deployment; the others are of what it makes. */
function toEnvironment(asset: Resource | undefined): Readonly<Record<string, string>> {
  const { Variables = {} } = (asset?.Properties['Environment'] ?? {}) as {
    readonly Variables?: Readonly<Record<string, unknown>>
  }
  const known = Object.entries(Variables).filter(([, value]) => typeof value === 'string')
  return Object.fromEntries(known) as Readonly<Record<string, string>>
}

async function writeUserData({ Properties }: Resource, directory: string): Promise<string> {
  const { UserData } = Properties['LaunchTemplateData'] as {
    readonly UserData: { readonly 'Fn::Base64': unknown }
  }
  const text = UserData['Fn::Base64']
  if (typeof text !== 'string') throw new Error('the user data names what is not known yet')
  const path = join(directory, 'user-data.sh')
  await writeFile(path, text)
  return path
}
