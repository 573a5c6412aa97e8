/**
 * The API of a process that has the results place and nothing else: no log, no store, no stream. It
 * answers what was counted; every other route of the contract says where it is answered.
 */
import type { Hono } from 'hono'
import { toProblem } from '../model/problem.ts'
import { createApp, refuseEvents, toPattern } from './app.ts'
import type { RouteName } from './contract.ts'
import { READER_ROUTES, ROUTES } from './contract.ts'
import type { CountedSources } from './counted.ts'
import { serveCounted } from './counted.ts'
import { notHere, toResponse } from './respond.ts'

export type ReaderSources = Omit<CountedSources, 'logState'>

const ELSEWHERE =
  'this process answers from what was counted, and has no log: single events, rejects, rebuilds, ' +
  'the live stream and /metrics are at weir serve'

export function createReaderApi(sources: ReaderSources): Hono {
  const app = createApp(sources)
  const served = Object.fromEntries(READER_ROUTES.map(name => [name, ROUTES[name]]))
  serveCounted(app, { ...sources, logState: () => Promise.resolve(null) }, served)
  refuseEvents(app)
  const known = new Set<string>(READER_ROUTES)
  for (const name of Object.keys(ROUTES) as RouteName[]) {
    if (!known.has(name)) app.all(toPattern(ROUTES[name]), () => notHere(ELSEWHERE))
  }
  app.notFound(context => {
    const detail = `there is nothing at ${context.req.path}; GET /openapi.json lists what there is`
    return toResponse(toProblem('not_found', detail))
  })
  return app
}
