/** `GET /v1/metrics/{name}` and `GET /v1/top/{name}`. */
import type { Context } from 'hono'
import type { MetricPlan } from '../model/plan.ts'
import type { Problem } from '../model/problem.ts'
import { toProblem } from '../model/problem.ts'
import type { Question, Result } from '../model/result.ts'
import { LIMIT_MAX, STREAM } from '../model/result.ts'
import { toMillisecondText } from '../model/time.ts'
import type { TopAnswer } from './contract.ts'
import { findFormat, MEDIA, toBody } from './format.ts'
import { parseQuestion, parseTopQuestion } from './question.ts'
import { answerTagged, toResponse } from './respond.ts'

export interface ResultSources {
  readonly plans: readonly MetricPlan[]
  query(question: Question): Promise<Result>
}

type Answer = (context: Context) => Promise<Response>

/** What all questions together may ask for at once: one of the largest, or many small ones. */
const ROWS_IN_FLIGHT_MAX = LIMIT_MAX

export interface ResultAnswers {
  readonly result: Answer
  readonly top: Answer
}

export function createResultAnswers(sources: ResultSources): ResultAnswers {
  const plans = new Map(sources.plans.map(plan => [plan.name, plan]))
  const query = createBoundedQuery(sources)
  const withPlan =
    (answer: (context: Context, plan: MetricPlan) => Promise<Response>): Answer =>
    async context => {
      const name = context.req.param('name') ?? ''
      const plan = plans.get(name)
      if (plan !== undefined) return await answer(context, plan)
      const detail = `there is no metric '${name}'; there are ${[...plans.keys()].join(', ')}`
      return toResponse(toProblem('metric_unknown', detail))
    }
  return {
    result: withPlan(async (context, plan) => {
      const parameters = new URL(context.req.url).searchParams
      const format = findFormat(parameters.get('format'), context.req.header('Accept'))
      if (format === null) {
        const detail = 'rows are given as application/json, text/csv or application/x-ndjson'
        return toResponse(toProblem('not_acceptable', detail))
      }
      const result = await query(parseQuestion(plan, parameters))
      if ('code' in result) return toResponse(result)
      context.header('Vary', 'Accept')
      if (result.next !== null) context.header('Link', toNextLink(context, result.next))
      return answerTagged(context, toBody(result, format), MEDIA[format])
    }),
    top: withPlan(async (context, plan) => {
      const { by, question } = parseTopQuestion(plan, new URL(context.req.url).searchParams)
      const result = await query(question)
      if ('code' in result) return toResponse(result)
      const answer = JSON.stringify(toTopAnswer(result, question, by))
      return answerTagged(context, answer, 'application/json')
    }),
  }
}

/** Told to come again: there is no room now. */
function createBoundedQuery(
  sources: ResultSources,
): (question: Question) => Promise<Result | Problem> {
  let rowsInFlight = 0
  return async question => {
    if (rowsInFlight + question.limit > ROWS_IN_FLIGHT_MAX) {
      const detail = "other questions are being answered; try again, or with a smaller 'limit'"
      return toProblem('busy', detail)
    }
    rowsInFlight += question.limit
    try {
      return await sources.query(question)
    } finally {
      rowsInFlight -= question.limit
    }
  }
}

/** RFC 8288; relative to what was asked, whatever prefix that has out there. */
function toNextLink(context: Context, next: string): string {
  const url = new URL(context.req.url)
  url.searchParams.set('cursor', next)
  return `<${url.search}>; rel="next"`
}

function toTopAnswer(result: Result, question: Question, by: string): TopAnswer {
  const { fromMs, toMs, source } = question
  return {
    metric: result.metric,
    zone: result.zone,
    by,
    from: fromMs === null ? null : toMillisecondText(fromMs),
    to: toMs === null ? null : toMillisecondText(toMs),
    source: source ?? STREAM,
    rows: result.rows.map(({ key, values, late, exact, partial }, at) => {
      return { rank: at + 1, key, values, late, exact, partial }
    }),
  }
}
