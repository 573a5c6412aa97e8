/** Quarantine: the order of rejects, newest arrival first, and pages of it. */
import type { RejectFilter, RejectPage } from '../model/result.ts'
import type { Reject } from '../model/step.ts'
import { compareUtf8 } from '../std/bytes.ts'
import type { RejectAsk, RejectPlace } from './question.ts'
import { toRejectCursor } from './question.ts'

export function compareRejects(left: RejectPlace, right: RejectPlace): number {
  return (
    right.arrivalMs - left.arrivalMs ||
    compareUtf8(left.topic, right.topic) ||
    left.partition - right.partition ||
    right.offset - left.offset
  )
}

/** Whether a reject is one of those that are meant. */
export function isMeant(reject: Reject, filter: RejectFilter): boolean {
  const { arrivalMs } = reject
  const isEqual = <Value>(wanted: Value | null | undefined, value: Value): boolean =>
    (wanted ?? value) === value
  const hasRange = (filter.fromMs ?? null) !== null || (filter.toMs ?? null) !== null
  return (
    isEqual(filter.code, reject.code) &&
    isEqual(filter.topic, reject.topic) &&
    isEqual(filter.partition, reject.partition) &&
    isEqual(filter.offset, reject.offset) &&
    (!hasRange ||
      (arrivalMs >= Math.max(0, filter.fromMs ?? 0) &&
        arrivalMs < (filter.toMs ?? Number.POSITIVE_INFINITY)))
  )
}

/** The page that is asked for, of all rejects in any order. */
export function pageRejects(
  all: readonly Reject[],
  { limit, filter, after }: RejectAsk,
): RejectPage {
  const page = all
    .filter(reject => isMeant(reject, filter))
    .toSorted(compareRejects)
    .filter(reject => after === null || compareRejects(reject, after) > 0)
  const rejects = page.slice(0, limit)
  const last = rejects.at(-1)
  return {
    rejects,
    next: page.length > limit && last !== undefined ? toRejectCursor(last) : null,
  }
}
