/**
 * How often one may ask. Requests that send events and those that ask have limits of their own, by
 * address and by key; each is told with every answer in the fields of
 * draft-ietf-httpapi-ratelimit-headers-10: `RateLimit-Policy: "read-address";q=1000;w=10` (quota in
 * so many seconds) and `RateLimit: "read-address";r=998;t=1` (rest, and seconds until it is whole).
 */
import type { Buckets, Taken } from './buckets.ts'
import { createBuckets } from './buckets.ts'

/** Requests a second of one address, on average; null: no limit. */
export interface Rates {
  readonly write: number | null
  readonly read: number | null
}

export type Policy = keyof Rates

/** A request, counted against a limit. */
export interface Counted {
  readonly taken: Taken
  readonly limit: Limit
}

interface Limit {
  /** As it stands in RateLimit. */
  readonly name: string
  /** As it stands in RateLimit-Policy. */
  readonly policy: string
}

/** null: there is no limit. */
export interface Limits {
  /** Counts a request against its address. `isHere`: it comes from this machine itself. */
  byAddress(policy: Policy, of: { readonly id: string; readonly isHere: boolean }): Counted | null
  /** Counts it against its key. */
  byKey(policy: Policy, id: string): Counted | null
}

export interface LimitsOptions {
  readonly rates: Rates
  /** ms; never goes back. */
  readonly now: () => number
  readonly salt: string
}

/** What may come at once is what ten seconds allow. */
const WINDOW_S = 10
/** A shop's pages share a key, and come from many addresses. */
const KEY_FACTOR = 10
/** Whoever is on this machine may be a proxy, or the shop's own server. */
const HERE_FACTOR = 100
/** Some 10 MB, where each is of another address. */
const ADDRESS_COUNT_MAX = 65_536
const KEY_COUNT_MAX = 1_000

export function createLimits({ rates, now, salt }: LimitsOptions): Limits {
  const policies = {
    write: createPolicy('write', rates.write, salt),
    read: createPolicy('read', rates.read, salt),
  }
  return {
    byAddress: (policy, { id, isHere }) => {
      const found = policies[policy]
      if (found === null) return null
      return isHere ? found.here('', now()) : found.address(id, now())
    },
    byKey: (policy, id) => policies[policy]?.key(id, now()) ?? null,
  }
}

type Counter = (id: string, nowMs: number) => Counted

function createPolicy(
  name: Policy,
  rate: number | null,
  salt: string,
): { readonly [Of in 'address' | 'here' | 'key']: Counter } | null {
  if (rate === null) return null
  const counter = (of: string, perSecond: number, countMax: number): Counter => {
    const capacity = perSecond * WINDOW_S
    const buckets = createBuckets({ perSecond, capacity, countMax, salt })
    return createCounter(`"${name}-${of}"`, buckets, capacity)
  }
  return {
    address: counter('address', rate, ADDRESS_COUNT_MAX),
    here: counter('address', rate * HERE_FACTOR, 1),
    key: counter('key', rate * KEY_FACTOR, KEY_COUNT_MAX),
  }
}

function createCounter(name: string, buckets: Buckets, capacity: number): Counter {
  const limit = { name, policy: `${name};q=${capacity};w=${WINDOW_S}` }
  return (id, nowMs) => ({ taken: buckets.take(id, nowMs), limit })
}

/** Tells of the limits that were counted: of both policies, and of the one that is met first. */
export function toLimitHeaders(
  first: Counted | null,
  second: Counted | null = null,
): Readonly<Record<string, string>> {
  const told = tighter(first, second)
  if (told === null) return {}
  const { name } = told.limit
  const { left, fullInS, waitS, isTaken } = told.taken
  const policies = [first, second].flatMap(counted => counted?.limit.policy ?? [])
  const headers = {
    RateLimit: `${name};r=${left};t=${fullInS}`,
    'RateLimit-Policy': policies.join(', '),
  }
  return isTaken ? headers : { ...headers, 'Retry-After': String(waitS) }
}

/** Which of two limits a client meets first. */
function tighter(first: Counted | null, second: Counted | null): Counted | null {
  if (first === null || second === null) return first ?? second
  return second.taken.isTaken && first.taken.left < second.taken.left ? first : second
}
