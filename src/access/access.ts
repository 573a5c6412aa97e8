/**
 * The door: who may send events, ask, and change what is kept. Where there are keys, they are asked
 * for; where there are none, the server listens to its own machine only, and `main` sees to that.
 * What the health of a process is, and the files of the page, anybody may have.
 *
 * A key is presented as `Authorization: Bearer`, as `X-Api-Key`, or as the user name of Basic, as
 * Segment's clients do. An address that asks too often is refused before its key is looked at.
 */
import type { Admission, Doorman, Need, Scope, Visit } from '../model/access.ts'
import { keyOf } from '../model/access.ts'
import type { Problem } from '../model/problem.ts'
import { toProblem } from '../model/problem.ts'
import type { Clock } from '../std/clock.ts'
import { memoize } from '../std/memo.ts'
import type { Source } from './address.ts'
import { createSources } from './address.ts'
import type { Taken } from './buckets.ts'
import type { Keyring, KeyVerdict, ShownKey } from './key.ts'
import { isAllowed, isSame, judgeKey, toShownKey } from './key.ts'
import type { Policy, Rates } from './limits.ts'
import { createLimits, toLimitHeaders } from './limits.ts'

export interface DoorOptions {
  /** null: none are asked for. */
  readonly keyring: () => Keyring | null
  /** Lets processes of this machine in, to everything, unlimited; null: there is none. */
  readonly localKey: string | null
  readonly rates: Rates
  /** Addresses, or ranges as 10.0.0.0/8, whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[]
  /** Secret; of at least 16 random bytes. */
  readonly salt: string
  readonly clock: Clock
}

const PASSED: Admission = { problem: null, headers: {} }
/** Keys whose hash is remembered: a shop's pages and servers show the same few. */
const SHOWN_COUNT_MAX = 100
const HOW = 'send it as Authorization: Bearer KEY, or as X-Api-Key'

/** Throws CONFIG_INVALID for a proxy that is no address. */
export function createDoor(options: DoorOptions): Doorman {
  const { keyring, localKey, rates, trustedProxies, salt, clock } = options
  const sources = createSources(trustedProxies)
  const shownKey = memoize(toShownKey, SHOWN_COUNT_MAX)
  const shownKeyOf = (headers: Visit['headers']): ShownKey | null => {
    const text = keyOf(headers)
    return text === null ? null : shownKey(text)
  }
  const limits = createLimits({ rates, salt, now: () => clock.monotonic() })

  const judge = (key: ShownKey | null, scope: Scope): Judged => {
    const keys = keyring()
    if (keys === null) return { problem: null, keyId: null }
    if (key === null) return refuse(`a key is needed; ${HOW}`)
    const verdict = judgeKey(key, keys, clock.now())
    if (verdict.kind !== 'good') return refuse(toText(verdict.kind))
    const { id, scopes } = verdict.record
    if (isAllowed(scopes, scope)) return { problem: null, keyId: id }
    const has = scopes.join(' and ')
    const detail = `this needs a key of scope '${scope}', and this one has ${has}`
    return { problem: toProblem('forbidden', detail), keyId: id }
  }
  const local = localKey === null ? null : toShownKey(localKey)
  const isLocal = (key: ShownKey | null): boolean =>
    key !== null && local !== null && isSame(key.sha256, local.sha256)
  const judgeVisit = ({ need }: Visit, key: ShownKey | null, { isHere }: Source): Judged => {
    if (need === 'page' || need === 'health') return FREE
    if (isHere && (need === 'scrape' || isLocal(key))) return FREE
    // Whoever reads the body asks for the key that stands there.
    if (need === 'write-body' && key === null) return FREE
    return judge(key, scopeOf(need))
  }

  return {
    admit: visit => {
      const { need } = visit
      if (need === 'health') return PASSED
      const source = sources.find(visit)
      const key = shownKeyOf(visit.headers)
      if (source.isHere && isLocal(key)) return PASSED
      const isWrite = need === 'write' || need === 'write-body'
      const policy: Policy = isWrite ? 'write' : 'read'
      const ofAddress = limits.byAddress(policy, source)
      if (ofAddress !== null && !ofAddress.taken.isTaken) {
        return refuseRate(ofAddress.taken, toLimitHeaders(ofAddress))
      }
      const { problem, keyId } = judgeVisit(visit, key, source)
      const ofKey = keyId === null ? null : limits.byKey(policy, keyId)
      const headers = toLimitHeaders(ofAddress, ofKey)
      if (problem !== null) return { problem, headers: withChallenge(problem, key, headers) }
      if (ofKey !== null && !ofKey.taken.isTaken) return refuseRate(ofKey.taken, headers)
      return { problem: null, headers }
    },
    recheck: visit => judgeVisit(visit, shownKeyOf(visit.headers), sources.find(visit)).problem,
    checkKey: (key, scope) => judge(key === null ? null : toShownKey(key), scope).problem,
    peerOf: address => sources.peerOf(address),
  }
}

interface Judged {
  readonly problem: Problem | null
  /** Of the key, where one is known. */
  readonly keyId: string | null
}

const FREE: Judged = { problem: null, keyId: null }

function refuse(detail: string): Judged {
  return { problem: toProblem('unauthorized', detail), keyId: null }
}

function scopeOf(need: Exclude<Need, 'page' | 'health'>): Scope {
  switch (need) {
    case 'scrape':
      return 'read'
    case 'write-body':
      return 'write'
    default:
      return need
  }
}

function toText(kind: Exclude<KeyVerdict['kind'], 'good'>): string {
  if (kind === 'unknown') return `the key is not known here; ${HOW}`
  const what = kind === 'expired' ? 'has expired' : 'was revoked'
  return `the key ${what}; ask for another`
}

/** RFC 6750, section 3: with an error where a key was shown. */
function withChallenge(
  { code }: Problem,
  key: ShownKey | null,
  headers: Admission['headers'],
): Admission['headers'] {
  if (code !== 'unauthorized') return headers
  const error = key === null ? '' : ', error="invalid_token"'
  return { ...headers, 'WWW-Authenticate': `Bearer realm="weir"${error}` }
}

function refuseRate({ waitS }: Taken, headers: Admission['headers']): Admission {
  const detail = `too many requests; ask again in ${waitS} s, and see RateLimit-Policy`
  return { problem: toProblem('rate_limited', detail), headers }
}
