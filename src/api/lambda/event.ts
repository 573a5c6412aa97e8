/**
 * What API Gateway calls a function with, for a REST API with proxy integration, and what it wants
 * back: payload format 1.0, as "Lambda proxy integrations in API Gateway" of its developer guide
 * tells it. Written here and not taken from `hono/aws-lambda`, which reads five kinds of events,
 * goes away with Hono 5, prints to the console, and knows neither prefixes nor the size of an
 * answer.
 */
import { z } from 'zod'

type Values = { readonly [name: string]: readonly string[] | undefined } | null

export interface GatewayEvent {
  /** The route as it was declared, as `/v1/metrics/{name}`. */
  readonly resource: string
  /** As it was asked for; with the prefix of a custom domain, without the stage. */
  readonly path: string
  readonly httpMethod: string
  readonly multiValueHeaders: Values
  /** Decoded. */
  readonly multiValueQueryStringParameters: Values
  readonly body: string | null
  readonly isBase64Encoded: boolean
  readonly requestContext: { readonly requestId: string; readonly domainName: string }
}

export interface GatewayAnswer {
  readonly statusCode: number
  readonly multiValueHeaders: { readonly [name: string]: readonly string[] }
  readonly body: string
  readonly isBase64Encoded: boolean
}

const values: z.ZodType<Values> = z.record(z.string(), z.array(z.string()).optional()).nullable()

const eventSchema: z.ZodType<GatewayEvent> = z.object({
  resource: z.string(),
  path: z.string(),
  httpMethod: z.string(),
  multiValueHeaders: values,
  multiValueQueryStringParameters: values,
  body: z.string().nullable(),
  isBase64Encoded: z.boolean(),
  requestContext: z.object({ requestId: z.string(), domainName: z.string().default('localhost') }),
})

/** null: it is none of API Gateway's. */
export function parseEvent(event: unknown): GatewayEvent | null {
  const parsed = eventSchema.safeParse(event)
  return parsed.success ? parsed.data : null
}

export function toRequest(event: GatewayEvent): Request {
  const { httpMethod, body, multiValueHeaders, requestContext } = event
  const url = new URL(`https://${requestContext.domainName}`)
  url.pathname = toRoutePath(event)
  for (const [name, all] of Object.entries(event.multiValueQueryStringParameters ?? {})) {
    for (const value of all ?? []) url.searchParams.append(name, value)
  }
  const headers = new Headers()
  for (const [name, all] of Object.entries(multiValueHeaders ?? {})) {
    for (const value of all ?? []) if (isHeaderValue(value)) headers.append(name, value)
  }
  const isBare = body === null || httpMethod === 'GET' || httpMethod === 'HEAD'
  const bytes = isBare ? null : Buffer.from(body, event.isBase64Encoded ? 'base64' : 'utf8')
  return new Request(url, { method: httpMethod, headers, body: bytes })
}

/** Without the prefix that a custom domain may have: as many segments as the route has. */
function toRoutePath({ resource, path }: GatewayEvent): string {
  if (resource.includes('+}')) return path
  const segments = resource.split('/').length
  return `/${path
    .split('/')
    .slice(1 - segments)
    .join('/')}`
}

/** What a page may send, and no Request takes, is left out: no route wants it. */
function isHeaderValue(value: string): boolean {
  return /^[\t -~]*$/.test(value)
}
