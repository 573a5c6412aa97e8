/**
 * Questions answered from views, window by window in the order of the answer, so that what a page
 * does not reach is not looked at.
 */
import type { AnswerContext, AnswerGroup } from '../../model/answer.ts'
import { compareKeys, countOf, toResultRow } from '../../model/answer.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { Result } from '../../model/result.ts'
import { compareUtf8 } from '../../std/bytes.ts'
import type { Ask, RowPlace } from '../question.ts'
import { toRowCursor } from '../question.ts'
import type { View, ViewGroup } from './view.ts'
import { mergeGroups } from './view.ts'

/** `views`: those of all shards, of the plan that is asked for; their rows add up. */
export function answerViews(views: readonly View[], ask: Ask, context: AnswerContext): Result {
  const { plan, limit } = ask
  const page: Placed[] = []
  for (const start of startsOf(views, ask)) {
    const placed = groupsOf(views, start).map(group => toPlaced(plan, group))
    const sorted = placed.toSorted((a, b) => comparePlaces(a.place, b.place))
    for (const one of plan.top === null ? sorted : sorted.slice(0, plan.top.limit)) {
      if (isAfter(one.place, ask.after)) page.push(one)
    }
    if (page.length > limit) break
  }
  const shown = page.slice(0, limit)
  const end = shown.at(-1)
  return {
    metric: plan.name,
    zone: plan.zone,
    rows: shown.map(one => toResultRow(plan, one.group, context)),
    next: page.length > limit && end !== undefined ? toRowCursor(plan, end.place) : null,
  }
}

interface Placed {
  readonly group: AnswerGroup
  readonly place: RowPlace
}

/** Where the windows that are asked for begin, in the order of the answer. */
function startsOf(views: readonly View[], ask: Ask): readonly number[] {
  const { fromMs, toMs, last, after } = ask
  const windows = ask.windows === null ? null : new Set(ask.windows)
  const starts = [...new Set(views.flatMap(view => [...view.windows.keys()]))]
    .filter(start => fromMs === null || start >= fromMs)
    .filter(start => toMs === null || start < toMs)
    .filter(start => windows === null || windows.has(start))
    .toSorted((a, b) => (a < b ? -1 : 1))
  if (last === null) {
    return after === null ? starts : starts.filter(start => start >= after.windowStart)
  }
  const newest = starts.toReversed().slice(0, last)
  return after === null ? newest : newest.filter(start => start <= after.windowStart)
}

function groupsOf(views: readonly View[], start: number): readonly ViewGroup[] {
  const groups = new Map<string, ViewGroup>()
  for (const view of views) {
    for (const [place, group] of view.windows.get(start) ?? []) {
      const known = groups.get(place)
      groups.set(place, known === undefined ? group : mergeGroups(known, group))
    }
  }
  return [...groups.values()]
}

function toPlaced(plan: MetricPlan, found: ViewGroup): Placed {
  const parts = [...found.parts.values()].toSorted((a, b) =>
    compareUtf8(a.currency ?? '', b.currency ?? ''),
  )
  const distinct = found.sets.map(set => set?.size ?? 0)
  const group = { window: found.window, key: found.key, parts, distinct }
  const rank = plan.top === null ? 0 : countOf(plan, group, plan.top.by)
  return { group, place: { windowStart: found.window.start, rank, key: found.key } }
}

/** Of places in one window. */
function comparePlaces(left: RowPlace, right: RowPlace): number {
  return right.rank - left.rank || compareKeys(left.key, right.key)
}

/** Of a place in a window that was not passed. */
function isAfter(place: RowPlace, after: RowPlace | null): boolean {
  if (after === null || place.windowStart !== after.windowStart) return true
  return comparePlaces(place, after) > 0
}
