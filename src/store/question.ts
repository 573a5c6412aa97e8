/** Questions as stores understand them: checked, and with the cursor opened. */
import type { MetricPlan } from '../model/plan.ts'
import type { Question, RejectFilter } from '../model/result.ts'
import { LAST_MAX, LIMIT_MAX } from '../model/result.ts'
import type { Reject } from '../model/step.ts'
import { Fault } from '../std/fault.ts'
import type { RejectQuestion } from './store.ts'

/** Rejects of one page at most; each may hold 64 KiB. */
export const REJECTS_LIMIT_MAX = 1_000

export interface Ask {
  readonly plan: MetricPlan
  readonly fromMs: number | null
  readonly toMs: number | null
  readonly limit: number
  /** The last row of the page before; null: this is the first. */
  readonly after: RowPlace | null
  /** Only the newest so many windows, newest first; null: all, oldest first. */
  readonly last: number | null
  /** Only windows that begin at one of these; null: any. */
  readonly windows: readonly number[] | null
}

/** Where a row stands in the order of rows. */
export interface RowPlace {
  /** -Infinity of `all`. */
  readonly windowStart: number
  /** What a `top` metric ranks by; 0 of others. */
  readonly rank: number
  readonly key: readonly (string | null)[]
}

export interface RejectAsk {
  readonly limit: number
  readonly filter: RejectFilter
  readonly after: RejectPlace | null
}

export type RejectPlace = Pick<Reject, 'arrivalMs' | 'topic' | 'partition' | 'offset'>

/** Throws QUERY_INVALID saying what of the question is wrong and what would be right. */
export function toAsk(plans: readonly MetricPlan[], question: Question): Ask {
  const plan = plans.find(one => one.name === question.metric)
  if (plan === undefined) {
    const known = plans.map(one => one.name).join(', ')
    return refuse(`metric '${question.metric}' is unknown; there are: ${known || 'none'}`)
  }
  const { fromMs, toMs, limit, last = null, windows = null } = question
  assertWhole('limit', limit, LIMIT_MAX)
  if (last !== null) assertWhole('last', last, LAST_MAX)
  if (plan.window.kind === 'all' && (fromMs !== null || toMs !== null)) {
    refuse(`metric '${plan.name}' has one window without start or end; ask without from and to`)
  }
  const after = question.cursor === null ? null : parseRowPlace(question.cursor, plan)
  return { plan, fromMs, toMs, limit, after, last, windows }
}

export function toRejectAsk(question: RejectQuestion): RejectAsk {
  assertWhole('limit', question.limit, REJECTS_LIMIT_MAX)
  const { limit, cursor, ...filter } = question
  const after = cursor === null ? null : parseRejectPlace(cursor)
  return { limit, filter, after }
}

/** An opaque cursor: base64url of JSON. It is good for rows of the same plan only. */
export function toRowCursor(plan: MetricPlan, place: RowPlace): string {
  const start = Number.isFinite(place.windowStart) ? place.windowStart : null
  return seal([plan.hash, start, place.rank, ...place.key])
}

export function toRejectCursor(place: RejectPlace): string {
  return seal([place.arrivalMs, place.topic, place.partition, place.offset])
}

function parseRowPlace(cursor: string, plan: MetricPlan): RowPlace {
  const [hash, start, rank, ...key] = unseal(cursor)
  const isKey = key.every(field => field === null || typeof field === 'string')
  const isStart = start === null ? plan.window.kind === 'all' : Number.isSafeInteger(start)
  if (hash !== plan.hash || !isStart || !Number.isSafeInteger(rank) || !isKey) {
    refuseCursor(`metric '${plan.name}'`)
  }
  if (key.length !== plan.groupBy.length) refuseCursor(`metric '${plan.name}'`)
  return {
    windowStart: (start ?? Number.NEGATIVE_INFINITY) as number,
    rank: rank as number,
    key: key as readonly (string | null)[],
  }
}

function parseRejectPlace(cursor: string): RejectPlace {
  const [arrivalMs, topic, partition, offset] = unseal(cursor)
  if (
    !Number.isSafeInteger(arrivalMs) ||
    typeof topic !== 'string' ||
    !Number.isSafeInteger(partition) ||
    !Number.isSafeInteger(offset)
  ) {
    refuseCursor('the quarantine')
  }
  return {
    arrivalMs: arrivalMs as number,
    topic: topic as string,
    partition: partition as number,
    offset: offset as number,
  }
}

function seal(fields: readonly (string | number | null)[]): string {
  return Buffer.from(JSON.stringify(fields)).toString('base64url')
}

function unseal(cursor: string): readonly unknown[] {
  try {
    const fields: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    return Array.isArray(fields) ? fields : []
  } catch {
    return []
  }
}

function assertWhole(name: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return
  refuse(`${name} is ${value}; give a whole number from 1 to ${max}`)
}

function refuseCursor(what: string): never {
  refuse(`the cursor is none of ${what}; give 'next' of the page before, or none for the first`)
}

function refuse(message: string): never {
  throw new Fault('QUERY_INVALID', message)
}
