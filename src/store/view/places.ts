/**
 * The order of rows, and the page of an answer: the same for groups that were added up in memory,
 * wherever they come from.
 */
import type { AnswerContext, AnswerGroup } from '../../model/answer.ts'
import { compareKeys, createRowMaker, unitsOf } from '../../model/answer.ts'
import type { Result, ResultRow } from '../../model/result.ts'
import type { Shape } from '../../model/shape.ts'
import { isDerived } from '../../model/shape.ts'
import type { Ask, RowPlace } from '../question.ts'
import { toRowCursor } from '../question.ts'

export interface Placed {
  readonly group: AnswerGroup
  readonly place: RowPlace
}

export function toPlaced({ plan, order }: Shape, group: AnswerGroup): Placed {
  const place = { windowStart: group.window.start, key: group.key }
  if (order.kind === 'measure')
    return { group, place: { ...place, rank: unitsOf(plan, group, order) } }
  if (plan.top === null) return { group, place: { ...place, rank: 0n } }
  const rank = unitsOf(plan, group, { name: plan.top.by, currency: null })
  return { group, place: { ...place, rank } }
}

export type ComparePlaces = (left: RowPlace, right: RowPlace) => number

/** Of rows in the order of an answer. */
export function createOrder({ order }: Shape): ComparePlaces {
  switch (order.kind) {
    case 'window': {
      const sign = order.isDescending ? -1 : 1
      return (left, right) =>
        sign * compareStarts(left, right) ||
        compareRanks(left.rank, right.rank, true) ||
        compareKeys(left.key, right.key)
    }
    case 'key':
      return (left, right) => compareKeys(left.key, right.key) || compareStarts(left, right)
    case 'measure':
      return (left, right) =>
        compareRanks(left.rank, right.rank, order.isDescending) ||
        compareStarts(left, right) ||
        compareKeys(left.key, right.key)
  }
}

/** Of the groups of one window those that `top` keeps, the best first; without `top` all. */
export function bestOf({ plan }: Shape, groups: readonly AnswerGroup[]): readonly AnswerGroup[] {
  const { top } = plan
  if (top === null) return groups
  return groups
    .map(group => ({ group, rank: unitsOf(plan, group, { name: top.by, currency: null }) }))
    .toSorted(
      (left, right) =>
        compareRanks(left.rank, right.rank, true) || compareKeys(left.group.key, right.group.key),
    )
    .slice(0, top.limit)
    .map(one => one.group)
}

/** -Infinity is the start of `all`. */
function compareStarts(left: RowPlace, right: RowPlace): number {
  if (left.windowStart === right.windowStart) return 0
  return left.windowStart < right.windowStart ? -1 : 1
}

/** What has no value comes last. */
function compareRanks(left: bigint | null, right: bigint | null, isDescending: boolean): number {
  if (left === right) return 0
  if (left === null) return 1
  if (right === null) return -1
  return left < right === isDescending ? 1 : -1
}

/** The answer of rows in their order, of which there is one more than fits where there are more. */
export function toPage(ask: Ask, placed: readonly Placed[], context: AnswerContext): Result {
  const shown = placed.slice(0, ask.limit)
  const end = shown.at(-1)
  const toRow = createPageRows(ask, context)
  return {
    metric: ask.plan.name,
    zone: ask.plan.zone,
    rows: shown.map(one => toRow(one.group)),
    next: placed.length > ask.limit && end !== undefined ? toRowCursor(ask, end.place) : null,
  }
}

/** Makes the rows of groups, with the measures that are asked for. */
export function createPageRows(
  { plan, shown, windowing }: Ask,
  context: AnswerContext,
): (group: AnswerGroup) => ResultRow {
  return createRowMaker(plan, { ...context, shown, isRolledUp: windowing !== null })
}

/** Whether an answer comes window by window, each as it is kept and in one order. */
export function isPlain(ask: Ask): boolean {
  return !isDerived(ask) && ask.filters.length === 0 && ask.order.kind === 'window'
}
