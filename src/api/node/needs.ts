/**
 * What each request needs of a caller: the scope of its route in the contract. What no route
 * matches letter by letter needs more, not less: however a path is written, a way around a scope
 * ends at a stricter one.
 */
import type { Need } from '../../model/access.ts'
import { SEGMENT_PATHS } from '../../model/segment.ts'
import { ROUTES, scopeOf } from '../contract.ts'

const OPEN: ReadonlyMap<string, Need> = new Map([
  [ROUTES.health.path, 'health'],
  [ROUTES.ready.path, 'health'],
  [ROUTES.scrape.path, 'scrape'],
])
/** Clients of others present their key in the body. */
const KEY_IN_BODY: ReadonlySet<string> = new Set(SEGMENT_PATHS.keys())
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']
/** Nothing in it that a URL parser, or a router, would read otherwise. */
const PLAIN_PATH = /^(?:\/[\w~-][\w.~-]*)*\/?$/

/** `path` is the request's target up to its `?`, as it came. */
export function needOf(method: string, path: string, isPage: boolean): Need {
  if (isPage) return 'page'
  if (method === 'POST' && KEY_IN_BODY.has(path)) return 'write-body'
  const isSafe = SAFE_METHODS.includes(method)
  const scope = scopeOf(method === 'OPTIONS' ? 'GET' : method, path)
  if (scope === undefined) return isSafe && PLAIN_PATH.test(path) ? 'read' : 'admin'
  return (isSafe ? OPEN.get(path) : undefined) ?? scope ?? 'page'
}
