/** Questions as stores understand them: checked, and with the cursor opened. */
import type { MetricPlan } from '../model/plan.ts'
import type { Question, RejectFilter } from '../model/result.ts'
import { LAST_MAX, LIMIT_MAX } from '../model/result.ts'
import type { Shape } from '../model/shape.ts'
import { toBaseRange, toShape } from '../model/shape.ts'
import type { Reject } from '../model/step.ts'
import { TIME_MS_MAX, TIME_MS_MIN } from '../model/time.ts'
import { WINDOW_MS_MAX } from '../model/window.ts'
import { Fault } from '../std/fault.ts'
import type { RejectQuestion } from './store.ts'

/** Rejects of one page at most; each may hold 64 KiB. */
const REJECTS_LIMIT_MAX = 1_000

/** `plan` is of the rows of the answer; those that are kept are of `base`. */
export interface Ask extends Shape {
  /** Where the windows begin that are kept: `fromMs ≤ start < toMs`. */
  readonly fromMs: number | null
  readonly toMs: number | null
  readonly limit: number
  /** The last row of the page before; null: this is the first. */
  readonly after: RowPlace | null
  /** Only the newest so many windows of the answer; null: all. */
  readonly last: number | null
  /** Only windows that begin at one of these; null: any. */
  readonly windows: readonly number[] | null
}

/** Where a row stands in the order of rows. */
export interface RowPlace {
  /** -Infinity of `all`. */
  readonly windowStart: number
  /** What it is ordered, or ranked, by; null: it has no value; 0 where nothing is. */
  readonly rank: bigint | null
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
  const { limit, last = null, windows = null } = question
  assertWhole('limit', limit, LIMIT_MAX)
  if (last !== null) assertWhole('last', last, LAST_MAX)
  if (plan.window.kind === 'all' && (question.fromMs !== null || question.toMs !== null)) {
    refuse(`metric '${plan.name}' has one window without start or end; ask without from and to`)
  }
  const shape = toShape(plan, question)
  const after = question.cursor === null ? null : parseRowPlace(question.cursor, shape)
  return { ...shape, ...toBaseRange(shape, question), limit, after, last, windows }
}

export function toRejectAsk(question: RejectQuestion): RejectAsk {
  assertWhole('limit', question.limit, REJECTS_LIMIT_MAX)
  const { limit, cursor, ...filter } = question
  const after = cursor === null ? null : parseRejectPlace(cursor)
  return { limit, filter, after }
}

/** An opaque cursor: base64url of JSON. It is good for the same question only. */
export function toRowCursor({ hash }: Shape, place: RowPlace): string {
  const start = Number.isFinite(place.windowStart) ? place.windowStart : null
  return seal([hash, start, place.rank === null ? null : String(place.rank), ...place.key])
}

export function toRejectCursor(place: RejectPlace): string {
  return seal([place.arrivalMs, place.topic, place.partition, place.offset])
}

const UNITS = /^-?\d{1,39}$/

function parseRowPlace(cursor: string, { plan, hash: wanted }: Shape): RowPlace {
  const [hash, start, rank, ...key] = unseal(cursor)
  const isKey = key.every(field => field === null || typeof field === 'string')
  const isStart = start === null ? plan.window.kind === 'all' : isWindowStart(start)
  const isRank = rank === null || (typeof rank === 'string' && UNITS.test(rank))
  if (hash !== wanted || !isStart || !isRank || !isKey || key.length !== plan.groupBy.length) {
    refuseCursor(`this question of metric '${plan.name}'`)
  }
  return {
    windowStart: (start ?? Number.NEGATIVE_INFINITY) as number,
    rank: rank === null ? null : BigInt(rank as string),
    key: key as readonly (string | null)[],
  }
}

/** A window begins before what it holds, by its length at most. */
function isWindowStart(start: unknown): boolean {
  if (typeof start !== 'number' || !Number.isSafeInteger(start)) return false
  return start >= TIME_MS_MIN - WINDOW_MS_MAX && start <= TIME_MS_MAX
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
