/**
 * Requests that a proxy before this server could read otherwise than we do, and that node:http lets
 * through: two Host headers, a transfer coding besides chunked, or under HTTP/1.0 (RFC 9112,
 * sections 3.2, 6.1 and 6.3), and a target that names a host of its own. All are refused, and the
 * connection ends where it is not sure where the body does.
 */
import type { IncomingMessage } from 'node:http'
import type { Problem } from '../../model/problem.ts'
import { toProblem } from '../../model/problem.ts'

const TWO_HOSTS = toProblem('header_invalid', 'the request has several Host headers; send one')
const CODING = toProblem(
  'header_invalid',
  'the body is not sent chunked, and no other way is known',
)
const VERSION = toProblem('header_invalid', 'the request is not of HTTP/1.0 or HTTP/1.1')
const NO_PATH = toProblem('not_found', 'the target of the request is no path; begin it with /')

/** null: it can be read in one way only. */
export function findAmbiguity(request: IncomingMessage): Problem | null {
  const { headers, httpVersion, rawHeaders, url = '' } = request
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return VERSION
  const coding = headers['transfer-encoding']
  if (coding !== undefined && (coding.toLowerCase() !== 'chunked' || httpVersion === '1.0')) {
    return CODING
  }
  if (countHosts(rawHeaders) > 1) return TWO_HOSTS
  return url.startsWith('/') ? null : NO_PATH
}

/** Names and values take turns. */
function countHosts(rawHeaders: readonly string[]): number {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1
  }
  return count
}
