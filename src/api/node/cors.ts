/** Telling browsers which pages may read answers, over node:http; which they are: origins.ts. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerProblem, toProblem } from '../../model/problem.ts'
import { isOriginAllowed, PREFLIGHT_HEADERS, toOriginHeaders } from '../origins.ts'

export interface Cors {
  /** Tells the browser whether its page may read the answer. Called before anything is answered. */
  mark(request: IncomingMessage, response: ServerResponse): void
  /** Answers the question that a browser asks before a request; false: it is none. */
  answer(request: IncomingMessage, response: ServerResponse): boolean
}

export function createCors(originsAllowed: readonly string[]): Cors {
  return {
    mark: ({ headers: { origin } }, response) => {
      for (const [name, value] of Object.entries(toOriginHeaders(origin, originsAllowed))) {
        response.setHeader(name, value)
      }
    },
    answer: ({ method, headers }, response) => {
      if (method !== 'OPTIONS') return false
      if (headers['access-control-request-method'] === undefined) return false
      if (isOriginAllowed(headers.origin, originsAllowed)) {
        response.writeHead(204, PREFLIGHT_HEADERS).end()
        return true
      }
      const detail = `pages of '${headers.origin}' are not let in; see originsAllowed`
      const problem = answerProblem(toProblem('origin_refused', detail))
      response.writeHead(problem.status, problem.headers).end(problem.body)
      return true
    },
  }
}
