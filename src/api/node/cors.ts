/**
 * Which pages of other origins may read answers: those of a list, letter by letter, and no others.
 * Nothing is ever echoed that is not in it, there is no `*`, and no cookies are asked for: keys go
 * in headers. Answers differ by origin, so caches are told, where there is a list.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerProblem, toProblem } from '../../model/problem.ts'

export interface Cors {
  /** Tells the browser whether its page may read the answer. Called before anything is answered. */
  mark(request: IncomingMessage, response: ServerResponse): void
  /** Answers the question that a browser asks before a request; false: it is none. */
  answer(request: IncomingMessage, response: ServerResponse): boolean
}

const EXPOSED = 'ETag, RateLimit, RateLimit-Policy, Retry-After'
const METHODS = 'GET, HEAD, POST'
const HEADERS =
  'Authorization, Content-Encoding, Content-Type, If-None-Match, Last-Event-ID, X-Api-Key'
/** What browsers keep at most, or less. */
const PREFLIGHT_S = '7200'

export function createCors(originsAllowed: readonly string[]): Cors {
  const isAllowed = (request: IncomingMessage): boolean => {
    const { origin } = request.headers
    return origin !== undefined && originsAllowed.includes(origin)
  }
  return {
    mark: (request, response) => {
      if (originsAllowed.length === 0) return
      response.setHeader('Vary', 'Origin')
      if (!isAllowed(request)) return
      response.setHeader('Access-Control-Allow-Origin', request.headers.origin ?? '')
      response.setHeader('Access-Control-Expose-Headers', EXPOSED)
    },
    answer: (request, response) => {
      if (request.method !== 'OPTIONS') return false
      if (request.headers['access-control-request-method'] === undefined) return false
      if (isAllowed(request)) {
        response.setHeader('Access-Control-Allow-Methods', METHODS)
        response.setHeader('Access-Control-Allow-Headers', HEADERS)
        response.setHeader('Access-Control-Max-Age', PREFLIGHT_S)
        response.writeHead(204).end()
        return true
      }
      const detail = `pages of '${request.headers.origin}' are not let in; see originsAllowed`
      const { status, headers, body } = answerProblem(toProblem('origin_refused', detail))
      response.writeHead(status, headers).end(body)
      return true
    },
  }
}
