/**
 * Token buckets, one for each who asks, in bounded memory. A bucket that is full says no more than
 * one that is missing, so only full ones are forgotten: nobody gets a fresh one by making others
 * come. When the table is full of those that are not, newcomers share a fixed number of buckets,
 * by a keyed hash: who floods the table cannot tell with whom.
 */
import { hash } from 'node:crypto'
import { SECOND_MS } from '../std/units.ts'

export interface BucketsOptions {
  /** Refilled in a second. */
  readonly perSecond: number
  /** What a full one holds. */
  readonly capacity: number
  /** Buckets of their own, at most. */
  readonly countMax: number
  /** Secret. */
  readonly salt: string
}

export interface Taken {
  readonly isTaken: boolean
  /** Whole tokens that are left. */
  readonly left: number
  /** Until it is full. */
  readonly fullInS: number
  /** Until there is a token; 0: there is. */
  readonly waitS: number
}

export interface Buckets {
  /** Takes a token of a bucket, if it has one. */
  take(id: string, nowMs: number): Taken
  /** Buckets of their own. */
  readonly count: number
}

interface Bucket {
  tokens: number
  atMs: number
}

const SHARED_COUNT = 4_096
/** Looked at for a newcomer; each is forgotten or goes to the end, so that all come round. */
const LOOK_COUNT = 8

export function createBuckets(options: BucketsOptions): Buckets {
  const { perSecond, capacity, countMax, salt } = options
  const own = new Map<string, Bucket>()
  const shared = new Map<number, Bucket>()
  const tokensAt = (bucket: Bucket, nowMs: number): number =>
    Math.min(capacity, bucket.tokens + ((nowMs - bucket.atMs) / SECOND_MS) * perSecond)

  const forgetFull = (nowMs: number): void => {
    let lookedCount = 0
    // One that goes to the end is not met again: the table is longer than that.
    for (const [id, bucket] of own) {
      own.delete(id)
      if (tokensAt(bucket, nowMs) < capacity) own.set(id, bucket)
      lookedCount += 1
      if (lookedCount === LOOK_COUNT) return
    }
  }
  const make = (id: string, nowMs: number): Bucket => {
    if (own.size >= countMax) forgetFull(nowMs)
    const bucket = { tokens: capacity, atMs: nowMs }
    if (own.size < countMax) own.set(id, bucket)
    else return share(id, bucket)
    return bucket
  }
  const share = (id: string, fresh: Bucket): Bucket => {
    const place = Number.parseInt(hash('sha256', salt + id).slice(0, 8), 16) % SHARED_COUNT
    const bucket = shared.get(place) ?? fresh
    shared.set(place, bucket)
    return bucket
  }

  return {
    take: (id, nowMs) => {
      const bucket = own.get(id) ?? make(id, nowMs)
      const tokens = tokensAt(bucket, nowMs)
      const isTaken = tokens >= 1
      bucket.tokens = isTaken ? tokens - 1 : tokens
      bucket.atMs = nowMs
      return {
        isTaken,
        left: Math.floor(bucket.tokens),
        fullInS: Math.ceil((capacity - bucket.tokens) / perSecond),
        waitS: isTaken ? 0 : Math.ceil((1 - tokens) / perSecond),
      }
    },
    get count() {
      return own.size
    },
  }
}
