/**
 * Questions over HTTP: results, the ledger, the quarantine, health, and counters for operators. It
 * only reads. What it answers with is in `contract.ts`; where it runs (node:http now, a Lambda
 * later) it does not know. Everything that is wrong with a request is told in one `problem`.
 */
import type { Context } from 'hono'
import { Hono } from 'hono'
import type { Ledger } from '../model/ledger.ts'
import type { MetricPlan } from '../model/plan.ts'
import { problemOfFault, toProblem } from '../model/problem.ts'
import type { Question, RejectFilter, RejectPage, Result } from '../model/result.ts'
import { SEGMENT_PATHS } from '../model/segment.ts'
import { isFault } from '../std/fault.ts'
import type { LogState } from './answers.ts'
import { toAuditAnswer, toMetricsAnswer, toQuarantineAnswer } from './answers.ts'
import { toOpenApi } from './contract/openapi.ts'
import type { AuditAnswer, HealthAnswer, Route, RouteName } from './contract.ts'
import { ROUTES } from './contract.ts'
import type { EventSources } from './event-answers.ts'
import { createRejectAnswer, createRepairAnswer, createTraceAnswer } from './event-answers.ts'
import { toDocsPage } from './pages/docs-page.ts'
import { PAGE_POLICY } from './pages/html.ts'
import { toProblemPage } from './pages/problem-page.ts'
import { toPrometheusText } from './prometheus.ts'
import { assertParameters, parsePage } from './question.ts'
import type { RebuildSource } from './rebuilds.ts'
import { createRebuildAnswers } from './rebuilds.ts'
import { answerTagged, notHere, toResponse } from './respond.ts'
import { createResultAnswers } from './result-answers.ts'
import type { Counters } from './scrape.ts'
import { toFamilies, toServiceFamilies } from './scrape.ts'
import type { TailSources } from './tail.ts'
import { createSampleAnswer, createTailAnswer } from './tail.ts'

// The live stream and the command line show these in the same shape.
export type { LogState } from './answers.ts'
export { toAuditAnswer, toRejectAnswer } from './answers.ts'

/** What every process of Weir tells of itself. */
export interface ServiceSources {
  status(): Status
  counters(): Counters
  /** Is told of every error that is not a Fault: a bug, answered 500. */
  report(error: unknown): void
}

/** Where the answers come from. All are called per request and may throw Faults. */
export interface ApiSources extends ServiceSources, TailSources, EventSources {
  readonly plans: readonly MetricPlan[]
  query(question: Question): Promise<Result>
  audit(): Promise<Ledger>
  rejects(question: QuarantineQuestion): Promise<RejectPage>
  /** Rebuilds of this process's store; without it there are none here. */
  readonly rebuilds: RebuildSource | null
  /** What the log holds, as of now; asked after the ledger that it stands beside. */
  logState(ledger: Ledger): Promise<LogState>
}

export interface QuarantineQuestion extends RejectFilter {
  readonly limit: number
  readonly cursor: string | null
}

export interface Status {
  readonly phase: 'starting' | 'ready' | 'draining'
  /** Published progress, ms since the epoch; null: none yet. */
  readonly progress: number | null
  readonly version: string
}

const SECURITY_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
}

export function createApi(sources: ApiSources): Hono {
  const app = createApp(sources, () => scrape(sources))
  const serve = (name: RouteName, answer: Answer): void => serveRoute(app, ROUTES[name], answer)

  const metrics = JSON.stringify(toMetricsAnswer(sources.plans))
  const { version } = sources.status()
  let openApi: string | null = null
  const { result, top } = createResultAnswers(sources)
  serve('metrics', context => answerTagged(context, metrics, 'application/json'))
  serve('result', result)
  serve('top', top)
  serve('audit', async context => context.json(await audit(sources)))
  serve('quarantine', async context => {
    const page = parsePage(new URL(context.req.url).searchParams)
    return context.json(toQuarantineAnswer(await sources.rejects(page)))
  })
  serve('reject', createRejectAnswer(sources))
  serve('repair', createRepairAnswer(sources))
  serve('trace', createTraceAnswer(sources))
  const { tail, sample } = sources
  const report = (error: unknown): void => sources.report(error)
  const noLog = (): Response => notHere('the log is read by weir start and weir serve; ask there')
  serve('tail', tail === null ? noLog : createTailAnswer({ tail, report }))
  serve('sample', sample === null ? noLog : createSampleAnswer({ sample, report }))
  serve('openapi', context => {
    openApi ??= JSON.stringify(toOpenApi({ routes: ROUTES, plans: sources.plans, version }))
    return answerTagged(context, openApi, 'application/json')
  })
  serve('docs', context => answerPage(context, toDocsPage({ routes: ROUTES, version })))
  const { begin, look } = createRebuildAnswers(sources.rebuilds)
  serve('rebuild', begin)
  serve('rebuilding', look)
  refuseEvents(app)
  app.all('/v1/live', () => refuseMethod('/v1/live', 'GET'))
  app.notFound(context => {
    const detail = `there is nothing at ${context.req.path}; GET /docs lists what there is`
    return toResponse(toProblem('not_found', detail))
  })
  return app
}

/** Of a process that answers no questions: whether it is well, and its counters. */
export function createServiceApi(sources: ServiceSources): Hono {
  const app = createApp(sources, async () => {
    const { version } = sources.status()
    return toPrometheusText(toServiceFamilies(sources.counters(), version))
  })
  refuseEvents(app)
  app.notFound(() => {
    const detail = 'questions are answered by weir serve; this process has /healthz, /readyz, '
    return notHere(`${detail}/metrics`)
  })
  return app
}

/** Health, counters, and what is the same for every answer. */
function createApp(sources: ServiceSources, scrapeAll: () => Promise<string>): Hono {
  const app = new Hono()
  app.use(async (context, next) => {
    await next()
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      if (!context.res.headers.has(name)) context.header(name, value)
    }
  })
  serveRoute(app, ROUTES.health, context => context.json(toHealth('ok', sources)))
  serveRoute(app, ROUTES.ready, context => {
    const { phase } = sources.status()
    return context.json(toHealth(phase, sources), phase === 'ready' ? 200 : 503)
  })
  serveRoute(app, ROUTES.scrape, async context => context.body(await scrapeAll()))
  serveRoute(app, ROUTES.problem, context => {
    const code = context.req.param('code') ?? ''
    const page = toProblemPage(code)
    if (page !== null) return answerPage(context, page)
    return toResponse(toProblem('not_found', `there is no problem '${code}'`))
  })
  app.onError(error => {
    if (isFault(error)) return toResponse(problemOfFault(error))
    if (error.name === 'AbortError') {
      return toResponse(toProblem('draining', 'weir is shutting down; ask again soon'))
    }
    sources.report(error)
    return toResponse(toProblem('internal', 'weir failed at this request, and has logged why'))
  })
  return app
}

/** Where there is no front door, and where it is asked in a wrong way. */
function refuseEvents(app: Hono): void {
  for (const path of ['/v1/events', ...SEGMENT_PATHS]) {
    app.all(path, context => {
      if (context.req.method !== 'POST') return refuseMethod(path, 'POST')
      return notHere('events are taken by weir collect; send them there')
    })
  }
}

type Answer = (context: Context) => Response | Promise<Response>

function serveRoute(app: Hono, route: Route, answer: Answer): void {
  const path = route.path.replaceAll(/\{(\w+)\}/g, ':$1')
  const isRead = route.method === 'GET'
  app.on(route.method, path, context => {
    assertParameters(route, new URL(context.req.url).searchParams)
    context.header('Cache-Control', isRead ? 'no-cache' : 'no-store')
    context.header('Content-Type', route.answers[0]?.media[0] ?? 'application/json')
    return answer(context)
  })
  app.all(path, () => refuseMethod(route.path, isRead ? 'GET, HEAD' : route.method))
}

async function audit(sources: ApiSources): Promise<AuditAnswer> {
  const ledger = await sources.audit()
  return toAuditAnswer(ledger, await sources.logState(ledger), sources.status().progress)
}

async function scrape(sources: ApiSources): Promise<string> {
  const { progress, version } = sources.status()
  const ledger = await sources.audit()
  const state = await sources.logState(ledger)
  const answer = toAuditAnswer(ledger, state, progress)
  const counters = sources.counters()
  const { bounds } = state
  return toPrometheusText(toFamilies({ audit: answer, bounds, counters, progress, version }))
}

function toHealth(status: HealthAnswer['status'], sources: ServiceSources): HealthAnswer {
  return { status, version: sources.status().version }
}

function answerPage(context: Context, page: string): Response {
  context.header('Content-Security-Policy', PAGE_POLICY)
  return answerTagged(context, page, 'text/html; charset=utf-8')
}

function refuseMethod(path: string, allowed: string): Response {
  const response = toResponse(toProblem('method_not_allowed', `${path} knows ${allowed} only`))
  response.headers.set('Allow', allowed)
  return response
}
