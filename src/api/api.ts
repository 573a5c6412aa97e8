/**
 * Questions over HTTP: results, the ledger, the quarantine, health, and counters for operators; and
 * what an operator may have done, repairs and rebuilds. What it answers with is in `contract.ts`;
 * where it runs it does not know. Everything that is wrong with a request is told in one `problem`.
 */
import type { Hono } from 'hono'
import type { Ledger } from '../model/ledger.ts'
import type { MetricPlan } from '../model/plan.ts'
import { toProblem } from '../model/problem.ts'
import type { Question, RejectFilter, RejectPage, Result } from '../model/result.ts'
import type { LogState } from './answers.ts'
import { toAuditAnswer, toQuarantineAnswer } from './answers.ts'
import type { Answer, AppSources } from './app.ts'
import { createApp, refuseEvents, refuseMethod, serveRoute } from './app.ts'
import type { RouteName } from './contract.ts'
import { ROUTES } from './contract.ts'
import { serveCounted } from './counted.ts'
import type { EventSources } from './event-answers.ts'
import { createRejectAnswer, createRepairAnswer, createTraceAnswer } from './event-answers.ts'
import { toPrometheusText } from './prometheus.ts'
import { parsePage } from './question.ts'
import type { RebuildSource } from './rebuilds.ts'
import { createRebuildAnswers } from './rebuilds.ts'
import { notHere, toResponse } from './respond.ts'
import type { Counters } from './scrape.ts'
import { toFamilies, toServiceFamilies } from './scrape.ts'
import type { TailSources } from './tail.ts'
import { createSampleAnswer, createTailAnswer } from './tail.ts'

// The live stream and the command line show these in the same shape.
export type { LogState } from './answers.ts'
export { toAuditAnswer, toRejectAnswer } from './answers.ts'

/** What every process of Weir tells of itself. */
export interface ServiceSources extends AppSources {
  counters(): Counters
}

/** Where the answers come from. All are called per request and may throw Faults. */
export interface ApiSources extends ServiceSources, TailSources, EventSources {
  readonly plans: readonly MetricPlan[]
  query(question: Question): Promise<Result>
  audit(): Promise<Ledger>
  rejects(question: QuarantineQuestion): Promise<RejectPage>
  /** Rebuilds of this process's store; without it there are none here. */
  readonly rebuilds: RebuildSource | null
  /** What the log holds, asked after the ledger that it stands beside; null: it does not answer. */
  logState(ledger: Ledger): Promise<LogState | null>
}

export interface QuarantineQuestion extends RejectFilter {
  readonly limit: number
  readonly cursor: string | null
}

export function createApi(sources: ApiSources): Hono {
  const app = createApp(sources)
  const serve = (name: RouteName, answer: Answer): void => serveRoute(app, ROUTES[name], answer)

  serveCounted(app, sources, ROUTES)
  serve('scrape', async context => context.body(await scrape(sources)))
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
  const app = createApp(sources)
  serveRoute(app, ROUTES.scrape, context => {
    const { version } = sources.status()
    return context.body(toPrometheusText(toServiceFamilies(sources.counters(), version)))
  })
  refuseEvents(app)
  app.notFound(() => {
    const detail = 'questions are answered by weir serve; this process has /healthz, /readyz, '
    return notHere(`${detail}/metrics`)
  })
  return app
}

async function scrape(sources: ApiSources): Promise<string> {
  const { progress, version } = sources.status()
  const ledger = await sources.audit()
  const state = await sources.logState(ledger)
  const answer = toAuditAnswer(ledger, state, progress)
  const counters = sources.counters()
  const bounds = state?.bounds ?? []
  return toPrometheusText(toFamilies({ audit: answer, bounds, counters, progress, version }))
}
