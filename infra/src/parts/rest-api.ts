/**
 * A REST API of ours: regional, TLS 1.2 or newer, throttled as a whole, with a log of who asked
 * what and how long it took, never with which key. What the gateway refuses by itself looks as
 * Weir's own problems do, and a page of an allowed origin may read it: without that, a 429 looks
 * like a failure of CORS.
 */
import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib'
import type { CorsOptions, MethodDeploymentOptions } from 'aws-cdk-lib/aws-apigateway'
import {
  AccessLogFormat,
  EndpointType,
  LogGroupLogDestination,
  ResponseType,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { PREFLIGHT_HEADERS } from '../../../src/api/origins.ts'
import type { Problem } from '../../../src/model/problem.ts'
import { problemOfFault, toProblem } from '../../../src/model/problem.ts'
import { Fault } from '../../../src/std/fault.ts'

export interface RestApiProps {
  readonly name: string
  readonly about: string
  readonly stageName: string
  /** Exact origins whose pages may ask; none: no page of another origin. */
  readonly origins: readonly string[]
  readonly throttle: Throttle
  /** By `/path/METHOD`, where it is not that of the whole. */
  readonly methodThrottles: Readonly<Record<string, Throttle>>
}

/** Requests a second, and at once. */
export interface Throttle {
  readonly rate: number
  readonly burst: number
}

export function createRestApi(scope: Construct, id: string, props: RestApiProps): RestApi {
  const log = new LogGroup(scope, `${id}AccessLog`, {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  const api = new RestApi(scope, id, {
    restApiName: props.name,
    description: `Weir: ${props.about}`,
    endpointTypes: [EndpointType.REGIONAL],
    minCompressionSize: Size.kibibytes(1),
    // Access logs need a role of the account, which other APIs may use: it stays.
    cloudWatchRole: true,
    cloudWatchRoleRemovalPolicy: RemovalPolicy.RETAIN,
    deployOptions: {
      stageName: props.stageName,
      metricsEnabled: true,
      accessLogDestination: new LogGroupLogDestination(log),
      accessLogFormat: AccessLogFormat.custom(JSON.stringify(LOGGED)),
      throttlingRateLimit: props.throttle.rate,
      throttlingBurstLimit: props.throttle.burst,
      methodOptions: toMethodOptions(props.methodThrottles),
    },
    ...(props.origins.length === 0
      ? {}
      : { defaultCorsPreflightOptions: toPreflight(props.origins) }),
  })
  addRefusals(api, props.origins)
  return api
}

const HEADERS_SHOWN = ['ETag', 'Link', 'Retry-After']

/** As Weir's own servers answer. */
function toPreflight(origins: readonly string[]): CorsOptions {
  return {
    allowOrigins: [...origins],
    allowMethods: ['GET', 'OPTIONS'],
    allowHeaders: listOf('Access-Control-Allow-Headers'),
    exposeHeaders: HEADERS_SHOWN,
    maxAge: Duration.seconds(Number(PREFLIGHT_HEADERS['Access-Control-Max-Age'])),
  }
}

function listOf(header: string): string[] {
  return (PREFLIGHT_HEADERS[header] ?? '').split(', ')
}

/** Source: "Variables for access logging for API Gateway", in its developer guide. */
const LOGGED = {
  time: '$context.requestTime',
  request: '$context.requestId',
  ip: '$context.identity.sourceIp',
  method: '$context.httpMethod',
  path: '$context.path',
  resource: '$context.resourcePath',
  status: '$context.status',
  ms: '$context.responseLatency',
  function_ms: '$context.integrationLatency',
  bytes: '$context.responseLength',
  key_id: '$context.identity.apiKeyId',
  error: '$context.error.responseType',
}

function toMethodOptions(
  throttles: Readonly<Record<string, Throttle>>,
): Record<string, MethodDeploymentOptions> {
  const entries = Object.entries(throttles).map(([method, { rate, burst }]) => [
    method,
    { throttlingRateLimit: rate, throttlingBurstLimit: burst },
  ])
  return Object.fromEntries(entries)
}

interface Refusal {
  readonly id: string
  readonly problem: Problem
  /** Absent: the gateway's own. */
  readonly status?: string
}

/** What the gateway refuses. A path that is not there looks to it as a missing signature. */
const REFUSALS: readonly (readonly [ResponseType, Refusal])[] = [
  [
    ResponseType.MISSING_AUTHENTICATION_TOKEN,
    {
      id: 'NotFound',
      status: '404',
      problem: toProblem('not_found', 'this API has nothing at this path for this method'),
    },
  ],
  [
    ResponseType.INVALID_API_KEY,
    {
      id: 'NoKey',
      problem: toProblem('forbidden', 'no key of this API came with this; send it as X-Api-Key'),
    },
  ],
  [
    ResponseType.THROTTLED,
    {
      id: 'Throttled',
      problem: toProblem('rate_limited', 'more came than this API or this key allows'),
    },
  ],
  [
    ResponseType.QUOTA_EXCEEDED,
    { id: 'Quota', problem: toProblem('rate_limited', 'this key has used up what it may ask') },
  ],
  [
    ResponseType.BAD_REQUEST_PARAMETERS,
    {
      id: 'BadParameters',
      problem: problemOfFault(new Fault('QUERY_INVALID', 'a parameter is missing')),
    },
  ],
  [
    ResponseType.BAD_REQUEST_BODY,
    {
      id: 'BadBody',
      problem: toProblem('body_invalid', 'the body is not of the form that this path takes'),
    },
  ],
  [
    ResponseType.REQUEST_TOO_LARGE,
    { id: 'TooLarge', problem: toProblem('body_too_large', 'the gateway takes 10 MB at most') },
  ],
  [
    ResponseType.UNSUPPORTED_MEDIA_TYPE,
    { id: 'BadType', problem: toProblem('type_unsupported', 'send application/json') },
  ],
  [
    ResponseType.DEFAULT_4XX,
    { id: 'Other4xx', problem: toProblem('forbidden', 'the gateway refused this') },
  ],
  [
    ResponseType.DEFAULT_5XX,
    { id: 'Other5xx', problem: toProblem('internal', 'the gateway had no answer in time') },
  ],
]

function addRefusals(api: RestApi, origins: readonly string[]): void {
  for (const [type, { id, problem, status }] of REFUSALS) {
    api.addGatewayResponse(`Refuses${id}`, {
      type,
      ...(status === undefined ? {} : { statusCode: status }),
      responseHeaders: {
        'Cache-Control': "'no-store'",
        ...(problem.code === 'rate_limited' ? { 'Retry-After': "'1'" } : {}),
        ...toCorsHeaders(origins),
      },
      // Of other types the gateway would have to be asked, by Accept.
      templates: { 'application/json': JSON.stringify(problem) },
    })
  }
}

/**
 * A gateway response knows no conditions: with several origins it names the one that asked. It
 * holds nothing but that something was refused, and no page may send cookies.
 */
function toCorsHeaders(origins: readonly string[]): Record<string, string> {
  const [first] = origins
  if (first === undefined) return {}
  return {
    'Access-Control-Allow-Origin':
      origins.length === 1 ? `'${first}'` : 'method.request.header.origin',
    'Access-Control-Expose-Headers': `'${HEADERS_SHOWN.join(',')}'`,
    Vary: "'Origin'",
  }
}
