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

export interface Limited {
  /** Seconds to wait; 0: the request may pass. */
  readonly waitS: number
  readonly headers: Readonly<Record<string, string>>
}

export interface Limits {
  /** Counts a request against its address. `isHere`: it comes from this machine itself. */
  byAddress(policy: Policy, of: { readonly id: string; readonly isHere: boolean }): Limited
  /** Counts it against its key too. `before`: what the address's limit said. */
  byKey(policy: Policy, id: string, before: Limited): Limited
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
const NOTHING: Limited = { waitS: 0, headers: {} }

export function createLimits({ rates, now, salt }: LimitsOptions): Limits {
  const policies = {
    write: createPolicy('write', rates.write, salt),
    read: createPolicy('read', rates.read, salt),
  }
  return {
    byAddress: (policy, { id, isHere }) => {
      const found = policies[policy]
      if (found === null) return NOTHING
      return isHere ? found.here.count('', now()) : found.address.count(id, now())
    },
    byKey: (policy, id, before) => {
      const found = policies[policy]
      if (found === null) return before
      return tighter(before, found.key.count(id, now()))
    },
  }
}

interface Counter {
  count(id: string, nowMs: number): Limited & { readonly left: number }
}

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
  const policy = `${name};q=${capacity};w=${WINDOW_S}`
  return {
    count: (id, nowMs) => {
      const taken = buckets.take(id, nowMs)
      return { waitS: taken.waitS, left: taken.left, headers: toHeaders(taken, name, policy) }
    },
  }
}

function toHeaders(taken: Taken, name: string, policy: string): Limited['headers'] {
  const headers = {
    RateLimit: `${name};r=${taken.left};t=${taken.fullInS}`,
    'RateLimit-Policy': policy,
  }
  return taken.isTaken ? headers : { ...headers, 'Retry-After': String(taken.waitS) }
}

/** Of two limits the one that a client meets first is told, with both policies. */
function tighter(
  before: Limited & { readonly left?: number },
  after: Limited & { readonly left: number },
): Limited {
  const isBefore = (before.left ?? Number.POSITIVE_INFINITY) < after.left
  const told = after.waitS === 0 && isBefore ? before : after
  const policies = [before, after].flatMap(limited => limited.headers['RateLimit-Policy'] ?? [])
  return { ...told, headers: { ...told.headers, 'RateLimit-Policy': policies.join(', ') } }
}
