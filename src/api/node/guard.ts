/**
 * Who may talk to a server that trusts its machine. A page on the web can make a browser send
 * requests to 127.0.0.1, under a name of its own that resolves there (DNS rebinding) or straight
 * from its own origin. So the Host header must name this machine, and what changes something must
 * not come from a page of another origin. Tools that send no Origin, as curl, are not concerned.
 */
import { isIP } from 'node:net'
import type { Problem } from '../../model/problem.ts'
import { toProblem } from '../../model/problem.ts'
import { memoize } from '../../std/memo.ts'

export interface GuardOptions {
  /** The address that the server is bound to. */
  readonly host: string
  /** More names that it may be called by, without ports. */
  readonly hostsAllowed: readonly string[]
  /** Origins whose pages may send events, as `https://shop.example`. */
  readonly originsAllowed: readonly string[]
}

export interface Caller {
  readonly method: string | undefined
  readonly host: string | undefined
  readonly origin: string | undefined
}

/** null: the request may pass. */
export type Guard = (caller: Caller) => Problem | null

const ANY_ADDRESS = ['0.0.0.0', '::']
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']
/** Whose answer is remembered: clients send a handful of different ones. */
const HOST_COUNT_MAX = 100

export function createGuard(options: GuardOptions): Guard {
  const { originsAllowed } = options
  const isAllowed = memoize(host => isHostAllowed(toHostName(host), options), HOST_COUNT_MAX)
  return ({ method = '', host = '', origin }) => {
    if (!isAllowed(host)) {
      const detail = `the Host header is '${host}', not this machine; call it by its address`
      return toProblem('host_refused', detail)
    }
    if (origin === undefined || SAFE_METHODS.includes(method)) return null
    if (origin === `http://${host}` || origin === `https://${host}`) return null
    if (originsAllowed.includes(origin)) return null
    const detail = `a page of origin '${origin}' may not send here; send it from your own server`
    return toProblem('origin_refused', detail)
  }
}

function isHostAllowed(name: string, options: GuardOptions): boolean {
  if (name === 'localhost' || name.endsWith('.localhost') || isLoopback(name)) return true
  const ownNames = [options.host, ...options.hostsAllowed].map(own => own.toLowerCase())
  if (name !== '' && ownNames.includes(name)) return true
  // Bound to all addresses it has many; rebinding needs a name, so addresses are safe.
  return ANY_ADDRESS.includes(options.host) && isIP(name) !== 0
}

function isLoopback(name: string): boolean {
  return name === '::1' || (isIP(name) === 4 && name.startsWith('127.'))
}

/** Without port and brackets, in lower case; '' for what is no host. */
function toHostName(header: string): string {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(header)
  return (match?.[1] ?? match?.[2] ?? '').toLowerCase()
}
