/**
 * What every API of Weir has in common: routes of the contract, whose parameters are checked before
 * they answer; health; the pages of problems; headers of every answer; and how what is thrown is
 * told. What is here knows of no source of answers.
 */
import type { Context } from 'hono'
import { Hono } from 'hono'
import { INTERNAL, problemOfFault, toProblem } from '../model/problem.ts'
import { SEGMENT_PATHS } from '../model/segment.ts'
import { isFault } from '../std/fault.ts'
import type { HealthAnswer, Route } from './contract.ts'
import { ROUTES } from './contract.ts'
import { PAGE_POLICY } from './pages/html.ts'
import { toProblemPage } from './pages/problem-page.ts'
import { assertParameters } from './question.ts'
import { answerTagged, notHere, toResponse } from './respond.ts'

export interface AppSources {
  status(): Status
  /** Is told of every error that is not a Fault: a bug, answered 500. */
  report(error: unknown): void
}

export interface Status {
  readonly phase: 'starting' | 'ready' | 'draining'
  /** Published progress, ms since the epoch; null: none yet. */
  readonly progress: number | null
  readonly version: string
}

export type Answer = (context: Context) => Response | Promise<Response>

const SECURITY_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
}

/** Health, the pages of problems, and what is the same for every answer. */
export function createApp(sources: AppSources): Hono {
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
    return toResponse(INTERNAL)
  })
  return app
}

export function serveRoute(app: Hono, route: Route, answer: Answer): void {
  const path = toPattern(route)
  const isRead = route.method === 'GET'
  app.on(route.method, path, context => {
    assertParameters(route, new URL(context.req.url).searchParams)
    context.header('Cache-Control', isRead ? 'no-cache' : 'no-store')
    context.header('Content-Type', route.answers[0]?.media[0] ?? 'application/json')
    return answer(context)
  })
  app.all(path, () => refuseMethod(route.path, isRead ? 'GET, HEAD' : route.method))
}

/** A route's path as Hono writes it. */
export function toPattern({ path }: Route): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}

/** Where there is no front door, and where it is asked in a wrong way. */
export function refuseEvents(app: Hono): void {
  for (const path of ['/v1/events', ...SEGMENT_PATHS.keys()]) {
    app.all(path, context => {
      if (context.req.method !== 'POST') return refuseMethod(path, 'POST')
      return notHere('events are taken by weir collect; send them there')
    })
  }
}

export function answerPage(context: Context, page: string): Response {
  context.header('Content-Security-Policy', PAGE_POLICY)
  return answerTagged(context, page, 'text/html; charset=utf-8')
}

export function refuseMethod(path: string, allowed: string): Response {
  const response = toResponse(toProblem('method_not_allowed', `${path} knows ${allowed} only`))
  response.headers.set('Allow', allowed)
  return response
}

function toHealth(status: HealthAnswer['status'], sources: AppSources): HealthAnswer {
  return { status, version: sources.status().version }
}
