/**
 * The routes whose answers are made of what was counted: metrics, their values, and the ledger; and
 * the contract, which names no others than those that are served. Every API has them that answers
 * questions at all.
 */
import type { Hono } from 'hono'
import type { Ledger } from '../model/ledger.ts'
import type { LogState } from './answers.ts'
import { toAuditAnswer, toMetricsAnswer } from './answers.ts'
import type { AppSources } from './app.ts'
import { answerPage, serveRoute } from './app.ts'
import { toOpenApi } from './contract/openapi.ts'
import type { Route } from './contract.ts'
import { ROUTES } from './contract.ts'
import { toDocsPage } from './pages/docs-page.ts'
import { answerTagged } from './respond.ts'
import type { ResultSources } from './result-answers.ts'
import { createResultAnswers } from './result-answers.ts'

export interface CountedSources extends AppSources, ResultSources {
  audit(): Promise<Ledger>
  /** What the log holds, asked after the ledger it stands beside; null: it is not known. */
  logState(ledger: Ledger): Promise<LogState | null>
}

/** `routes`: what this process serves, as the contract tells it. */
export function serveCounted(
  app: Hono,
  sources: CountedSources,
  routes: { readonly [name: string]: Route },
): void {
  const { version } = sources.status()
  const { result, top } = createResultAnswers(sources)
  const metrics = JSON.stringify(toMetricsAnswer(sources.plans))
  serveRoute(app, ROUTES.metrics, context => answerTagged(context, metrics, 'application/json'))
  serveRoute(app, ROUTES.result, result)
  serveRoute(app, ROUTES.top, top)
  serveRoute(app, ROUTES.audit, async context => {
    const ledger = await sources.audit()
    const state = await sources.logState(ledger)
    const answer = toAuditAnswer(ledger, state, sources.status().progress)
    return answerTagged(context, JSON.stringify(answer), 'application/json')
  })
  // It takes longer to write than all else together, and a process may never be asked for it.
  let openApi: string | null = null
  serveRoute(app, ROUTES.openapi, context => {
    openApi ??= JSON.stringify(toOpenApi({ routes, plans: sources.plans, version }))
    return answerTagged(context, openApi, 'application/json')
  })
  serveRoute(app, ROUTES.docs, context => answerPage(context, toDocsPage({ routes, version })))
}
