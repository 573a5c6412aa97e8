/**
 * API Gateway in a process of ours, as far as a template decides it: which routes there are, who
 * may ask and how often, what must be given, what a browser is told, how a refusal looks. What the
 * service decides beyond that is not shown by it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import type { ApiRoute, ApiTemplate, Mock, Throttle } from './gateway-template.ts'
import { unquote } from './gateway-template.ts'

export interface Gateway extends AsyncDisposable {
  /** With the stage, without a slash at the end. */
  readonly url: string
}

export interface GatewayOptions {
  readonly template: ApiTemplate
  /** Values of the keys of the plan. */
  readonly keys: readonly string[]
  /** Calls the function. */
  readonly invoke: (event: unknown) => Promise<unknown>
}

/** What the service says where the template says nothing else. */
const STATUSES: Readonly<Record<string, number>> = {
  MISSING_AUTHENTICATION_TOKEN: 403,
  INVALID_API_KEY: 403,
  THROTTLED: 429,
  BAD_REQUEST_PARAMETERS: 400,
  DEFAULT_5XX: 502,
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: Buffer
}

interface Asked {
  readonly request: IncomingMessage
  readonly url: URL
  readonly route: ApiRoute
  readonly values: Readonly<Record<string, string>>
}

export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const { template } = options
  const decide = createDecide(options)
  const server = createServer((request, response) => {
    decide(request)
      .catch(() => refuse(template, 'DEFAULT_5XX', request))
      .then(answer => send(template, request, { response, answer }))
      .catch(() => response.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/${template.stage}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function createDecide({ template, keys, invoke }: GatewayOptions) {
  const mayPass = createThrottles(template)
  return async (request: IncomingMessage): Promise<Answer> => {
    const url = new URL(request.url ?? '/', 'http://gateway')
    const found = findRoute(template, request.method ?? '', url.pathname)
    if (found === null) return refuse(template, 'MISSING_AUTHENTICATION_TOKEN', request)
    const asked: Asked = { request, url, ...found }
    const { route } = found
    const key = request.headers['x-api-key']
    if (route.needsKey && (typeof key !== 'string' || !keys.includes(key))) {
      return refuse(template, 'INVALID_API_KEY', request)
    }
    if (!mayPass(route, String(key))) return refuse(template, 'THROTTLED', request)
    if (route.mock !== null) return answerMock(route.mock, request)
    if (!hasAll(asked)) return refuse(template, 'BAD_REQUEST_PARAMETERS', request)
    const body = await text(request)
    return toAnswer(await invoke(toEvent(template, asked, body)))
  }
}

function findRoute(
  { stage, routes }: ApiTemplate,
  method: string,
  pathname: string,
): Pick<Asked, 'route' | 'values'> | null {
  const [, first, ...rest] = pathname.split('/')
  if (first !== stage) return null
  for (const route of routes) {
    const parts = route.path.split('/').slice(1)
    const isSame = parts.length === rest.length || (route.path === '/' && rest.length === 0)
    if (route.method !== method || !isSame) continue
    const values: Record<string, string> = {}
    const fits = parts.every((part, at) => {
      const name = /^\{(\w+)\}$/.exec(part)?.[1]
      if (name !== undefined) values[name] = rest[at] ?? ''
      return name === undefined ? part === (rest[at] ?? '') : rest[at] !== ''
    })
    if (fits) return { route, values }
  }
  return null
}

/** Token buckets: those of the stage are everybody's, those of the plan each key's own. */
function createThrottles({ throttles, plan }: ApiTemplate) {
  const buckets = new Map<string, { tokens: number; atMs: number }>()
  const take = (name: string, throttle: Throttle | undefined): boolean => {
    if (throttle === undefined) return true
    const nowMs = performance.now()
    const before = buckets.get(name) ?? { tokens: throttle.burst, atMs: nowMs }
    const grown = before.tokens + ((nowMs - before.atMs) / 1_000) * throttle.rate
    const tokens = Math.min(throttle.burst, grown)
    buckets.set(name, { tokens: tokens < 1 ? tokens : tokens - 1, atMs: nowMs })
    return tokens >= 1
  }
  return ({ path, method, needsKey }: ApiRoute, key: string): boolean => {
    const name = `${path} ${method}`
    const own = throttles.get(name)
    if (!take(own === undefined ? `${name} as all` : name, own ?? throttles.get('*'))) return false
    if (!needsKey) return true
    return take(`${key} ${name}`, plan.byRoute.get(name)) && take(key, plan.all)
  }
}

function hasAll({ request, url, route, values }: Asked): boolean {
  return route.required.every(required => {
    const [place, name = ''] = required.split('.')
    if (place === 'path') return values[name] !== undefined
    if (place === 'querystring') return url.searchParams.has(name)
    return request.headers[name.toLowerCase()] !== undefined
  })
}

function answerMock({ status, headers, otherOrigins }: Mock, request: IncomingMessage): Answer {
  const { origin = '' } = request.headers
  const own: Readonly<Record<string, string>> = otherOrigins.includes(origin)
    ? { 'Access-Control-Allow-Origin': origin }
    : {}
  return { status, headers: { ...headers, ...own }, body: Buffer.alloc(0) }
}

function refuse({ refusals }: ApiTemplate, type: string, request: IncomingMessage): Answer {
  const status = STATUSES[type] ?? 500
  const declared = refusals.get(type) ?? refusals.get(status >= 500 ? 'DEFAULT_5XX' : 'DEFAULT_4XX')
  const headers = Object.entries(declared?.headers ?? {}).flatMap(([name, value]) => {
    const source = /^method\.request\.header\.(.+)$/.exec(value)?.[1]
    const taken = source === undefined ? unquote(value) : request.headers[source.toLowerCase()]
    return typeof taken === 'string' ? [[name, taken]] : []
  })
  return {
    status: declared?.status ?? status,
    headers: { 'Content-Type': 'application/json', ...Object.fromEntries(headers) },
    body: Buffer.from(declared?.body ?? ''),
  }
}

/** Payload format 1.0, with all that the service sends. */
function toEvent({ stage }: ApiTemplate, asked: Asked, body: string): unknown {
  const { request, url, route, values } = asked
  const path = url.pathname.slice(stage.length + 1)
  const headers = Object.entries(request.headersDistinct).map(([name, all = []]) => [name, all])
  const query = [...new Set(url.searchParams.keys())]
  const lastOf = (pairs: readonly (readonly [string, readonly string[]])[]): unknown =>
    Object.fromEntries(pairs.map(([name, all]) => [name, all.at(-1)]))
  const queryPairs = query.map((name): [string, string[]] => [name, url.searchParams.getAll(name)])
  return {
    resource: route.path,
    path,
    httpMethod: request.method,
    headers: lastOf(headers as [string, string[]][]),
    multiValueHeaders: Object.fromEntries(headers),
    queryStringParameters: query.length === 0 ? null : lastOf(queryPairs),
    multiValueQueryStringParameters: query.length === 0 ? null : Object.fromEntries(queryPairs),
    pathParameters: Object.keys(values).length === 0 ? null : values,
    stageVariables: null,
    requestContext: {
      resourcePath: route.path,
      httpMethod: request.method,
      path: url.pathname,
      stage,
      protocol: 'HTTP/1.1',
      requestId: crypto.randomUUID(),
      domainName: 'abc123.execute-api.us-east-1.amazonaws.com',
      identity: { sourceIp: '127.0.0.1' },
    },
    body: body === '' ? null : body,
    isBase64Encoded: false,
  }
}

function toAnswer(result: unknown): Answer {
  const { statusCode, headers, multiValueHeaders, body, isBase64Encoded } = result as {
    readonly statusCode: number
    readonly headers?: Record<string, string>
    readonly multiValueHeaders?: Record<string, readonly string[]>
    readonly body: string
    readonly isBase64Encoded?: boolean
  }
  // The API has no binary media types: base64 would reach the client as it is.
  if (isBase64Encoded === true) throw new Error('an answer in base64, and no binary media types')
  return {
    status: statusCode,
    headers: { ...headers, ...multiValueHeaders },
    body: Buffer.from(body),
  }
}

function send(
  { compressBytesMin }: ApiTemplate,
  request: IncomingMessage,
  { response, answer }: { readonly response: ServerResponse; readonly answer: Answer },
): void {
  const { status, headers, body } = answer
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  const isLarge = compressBytesMin !== null && body.length >= compressBytesMin
  const takesGzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
  const isSmaller = isLarge && takesGzip
  if (isSmaller) response.setHeader('Content-Encoding', 'gzip')
  response.writeHead(status)
  response.end(request.method === 'HEAD' ? undefined : isSmaller ? gzipSync(body) : body)
}
