/**
 * Questions answered from views, window by window in the order of the answer, so that what a page
 * does not reach is not looked at.
 */
import type { AnswerContext, AnswerGroup } from '../../model/answer.ts'
import { compareKeys, countOf, toResultRow } from '../../model/answer.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { Result } from '../../model/result.ts'
import { present } from '../../std/assert.ts'
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
    const groups = groupsOf(views, start)
    const placed = plan.top === null ? placeByKey(groups, ask, page.length) : placeTop(groups, ask)
    for (const one of placed) page.push(one)
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

/** The groups of a window: of each key those of all views. */
function groupsOf(views: readonly View[], start: number): readonly (readonly ViewGroup[])[] {
  const found = new Map<string, ViewGroup[]>()
  for (const view of views) {
    for (const [place, group] of view.windows.get(start) ?? []) {
      const known = found.get(place)
      if (known === undefined) found.set(place, [group])
      else known.push(group)
    }
  }
  return [...found.values()]
}

type Groups = readonly (readonly ViewGroup[])[]

/** By key; only what the page, which has `count` rows, may still need is added up. */
function placeByKey(groups: Groups, { plan, limit, after }: Ask, count: number): readonly Placed[] {
  const keyed = groups.map(same => {
    const { key, window } = present(same[0], 'a group')
    return { same, place: { windowStart: window.start, rank: 0, key } }
  })
  return keyed
    .filter(one => isAfter(one.place, after))
    .toSorted((a, b) => comparePlaces(a.place, b.place))
    .slice(0, limit + 1 - count)
    .map(one => toPlaced(plan, mergeGroups(one.same)))
}

/** The best of a window, as far as they are not passed. */
function placeTop(groups: Groups, { plan, after }: Ask): readonly Placed[] {
  return groups
    .map(same => toPlaced(plan, mergeGroups(same)))
    .toSorted((a, b) => comparePlaces(a.place, b.place))
    .slice(0, plan.top?.limit)
    .filter(one => isAfter(one.place, after))
}

function toPlaced(plan: MetricPlan, found: ViewGroup): Placed {
  const parts = found.parts.toSorted((a, b) => compareUtf8(a.currency ?? '', b.currency ?? ''))
  const distinct = found.sets.map(set => set?.size ?? 0)
  const group = { window: found.window, key: found.key, parts, distinct }
  const rank = plan.top === null ? 0 : countOf(plan, group, plan.top.by)
  return { group, place: { windowStart: found.window.start, rank, key: found.key } }
}

/** Of places in one window. */
export function comparePlaces(left: RowPlace, right: RowPlace): number {
  return right.rank - left.rank || compareKeys(left.key, right.key)
}

/** Of a place in a window that was not passed. */
function isAfter(place: RowPlace, after: RowPlace | null): boolean {
  if (after === null || place.windowStart !== after.windowStart) return true
  return comparePlaces(place, after) > 0
}
