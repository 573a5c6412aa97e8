/**
 * Problems: how a refusal looks over HTTP, as RFC 9457 (application/problem+json), the same from
 * every room that answers. `code` is stable and what a client should read; `title` says what kind
 * of problem it is, `detail` what happened to what, and how to mend it.
 */
import type { Fault, FaultCode } from '../std/fault.ts'
import { FAULTS } from '../std/fault.ts'

/** Codes that are not Faults, with their status. The reference page is generated from this. */
export const PROBLEMS = {
  body_invalid: { status: 400, when: 'the body is not of the form that this path takes' },
  body_empty: { status: 400, when: 'the body holds no event' },
  encoding_invalid: { status: 400, when: 'the body does not decompress' },
  header_invalid: { status: 400, when: 'a header has a wrong value' },
  answer_too_large: { status: 400, when: 'the answer is larger than can be sent from here' },
  repair_invalid: { status: 400, when: 'the body is no repair, or a wrong one' },
  unauthorized: { status: 401, when: 'no key came with this, or one that is not good' },
  forbidden: { status: 403, when: 'the key that came with this has not the scope for it' },
  host_refused: { status: 403, when: 'the Host header names another machine' },
  origin_refused: { status: 403, when: 'a page of another origin sent this' },
  not_found: { status: 404, when: 'there is nothing at this path' },
  metric_unknown: { status: 404, when: 'no metric has this name' },
  reject_unknown: { status: 404, when: 'no record in quarantine has this place' },
  run_unknown: { status: 404, when: 'no run has this name' },
  event_unknown: { status: 404, when: 'no record in the range has this event id' },
  method_not_allowed: { status: 405, when: 'the path does not know this method' },
  not_acceptable: { status: 406, when: 'none of the types that are asked for is given' },
  request_slow: { status: 408, when: 'the body came too slowly' },
  rebuild_running: { status: 409, when: 'a rebuild runs already; wait until it is done' },
  run_exists: { status: 409, when: 'a run of this name counts another range, or other metrics' },
  body_too_large: { status: 413, when: 'the body is larger than allowed' },
  items_too_many: { status: 413, when: 'the body holds more events than allowed' },
  type_unsupported: { status: 415, when: 'the body is of a type that is not read' },
  encoding_unsupported: { status: 415, when: 'the body is compressed in a way that is not read' },
  rate_limited: { status: 429, when: 'too many requests from this key or address; wait a while' },
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

/** All codes there are, with what their page says. */
export function listProblems(): readonly ProblemAbout[] {
  const own = Object.entries(PROBLEMS).map(([code, { status, when }]) => ({
    code,
    status: status as number,
    when: when as string,
    isWorthTrying: status === 503,
  }))
  const faults = (Object.keys(FAULTS) as FaultCode[]).map(code => ({
    code: code.toLowerCase(),
    status: statusOf(code),
    when: FAULTS[code].when as string,
    isWorthTrying: FAULTS[code].retry !== 'never',
  }))
  return [...own, ...faults]
}

export interface ProblemAbout {
  readonly code: string
  readonly status: number
  readonly when: string
  readonly isWorthTrying: boolean
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
  return { type: toProblemPath(code), title: when, status, code, detail }
}

/** Where a page says what a problem is; every process that answers serves it. */
/** Of an error that is ours: its text is for the log, and not for who asks. */
export const INTERNAL: Problem = toProblem(
  'internal',
  'weir failed at this request, and has logged why',
)

export function toProblemPath(code: string): string {
  return `/problems/${code}`
}

const STATUSES: ReadonlyMap<FaultCode, number> = new Map([
  ['NOT_ADDITIVE', 400],
  ['NOT_HERE', 501],
  ['QUERY_INVALID', 400],
  ['ZONE_NOT_AVAILABLE', 400],
])

function statusOf(code: FaultCode): number {
  return STATUSES.get(code) ?? (FAULTS[code].retry === 'never' ? 500 : 503)
}

/** A bad question is 400; what trying again can mend is 503; all else is 500. */
export function problemOfFault(fault: Fault): Problem {
  const code = fault.code.toLowerCase() as Lowercase<FaultCode>
  const status = statusOf(fault.code)
  const title = FAULTS[fault.code].when
  return { type: toProblemPath(code), title, status, code, detail: fault.message }
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
