/** Quarantine: the order of rejects, newest arrival first, and pages of it. */
import type { RejectPage } from '../model/result.ts'
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

/** The page that is asked for, of all rejects in any order. */
export function pageRejects(all: readonly Reject[], { limit, after }: RejectAsk): RejectPage {
  const page = all
    .toSorted(compareRejects)
    .filter(reject => after === null || compareRejects(reject, after) > 0)
  const rejects = page.slice(0, limit)
  const last = rejects.at(-1)
  return {
    rejects,
    next: page.length > limit && last !== undefined ? toRejectCursor(last) : null,
  }
}
