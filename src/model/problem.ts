/**
 * Problems: how a refusal looks over HTTP, as RFC 9457 (application/problem+json), the same from
 * every room that answers. `code` is stable and what a client should read; `title` says what kind
 * of problem it is, `detail` what happened to what, and how to mend it.
 */
import type { Fault, FaultCode } from '../std/fault.ts'
import { FAULTS } from '../std/fault.ts'

/** Codes that are not Faults, with their status. The reference page is generated from this. */
export const PROBLEMS = {
  body_empty: { status: 400, when: 'the body holds no event' },
  encoding_invalid: { status: 400, when: 'the body does not decompress' },
  header_invalid: { status: 400, when: 'a header has a wrong value' },
  host_refused: { status: 403, when: 'the Host header names another machine' },
  origin_refused: { status: 403, when: 'a page of another origin sent this' },
  token_refused: { status: 403, when: 'the request lacks the token of the data directory' },
  body_invalid: { status: 400, when: 'the body is not what this path takes' },
  not_found: { status: 404, when: 'there is nothing at this path' },
  elsewhere: { status: 404, when: 'another process of this weir answers here' },
  metric_unknown: { status: 404, when: 'no metric has this name' },
  method_not_allowed: { status: 405, when: 'the path does not know this method' },
  body_too_large: { status: 413, when: 'the body is larger than allowed' },
  items_too_many: { status: 413, when: 'the body holds more events than allowed' },
  type_unsupported: { status: 415, when: 'the body is of a type that is not read' },
  encoding_unsupported: { status: 415, when: 'the body is compressed in a way that is not read' },
  internal: { status: 500, when: 'weir has a fault of its own' },
  busy: { status: 503, when: 'more is in flight than allowed; try again' },
  draining: { status: 503, when: 'this process is shutting down' },
} as const

export type ProblemCode = keyof typeof PROBLEMS | Lowercase<FaultCode>

export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ProblemCode
  readonly detail: string
}

/** A whole HTTP answer, for any server. */
export interface ProblemAnswer {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly body: string
}

/** Seconds after which trying again makes sense, for every 503. */
const RETRY_AFTER_S = '2'

export function toProblem(code: keyof typeof PROBLEMS, detail: string): Problem {
  const { status, when } = PROBLEMS[code]
  return { type: `urn:weir:problem:${code}`, title: when, status, code, detail }
}

/** A bad question is 400; what trying again can mend is 503; all else is 500. */
export function problemOfFault(fault: Fault): Problem {
  const code = fault.code.toLowerCase() as Lowercase<FaultCode>
  const status = fault.code === 'QUERY_INVALID' ? 400 : fault.retry === 'never' ? 500 : 503
  const title = FAULTS[fault.code].when
  return { type: `urn:weir:problem:${code}`, title, status, code, detail: fault.message }
}

export function answerProblem(problem: Problem): ProblemAnswer {
  const body = `${JSON.stringify(problem)}\n`
  const headers = {
    'Content-Type': 'application/problem+json',
    'Content-Length': String(new TextEncoder().encode(body).length),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  }
  if (problem.status !== 503) return { status: problem.status, headers, body }
  return { status: 503, headers: { ...headers, 'Retry-After': RETRY_AFTER_S }, body }
}
