/**
 * The API of a deployment on this machine: its stack is synthesised with the function's bundle, the
 * bundle runs as Lambda would run it, and a gateway before it does what the template says.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { App, Stack } from 'aws-cdk-lib'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { parseSettings } from '../../src/settings.ts'
import { ApiStack } from '../../src/stacks/api.ts'
import type { Gateway } from './gateway.ts'
import { openGateway } from './gateway.ts'
import type { ApiTemplate } from './gateway-template.ts'
import { readApiTemplate } from './gateway-template.ts'
import type { Runtime } from './runtime.ts'
import { startRuntime } from './runtime.ts'

export interface ApiStage extends AsyncDisposable {
  readonly template: ApiTemplate
  readonly gateway: Gateway
  readonly runtime: Runtime
  /** Good for all routes. */
  readonly key: string
  /** Another container, as a call finds it that comes first. */
  readonly startCold: () => Promise<Runtime>
  /** Headers of the page, as its distribution sends them. */
  readonly pageHeaders: Readonly<Record<string, string>>
}

export interface ApiStageOptions {
  /** Where the assembly is, with its bundles. */
  readonly directory: string
  /** The text of the template that has the API. */
  readonly json: string
  /** What the function is given beside what the template gives it. */
  readonly environment: Readonly<Record<string, string>>
}

const KEY = 'a-key-of-the-plan-for-this-test-only'

/** The assembly stays where it is. */
export async function openApiStage(options: ApiStageOptions): Promise<ApiStage> {
  const { directory, json } = options
  await using stack = new AsyncDisposableStack()
  const template = readApiTemplate(json)
  const start = (): Promise<Runtime> =>
    startRuntime({
      directory: join(directory, template.function.asset),
      environment: { ...template.function.environment, ...options.environment },
    })
  const runtime = stack.use(await start())
  const invoke = (event: unknown): Promise<unknown> => runtime.invoke(event)
  const gateway = stack.use(await openGateway({ template, keys: [KEY], invoke }))
  const owned = stack.move()
  return {
    template,
    gateway,
    runtime,
    key: KEY,
    startCold: start,
    pageHeaders: readPageHeaders(json, new URL(gateway.url).origin),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** The API's stack alone, over a bucket that is there. The text of its template. */
export async function synthesiseApi(
  directory: string,
  settings: Readonly<Record<string, unknown>>,
  resultsBucket: string,
): Promise<string> {
  const app = new App({ outdir: directory, analyticsReporting: false })
  const lake = new Stack(app, 'lake')
  new ApiStack(app, 'api', {
    settings: parseSettings(settings),
    resultsBucket: Bucket.fromBucketName(lake, 'Results', resultsBucket),
  })
  app.synth()
  return await readFile(join(directory, 'api.template.json'), 'utf8')
}

interface HeadersPolicy {
  readonly SecurityHeadersConfig: {
    readonly ContentSecurityPolicy: { readonly ContentSecurityPolicy: unknown }
  }
  readonly CustomHeadersConfig: {
    readonly Items: readonly { readonly Header: string; readonly Value: string }[]
  }
}

/** In the policy of the page the API's origin stands as parts; here it is that of the gateway. */
function readPageHeaders(json: string, apiOrigin: string): Readonly<Record<string, string>> {
  const { Resources } = JSON.parse(json) as {
    readonly Resources: Record<string, { Type: string; Properties: unknown }>
  }
  const found = Object.values(Resources).find(
    one => one.Type === 'AWS::CloudFront::ResponseHeadersPolicy',
  )
  if (found === undefined) return {}
  const { ResponseHeadersPolicyConfig: config } = found.Properties as {
    readonly ResponseHeadersPolicyConfig: HeadersPolicy
  }
  const policy = JSON.stringify(
    config.SecurityHeadersConfig.ContentSecurityPolicy.ContentSecurityPolicy,
  )
  const text = (JSON.parse(policy) as { 'Fn::Join': [string, readonly unknown[]] })['Fn::Join'][1]
    .map(part => (typeof part === 'string' ? part : '*'))
    .join('')
    .replace(/https:\/\/\*[^ ;]*/, apiOrigin)
  const custom = config.CustomHeadersConfig.Items.map(one => [one.Header, one.Value])
  return { ...Object.fromEntries(custom), 'Content-Security-Policy': text }
}
