/**
 * What each path needs of a caller. Only what is named here, letter by letter, is open or weaker
 * than the rest, so however a path is written, a way around it ends at a stricter need: what is
 * only read needs `read`, whatever else `admin`.
 */
import type { Need } from '../../model/access.ts'
import { SEGMENT_PATHS } from '../../model/segment.ts'

const BY_REQUEST: ReadonlyMap<string, Need> = new Map([
  ['POST /v1/events', 'write'],
  ...SEGMENT_PATHS.map((path): [string, Need] => [`POST ${path}`, 'write-body']),
  ['GET /healthz', 'health'],
  ['GET /readyz', 'health'],
  ['GET /metrics', 'scrape'],
])
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']

/** `path` is the request's target up to its `?`, as it came. */
export function needOf(method: string, path: string, isPage: boolean): Need {
  if (isPage) return 'page'
  const need = BY_REQUEST.get(`${method === 'HEAD' ? 'GET' : method} ${path}`)
  if (need !== undefined) return need
  return SAFE_METHODS.includes(method) ? 'read' : 'admin'
}
