/**
 * An API of API Gateway as a template declares it: routes, keys, throttles, CORS, what is required,
 * and how refusals look. Nothing is known here but what stands in the template; what is declared in
 * a way that is not read here throws.
 */
import { strict as assert } from 'node:assert'
import type { FunctionTemplate } from './function-template.ts'
import { readFunction, toText } from './function-template.ts'

export interface ApiTemplate {
  /** The first segment of every path. */
  readonly stage: string
  readonly routes: readonly ApiRoute[]
  /** Of the stage; by `/path METHOD`, and `*` for the others. */
  readonly throttles: ReadonlyMap<string, Throttle>
  /** Of each key of the plan, over all routes, and by `/path METHOD`. */
  readonly plan: { readonly all: Throttle; readonly byRoute: ReadonlyMap<string, Throttle> }
  /** How many keys the plan has. */
  readonly keyCount: number
  /** By response type. */
  readonly refusals: ReadonlyMap<string, Refusal>
  /** null: answers are not compressed. */
  readonly compressBytesMin: number | null
  readonly function: FunctionTemplate
}

export interface ApiRoute {
  readonly method: string
  readonly path: string
  readonly needsKey: boolean
  /** Names as `querystring.from`. */
  readonly required: readonly string[]
  /** null: the function answers. */
  readonly mock: Mock | null
}

/** What the gateway answers by itself: to what a browser asks before a request. */
export interface Mock {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  /** Origins that are told in place of the one in `headers`, where they ask. */
  readonly otherOrigins: readonly string[]
}

export interface Throttle {
  readonly rate: number
  readonly burst: number
}

export interface Refusal {
  readonly status: number | null
  /** Quoted texts, or where the value is taken from. */
  readonly headers: { readonly [name: string]: string }
  readonly body: string
}

/** The parts of resources that are read; each has those of its type. */
interface Properties {
  readonly ApiKeyRequired?: boolean
  readonly ApiStages?: readonly { readonly Throttle?: Record<string, RawThrottle> }[]
  readonly AuthorizationType?: string
  readonly HttpMethod?: string
  readonly Integration?: Integration
  readonly MethodSettings?: readonly MethodSetting[]
  readonly MinimumCompressionSize?: number
  readonly ParentId?: unknown
  readonly PathPart?: string
  readonly RequestParameters?: Record<string, boolean>
  readonly RequestValidatorId?: unknown
  readonly ResourceId?: unknown
  readonly ResponseParameters?: Record<string, string>
  readonly ResponseTemplates?: Record<string, string>
  readonly ResponseType?: string
  readonly StageName?: string
  readonly StatusCode?: string
  readonly Throttle?: RawThrottle
}

interface Integration {
  readonly Type: string
  readonly Uri?: unknown
  readonly IntegrationResponses?: readonly {
    readonly StatusCode: string
    readonly ResponseParameters?: Record<string, unknown>
    readonly ResponseTemplates?: Record<string, string>
  }[]
}

interface MethodSetting {
  readonly HttpMethod: string
  readonly ResourcePath: string
  readonly ThrottlingRateLimit?: number
  readonly ThrottlingBurstLimit?: number
}

interface RawThrottle {
  readonly RateLimit?: number
  readonly BurstLimit?: number
}

interface Template {
  readonly Resources: Record<string, { readonly Type: string; readonly Properties?: Properties }>
}

/** `json`: the text of a template that has one API. */
export function readApiTemplate(json: string): ApiTemplate {
  const { Resources } = JSON.parse(json) as Template
  const all = (type: string): readonly (readonly [string, Properties])[] =>
    Object.entries(Resources)
      .filter(([, one]) => one.Type === type)
      .map(([id, { Properties = {} }]) => [id, Properties])
  const only = (type: string): Properties => {
    const [first, ...rest] = all(type)
    assert(first !== undefined && rest.length === 0, `the template has no one ${type}`)
    return first[1]
  }
  const stage = only('AWS::ApiGateway::Stage')
  const methods = all('AWS::ApiGateway::Method').map(([, method]) => method)
  const pathOf = createPathOf(new Map(all('AWS::ApiGateway::Resource')))
  return {
    stage: stage.StageName ?? '',
    routes: methods.map(method => toRoute(method, pathOf)),
    throttles: new Map((stage.MethodSettings ?? []).flatMap(toStageThrottle)),
    plan: toPlan(only('AWS::ApiGateway::UsagePlan')),
    keyCount: all('AWS::ApiGateway::UsagePlanKey').length,
    refusals: new Map(all('AWS::ApiGateway::GatewayResponse').map(([, one]) => toRefusal(one))),
    compressBytesMin: only('AWS::ApiGateway::RestApi').MinimumCompressionSize ?? null,
    function: readFunction(json, findFunction(methods, all('AWS::Lambda::Function'))),
  }
}

type PathOf = (id: string) => string

/** What is no resource is the root. */
function createPathOf(resources: ReadonlyMap<string, Properties>): PathOf {
  const pathOf: PathOf = id => {
    const resource = resources.get(id)
    if (resource === undefined) return ''
    return `${pathOf(toText(resource.ParentId))}/${resource.PathPart}`
  }
  return pathOf
}

function toRoute(method: Properties, pathOf: PathOf): ApiRoute {
  assert.equal(method.AuthorizationType, 'NONE', 'signed requests are not known here')
  const required = Object.entries(method.RequestParameters ?? {})
    .filter(([, isRequired]) => isRequired && method.RequestValidatorId !== undefined)
    .map(([name]) => name.replace('method.request.', ''))
  return {
    method: method.HttpMethod ?? '',
    path: pathOf(toText(method.ResourceId)) || '/',
    needsKey: method.ApiKeyRequired === true,
    required,
    mock: method.Integration?.Type === 'AWS_PROXY' ? null : toMock(method.Integration),
  }
}

const RESPONSE_HEADER = 'method.response.header.'

function toMock(integration: Integration | undefined): Mock {
  const [response] = integration?.IntegrationResponses ?? []
  assert(integration?.Type === 'MOCK' && response !== undefined, 'neither a function nor a mock')
  const headers = Object.entries(response.ResponseParameters ?? {}).map(([name, value]) => {
    return [name.replace(RESPONSE_HEADER, ''), unquote(toText(value))]
  })
  const template = Object.values(response.ResponseTemplates ?? {}).join('\n')
  const condition = /#if\((\$origin == "[^"]+"(?: \|\| \$origin == "[^"]+")*)\)/.exec(template)
  const otherOrigins = [...(condition?.[1] ?? '').matchAll(/"([^"]+)"/g)].map(match => match[1])
  return {
    status: Number(response.StatusCode),
    headers: Object.fromEntries(headers),
    otherOrigins: otherOrigins.filter(origin => origin !== undefined),
  }
}

function toStageThrottle(setting: MethodSetting): readonly (readonly [string, Throttle])[] {
  const { ThrottlingRateLimit: rate, ThrottlingBurstLimit: burst } = setting
  if (rate === undefined || burst === undefined) return []
  const path = setting.ResourcePath.slice(1).replaceAll('~1', '/')
  const name = setting.HttpMethod === '*' ? '*' : `${path} ${setting.HttpMethod}`
  return [[name, { rate, burst }]]
}

function toPlan({ Throttle, ApiStages = [] }: Properties): ApiTemplate['plan'] {
  const byRoute = ApiStages.flatMap(stage => Object.entries(stage.Throttle ?? {})).map(
    ([name, throttle]): [string, Throttle] => {
      return [name.replace(/\/([A-Z]+)$/, ' $1'), toThrottle(throttle)]
    },
  )
  return { all: toThrottle(Throttle), byRoute: new Map(byRoute) }
}

function toThrottle(raw: RawThrottle | undefined): Throttle {
  assert(raw?.RateLimit !== undefined && raw.BurstLimit !== undefined, 'a throttle without limits')
  return { rate: raw.RateLimit, burst: raw.BurstLimit }
}

function toRefusal(response: Properties): readonly [string, Refusal] {
  const headers = Object.entries(response.ResponseParameters ?? {}).map(([name, value]) => {
    return [name.replace('gatewayresponse.header.', ''), toText(value)]
  })
  return [
    response.ResponseType ?? '',
    {
      status: response.StatusCode === undefined ? null : Number(response.StatusCode),
      headers: Object.fromEntries(headers),
      body: response.ResponseTemplates?.['application/json'] ?? '',
    },
  ]
}

/** The id of the function that all routes call. */
function findFunction(
  methods: readonly Properties[],
  functions: readonly (readonly [string, Properties])[],
): string {
  const uris = methods.flatMap(({ Integration }) => Integration?.Uri ?? []).map(toText)
  const called = functions.filter(([id]) => uris.some(uri => uri.includes(`/${id}.Arn/`)))
  assert.equal(called.length, 1, 'one function answers all routes')
  return called[0]?.[0] ?? ''
}

export function unquote(text: string): string {
  return text.replace(/^'(.*)'$/s, '$1')
}
