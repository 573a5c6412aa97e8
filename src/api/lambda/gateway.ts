/**
 * The API as a function behind API Gateway: an event becomes a request, its answer an answer of the
 * gateway, with the headers that other origins' pages need, on refusals too. An answer that a
 * function cannot give, because it is too large, is a problem that says so.
 */
import { INTERNAL, toProblem } from '../../model/problem.ts'
import { MIB } from '../../std/units.ts'
import { isOriginAllowed, PREFLIGHT_HEADERS, toOriginHeaders } from '../origins.ts'
import { toResponse } from '../respond.ts'
import type { GatewayAnswer, GatewayEvent } from './event.ts'
import { parseEvent, toRequest } from './event.ts'

export interface GatewayOptions {
  /** Answers requests: a Hono app, or what stands before one. */
  readonly app: { fetch(request: Request): Response | Promise<Response> }
  /** Origins whose pages may read answers, as `https://shop.example`. */
  readonly originsAllowed: readonly string[]
  /** Is told of every call that was answered. */
  readonly served: (call: Call) => void
  /** Is told of every error that the app throws: a bug, answered 500. */
  readonly report: (error: unknown) => void
}

export interface Call {
  readonly requestId: string
  /** As it was declared: there are few, whatever is asked. */
  readonly route: string
  readonly status: number
}

export type GatewayHandler = (event: unknown) => Promise<GatewayAnswer>

/**
 * A function may answer 6 MiB, of JSON in which the body stands as text:
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html. The rest is for headers.
 */
const ANSWER_BYTES_MAX = 6 * MIB - 64 * 1024

export function createGatewayHandler(options: GatewayOptions): GatewayHandler {
  return async input => {
    const event = parseEvent(input)
    if (event === null) {
      const detail = 'this is called by API Gateway, with events of payload format 1.0'
      return toAnswer(toResponse(toProblem('body_invalid', detail)), {})
    }
    const response = await respond(event, options)
    const answer = await toAnswer(
      response,
      toOriginHeaders(originOf(event), options.originsAllowed),
    )
    const { requestContext, httpMethod, resource } = event
    const route = `${httpMethod} ${resource}`
    options.served({ requestId: requestContext.requestId, route, status: answer.statusCode })
    return answer
  }
}

async function respond(event: GatewayEvent, options: GatewayOptions): Promise<Response> {
  const { app, originsAllowed, report } = options
  if (event.httpMethod === 'OPTIONS') {
    const origin = originOf(event)
    if (isOriginAllowed(origin, originsAllowed)) {
      return new Response(null, { status: 204, headers: PREFLIGHT_HEADERS })
    }
    return toResponse(toProblem('origin_refused', `pages of '${origin}' are not let in`))
  }
  try {
    return await app.fetch(toRequest(event))
  } catch (error) {
    report(error)
    return toResponse(INTERNAL)
  }
}

async function toAnswer(
  response: Response,
  added: { readonly [name: string]: string },
): Promise<GatewayAnswer> {
  const bytes = Buffer.from(await response.arrayBuffer())
  const isBase64Encoded = isBinary(response.headers)
  const body = bytes.toString(isBase64Encoded ? 'base64' : 'utf8')
  if (sizeAsJson(body) > ANSWER_BYTES_MAX) {
    const detail = "the answer is larger than can be sent from here; ask with a smaller 'limit'"
    return await toAnswer(toResponse(toProblem('answer_too_large', detail)), added)
  }
  const headers = new Headers(response.headers)
  for (const [name, value] of Object.entries(added)) headers.append(name, value)
  headers.delete('Content-Length')
  const multiValueHeaders = Object.fromEntries([...headers].map(([name, one]) => [name, [one]]))
  return { statusCode: response.status, multiValueHeaders, body, isBase64Encoded }
}

/** The gateway takes text as it is; all else in base64, where its API has binary media types. */
function isBinary(headers: Headers): boolean {
  if ((headers.get('Content-Encoding') ?? 'identity') !== 'identity') return true
  const type = headers.get('Content-Type') ?? 'text/plain'
  return !/^text\/|^application\/([\w.-]+\+)?(json|xml|x-ndjson)\b/.test(type)
}

function sizeAsJson(body: string): number {
  // Each sign is six bytes at most, as \u001f.
  return body.length * 6 <= ANSWER_BYTES_MAX ? 0 : Buffer.byteLength(JSON.stringify(body))
}

function originOf({ multiValueHeaders }: GatewayEvent): string | undefined {
  const found = Object.entries(multiValueHeaders ?? {}).find(
    ([name]) => name.toLowerCase() === 'origin',
  )
  return found?.[1]?.[0]
}
