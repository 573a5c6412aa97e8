/** `POST /runs` and `GET /runs/{id}`, as API Gateway hands requests of a REST API to a function. */
import type { ProblemAnswer } from '../../../src/model/problem.ts'
import { answerProblem, problemOfFault, toProblem } from '../../../src/model/problem.ts'
import { RUN_NAME } from '../../../src/model/run.ts'
import { Fault } from '../../../src/std/fault.ts'
import { parseRequest } from './request.ts'
import type { RunView } from './run-steps.ts'
import type { Runs } from './runs.ts'

/** What we read of it; the proxy event of a REST API, version 1. */
export interface RestEvent {
  readonly httpMethod: string
  /** The path as the API declares it: `/runs/{id}`. */
  readonly resource: string
  readonly pathParameters: { readonly [name: string]: string | undefined } | null
  readonly body: string | null
  readonly isBase64Encoded: boolean
}

export interface RestAnswer {
  readonly statusCode: number
  readonly headers: { readonly [name: string]: string }
  readonly body: string
}

export interface AnswerOptions {
  readonly runs: Runs
  /** Names of all metrics. */
  readonly metrics: readonly string[]
  readonly signal: AbortSignal
}

/** Faults are answers too; what is thrown is our own bug. */
export async function answer(event: RestEvent, options: AnswerOptions): Promise<RestAnswer> {
  try {
    return await route(event, options)
  } catch (error) {
    if (error instanceof Fault) return toRest(answerProblem(problemOfFault(error)))
    throw error
  }
}

async function route(event: RestEvent, options: AnswerOptions): Promise<RestAnswer> {
  const { httpMethod, resource, pathParameters } = event
  const id = Object.values(pathParameters ?? {})[0]
  if (httpMethod === 'POST' && resource === '/runs') return await post(event, options)
  if (httpMethod === 'GET' && id !== undefined) return await get(id, options)
  return refuse('not_found', `there is no ${httpMethod} ${resource}; see POST /runs`)
}

async function post(event: RestEvent, options: AnswerOptions): Promise<RestAnswer> {
  const wanted = parseRequest(toText(event), options.metrics)
  if (typeof wanted === 'string') return refuse('body_invalid', wanted)
  const run = await options.runs.ask(wanted, options.signal)
  if (run !== 'conflict') return toJson(202, run, { Location: `/runs/${run.run}` })
  return refuse('run_exists', `run '${wanted.run}' counts something else; choose another name`)
}

async function get(id: string, { runs, signal }: AnswerOptions): Promise<RestAnswer> {
  const run = RUN_NAME.test(id) ? await runs.look(id, signal) : null
  if (run === null) return refuse('run_unknown', 'no run of this name was asked for here')
  return toJson(200, run, {})
}

function toText({ body, isBase64Encoded }: RestEvent): string {
  if (body === null) return ''
  return isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body
}

function refuse(...[code, detail]: Parameters<typeof toProblem>): RestAnswer {
  return toRest(answerProblem(toProblem(code, detail)))
}

function toRest({ status, headers, body }: ProblemAnswer): RestAnswer {
  return { statusCode: status, headers, body }
}

function toJson(statusCode: number, run: RunView, headers: RestAnswer['headers']): RestAnswer {
  return {
    statusCode,
    headers: {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      ...headers,
    },
    body: `${JSON.stringify(run)}\n`,
  }
}
