/** The stream of items that all visits together send, in the order in which they are sent. */
import { assert, present } from '../std/assert.ts'
import type { Prng } from '../std/prng.ts'
import { createPrng } from '../std/prng.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../std/units.ts'
import { toBroken } from './broken.ts'
import type { EventParts } from './event-text.ts'
import { createTimeWriter, toEventText, toUuid } from './event-text.ts'
import type { Shop } from './shop.ts'
import { createShop } from './shop.ts'
import type { Visit } from './visit.ts'
import { advance, createVisit } from './visit.ts'

export interface VisitorOptions {
  /** An unsigned 32-bit integer. The shop follows from it alone, the visits also from `startMs`. */
  readonly seed: number
  /** When the first event may be due, in ms since the epoch. */
  readonly startMs: number
  /** More than 0. */
  readonly eventsPerSecond: number
  readonly users?: number
  readonly products?: number
  /** ISO 4217 codes that customers pay in; none unless they are said: the shop's own. */
  readonly currencies?: readonly string[]
  /** Shares of all items, 0..1, together at most 1. */
  readonly badRate?: number
  readonly duplicateRate?: number
  readonly lateRate?: number
}

/**
 * `duplicate`: the bytes of a good or late item, sent again shortly after it. `late`: good, but
 * sent minutes to hours after it happened. `broken`: invalid.
 */
export type ItemKind = 'good' | 'duplicate' | 'late' | 'broken'

export interface Sent {
  readonly kind: ItemKind
  readonly dueMs: number
  readonly value: string | Uint8Array
}

const USERS_DEFAULT = 20_000
const PRODUCTS_DEFAULT = 500
const BAD_RATE_DEFAULT = 0.002
const DUPLICATE_RATE_DEFAULT = 0.01
const LATE_RATE_DEFAULT = 0.005

/** Mean time between two steps of a visit, where there are neither too few nor too many of them. */
const PAUSE_SECONDS = 25
const VISITS_MIN = 8
const VISITS_MAX = 20_000
/** A retry repeats one of so many last items. */
const RECENT_MAX = 256
const LATE_MS_MIN = MINUTE_MS
const LATE_MS_MAX = 6 * HOUR_MS

/** Gives one item after the other, without end; in memory that does not grow. */
export function createStream(options: VisitorOptions): () => Sent {
  assert(options.eventsPerSecond > 0, 'a rate is more than 0')
  const { users = USERS_DEFAULT, products = PRODUCTS_DEFAULT, currencies = [] } = options
  const shop = createShop({ seed: options.seed, users, products, currencies })
  const prng = createPrng(mixSeed(options.seed, options.startMs))
  const chooseKind = createKindChooser(options)
  const writer = createWriter(shop, prng, options.eventsPerSecond)
  const intervalMs = SECOND_MS / options.eventsPerSecond
  const recent: string[] = []
  let index = 0
  let newCount = 0
  return () => {
    const dueMs = Math.floor(options.startMs + (index + prng.nextUnit()) * intervalMs)
    index += 1
    const kind = chooseKind(prng)
    if (kind === 'duplicate' && recent.length > 0) {
      const value = present(recent[prng.nextBelow(recent.length)], 'a recent item')
      return { kind, dueMs, value }
    }
    if (kind === 'broken') return { kind, dueMs, value: writer.writeBroken(dueMs) }
    const lateMs = kind === 'late' ? pickLateness(prng) : 0
    const value = writer.write(dueMs - lateMs)
    recent[newCount % RECENT_MAX] = value
    newCount += 1
    return { kind: kind === 'late' ? 'late' : 'good', dueMs, value }
  }
}

/** A shop that opens again must not send its old ids again. */
function mixSeed(seed: number, startMs: number): number {
  const low = startMs % 0x1_0000_0000
  const high = Math.floor(startMs / 0x1_0000_0000)
  return (seed ^ Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)) >>> 0
}

function createKindChooser(options: VisitorOptions): (prng: Prng) => ItemKind {
  const { badRate = BAD_RATE_DEFAULT, lateRate = LATE_RATE_DEFAULT } = options
  const { duplicateRate = DUPLICATE_RATE_DEFAULT } = options
  assert(Math.min(badRate, duplicateRate, lateRate) >= 0, 'rates are not negative')
  assert(badRate + duplicateRate + lateRate <= 1, 'rates are at most 1 together')
  return prng => {
    const chance = prng.nextUnit()
    if (chance < badRate) return 'broken'
    if (chance < badRate + duplicateRate) return 'duplicate'
    return chance < badRate + duplicateRate + lateRate ? 'late' : 'good'
  }
}

/** Most a few minutes, some hours. */
function pickLateness(prng: Prng): number {
  return Math.floor(LATE_MS_MIN + prng.nextUnit() ** 3 * (LATE_MS_MAX - LATE_MS_MIN))
}

interface Writer {
  write(timeMs: number): string
  writeBroken(timeMs: number): string | Uint8Array
}

function createWriter(shop: Shop, prng: Prng, eventsPerSecond: number): Writer {
  const toTimestamp = createTimeWriter()
  const visits = createVisits(shop, prng, eventsPerSecond)
  const toParts = (timeMs: number): EventParts => {
    const at = prng.nextBelow(visits.length)
    const visit = present(visits[at], 'a visit')
    const { eventType, data } = advance(visit, shop, prng)
    if (visit.step === 'leave') visits[at] = createVisit(shop, prng)
    return {
      eventId: toUuid(prng),
      eventType,
      userId: visit.customer.id,
      timestamp: toTimestamp(timeMs),
      visitId: visit.id,
      data,
    }
  }
  return {
    write: timeMs => toEventText(toParts(timeMs)),
    writeBroken: timeMs => toBroken(toParts(timeMs), timeMs, prng),
  }
}

/** As many visits at a time as give each its pauses, each somewhere on its way already. */
function createVisits(shop: Shop, prng: Prng, eventsPerSecond: number): Visit[] {
  const wanted = Math.round(eventsPerSecond * PAUSE_SECONDS)
  const length = Math.min(VISITS_MAX, Math.max(VISITS_MIN, wanted))
  return Array.from({ length }, () => {
    const visit = createVisit(shop, prng)
    if (prng.nextChance(0.7)) visit.step = prng.nextChance(0.3) ? 'search' : 'product_view'
    return visit
  })
}
