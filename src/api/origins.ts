/**
 * Which pages of other origins may read answers: those of a list, letter by letter, and no others.
 * Nothing is ever echoed that is not in it, there is no `*`, and no cookies are asked for: keys go
 * in headers. Answers differ by origin, so caches are told, where there is a list. These are the
 * headers that say so, for any server.
 */
type Headers = { readonly [name: string]: string }

const EXPOSED = 'ETag, Link, RateLimit, RateLimit-Policy, Retry-After'
const METHODS = 'GET, HEAD, POST'
/** What pages may send along. */
const SENT =
  'Authorization, Content-Encoding, Content-Type, If-None-Match, Last-Event-ID, X-Api-Key'
/** What browsers keep at most, or less. */
const PREFLIGHT_S = '7200'

/** Of every answer. */
export function toOriginHeaders(
  origin: string | undefined,
  originsAllowed: readonly string[],
): Headers {
  if (originsAllowed.length === 0) return {}
  if (!isOriginAllowed(origin, originsAllowed)) return { Vary: 'Origin' }
  return {
    Vary: 'Origin',
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Expose-Headers': EXPOSED,
  }
}

/** Of the answer to what a browser asks before a request. */
export const PREFLIGHT_HEADERS: Headers = {
  'Access-Control-Allow-Methods': METHODS,
  'Access-Control-Allow-Headers': SENT,
  'Access-Control-Max-Age': PREFLIGHT_S,
}

export function isOriginAllowed(
  origin: string | undefined,
  originsAllowed: readonly string[],
): origin is string {
  return origin !== undefined && originsAllowed.includes(origin)
}
