/**
 * Questions answered from views. In the order of windows they are answered window by window, so
 * that what a page does not reach is not looked at.
 */
import type { AnswerContext, AnswerGroup } from '../../model/answer.ts'
import type { Result } from '../../model/result.ts'
import type { KeyCondition } from '../../model/shape.ts'
import { isDerived } from '../../model/shape.ts'
import type { Interval } from '../../model/window.ts'
import { present } from '../../std/assert.ts'
import { compareUtf8 } from '../../std/bytes.ts'
import type { Ask, RowPlace } from '../question.ts'
import type { ComparePlaces, Placed } from './places.ts'
import { bestOf, createOrder, toPage, toPlaced } from './places.ts'
import type { View, ViewGroup } from './view.ts'
import { mergeGroups, toPlaceText } from './view.ts'

/** `views`: those of all shards, of the plan that is kept; their rows add up. */
export function answerViews(views: readonly View[], ask: Ask, context: AnswerContext): Result {
  const compare = createOrder(ask)
  const windows = windowsOf(views, ask)
  const page: Placed[] = []
  if (ask.order.kind === 'window') {
    for (const window of windows) {
      if (isPassed(window, ask)) continue
      const groups = groupsOf(views, window, ask)
      const placed =
        ask.plan.top === null
          ? placeByKey(groups, ask, { compare, count: page.length })
          : placeAll(groups, ask).filter(one => isAfter(one.place, ask.after, compare))
      for (const one of placed.toSorted((a, b) => compare(a.place, b.place))) page.push(one)
      if (page.length > ask.limit) break
    }
    return toPage(ask, page, context)
  }
  for (const window of windows) {
    const groups = groupsOf(views, window, ask)
    for (const one of placeAll(groups, ask)) {
      if (isAfter(one.place, ask.after, compare)) page.push(one)
    }
  }
  return toPage(
    ask,
    page.toSorted((a, b) => compare(a.place, b.place)),
    context,
  )
}

/** A window of the answer, and where those begin that it is made of. */
interface Span {
  /** null: as it is kept. */
  readonly window: Interval | null
  readonly start: number
  readonly starts: readonly number[]
}

/** The windows that are asked for, in the order of the answer. */
function windowsOf(views: readonly View[], ask: Ask): readonly Span[] {
  const { fromMs, toMs, last, order, windowing } = ask
  const windows = ask.windows === null ? null : new Set(ask.windows)
  const starts = [...new Set(views.flatMap(view => [...view.windows.keys()]))]
    .filter(start => fromMs === null || start >= fromMs)
    .filter(start => toMs === null || start < toMs)
    .filter(start => windows === null || windows.has(start))
    .toSorted((a, b) => (a < b ? -1 : 1))
  const spans = windowing === null ? starts.map(toSpan) : rollUp(starts, windowing)
  const isNewestFirst = order.kind === 'window' && order.isDescending
  if (last === null) return isNewestFirst ? spans.toReversed() : spans
  const newest = withRows(spans.toReversed(), views, ask).slice(0, last)
  return isNewestFirst ? newest : newest.toReversed()
}

function toSpan(start: number): Span {
  return { window: null, start, starts: [start] }
}

function rollUp(starts: readonly number[], windowing: (timeMs: number) => Interval): Span[] {
  const spans = new Map<number, { window: Interval; start: number; starts: number[] }>()
  for (const start of starts) {
    const window = windowing(start)
    const known = spans.get(window.start)
    if (known === undefined)
      spans.set(window.start, { window, start: window.start, starts: [start] })
    else known.starts.push(start)
  }
  return [...spans.values()]
}

/** Of a filter, windows without a row of it are none of the newest. */
function withRows(spans: readonly Span[], views: readonly View[], ask: Ask): readonly Span[] {
  if (ask.filters.length === 0) return spans
  return spans.filter(span => groupsOf(views, span, ask).length > 0)
}

function isPassed({ start }: Span, { after, order }: Ask): boolean {
  if (after === null || order.kind !== 'window' || start === after.windowStart) return false
  return start < after.windowStart !== order.isDescending
}

type Groups = readonly (readonly ViewGroup[])[]

/** The groups of a window of the answer: of each key those of all views and kept windows. */
function groupsOf(views: readonly View[], span: Span, ask: Ask): Groups {
  const derived = isDerived(ask)
  const found = new Map<string, ViewGroup[]>()
  for (const start of span.starts) {
    for (const view of views) {
      const groups = view.windows.get(start)
      if (groups === undefined) continue
      for (const [place, group] of meantOf(groups, ask)) {
        const shaped = derived ? reshape(group, span.window, ask) : group
        const name = derived ? toPlaceText(shaped.key) : place
        const known = found.get(name)
        if (known === undefined) found.set(name, [shaped])
        else known.push(shaped)
      }
    }
  }
  return [...found.values()]
}

function reshape(group: ViewGroup, window: Interval | null, { kept }: Ask): ViewGroup {
  const key = kept.map(index => group.key[index] ?? null)
  return { ...group, window: window ?? group.window, key }
}

type Named = readonly [string, ViewGroup]

/** Where the whole key is told, groups are looked up; else they are looked through. */
function* meantOf(
  groups: ReadonlyMap<string, ViewGroup>,
  { filters, base }: Ask,
): Generator<Named, void> {
  if (filters.length === 0) {
    yield* groups
    return
  }
  const isWhole = filters.length === base.groupBy.length
  const count = filters.reduce((product, { values }) => product * values.size, 1)
  if (isWhole && count <= groups.size) {
    for (const key of keysOf(filters, base.groupBy.length)) {
      const place = toPlaceText(key)
      const group = groups.get(place)
      if (group !== undefined) yield [place, group]
    }
    return
  }
  for (const [place, group] of groups) {
    if (filters.every(({ index, values }) => values.has(group.key[index] ?? null))) {
      yield [place, group]
    }
  }
}

/** Every key that filters of all its fields mean. */
function* keysOf(filters: readonly KeyCondition[], length: number): Generator<(string | null)[]> {
  let keys: (string | null)[][] = [[]]
  for (let at = 0; at < length; at += 1) {
    const { values } = present(
      filters.find(one => one.index === at),
      'the filter of a field',
    )
    keys = keys.flatMap(key => [...values].map(value => [...key, value]))
  }
  yield* keys
}

interface Reached {
  readonly compare: ComparePlaces
  /** Rows that the page has. */
  readonly count: number
}

/** By key; only what the page may still need is added up. */
function placeByKey(groups: Groups, ask: Ask, { compare, count }: Reached): readonly Placed[] {
  const keyed = groups.map(same => {
    const { key, window } = present(same[0], 'a group')
    return { same, place: { windowStart: window.start, rank: 0n, key } }
  })
  return keyed
    .filter(one => isAfter(one.place, ask.after, compare))
    .toSorted((a, b) => compare(a.place, b.place))
    .slice(0, ask.limit + 1 - count)
    .map(one => toPlaced(ask, toAnswerGroup(mergeGroups(one.same))))
}

/** All of a window, of `top` the best. */
function placeAll(groups: Groups, ask: Ask): readonly Placed[] {
  const merged = groups.map(same => toAnswerGroup(mergeGroups(same)))
  return bestOf(ask, merged).map(group => toPlaced(ask, group))
}

function toAnswerGroup(found: ViewGroup): AnswerGroup {
  const parts = found.parts.toSorted((a, b) => compareUtf8(a.currency ?? '', b.currency ?? ''))
  const distinct = found.sets.map(set => set?.size ?? 0)
  return { window: found.window, key: found.key, parts, distinct }
}

function isAfter(place: RowPlace, after: RowPlace | null, compare: ComparePlaces): boolean {
  return after === null || compare(place, after) > 0
}
