/** A view: the rows of a metric added up in memory, by window and key, ready to be asked. */
import type { AnswerPart } from '../../model/answer.ts'
import { keepsSet, mergeParts } from '../../model/answer.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { WindowRange } from '../../model/swap.ts'
import { isWithin } from '../../model/swap.ts'
import type { Interval } from '../../model/window.ts'
import { present } from '../../std/assert.ts'
import type { PartialRow } from '../rows.ts'

export interface View {
  readonly plan: MetricPlan
  /** Rows and ids of sets that are kept: what the view weighs. */
  readonly size: number
  /** Groups by the start of their window, then by a text of their key, the same in all views. */
  readonly windows: ReadonlyMap<number, ReadonlyMap<string, ViewGroup>>
  add(row: PartialRow): void
  /** Forgets the windows that begin within a range. */
  drop(range: WindowRange): void
}

export interface ViewGroup {
  readonly window: Interval
  readonly key: readonly (string | null)[]
  /** One per currency, in no order: there are few. */
  readonly parts: readonly AnswerPart[]
  /** One per measure: the ids of its set, in any text; null where it keeps none. */
  readonly sets: readonly (ReadonlySet<string> | null)[]
}

interface MutableGroup extends ViewGroup {
  readonly parts: AnswerPart[]
  readonly sets: readonly (Set<string> | null)[]
}

export function createView(plan: MetricPlan): View {
  const windows = new Map<number, Map<string, MutableGroup>>()
  const hasSet = plan.measures.map(keepsSet)
  const noSets = hasSet.map(() => null)
  const createSets = (): MutableGroup['sets'] =>
    hasSet.includes(true) ? hasSet.map(has => (has ? new Set<string>() : null)) : noSets
  let size = 0
  const findGroup = ({ window, key }: PartialRow): MutableGroup => {
    let groups = windows.get(window.start)
    if (groups === undefined) {
      groups = new Map()
      windows.set(window.start, groups)
    }
    const place = toPlaceText(key)
    let group = groups.get(place)
    if (group === undefined) {
      group = { window, key, parts: [], sets: createSets() }
      groups.set(place, group)
    }
    return group
  }
  return {
    plan,
    get size() {
      return size
    },
    windows,
    add: row => {
      const { parts, sets } = findGroup(row)
      if (addPart(parts, row.part)) size += 1
      for (const [index, ids] of row.sets.entries()) {
        if (ids.length === 0) continue
        const set = present(sets[index], 'the set of a measure')
        size -= set.size
        for (const id of ids) set.add(id)
        size += set.size
      }
    },
    drop: range => {
      for (const [start, groups] of windows) {
        if (!isWithin(range, start)) continue
        windows.delete(start)
        for (const { parts, sets } of groups.values()) {
          size -= sets.reduce((sum, set) => sum + (set?.size ?? 0), parts.length)
        }
      }
    },
  }
}

/** Groups of one window and key, from several views, as one. */
export function mergeGroups(groups: readonly ViewGroup[]): ViewGroup {
  const first = present(groups[0], 'a group')
  if (groups.length === 1) return first
  const parts: AnswerPart[] = []
  for (const part of groups.flatMap(group => group.parts)) addPart(parts, part)
  const sets = first.sets.map((set, index) =>
    set === null ? null : new Set(groups.flatMap(group => [...(group.sets[index] ?? [])])),
  )
  return { window: first.window, key: first.key, parts, sets }
}

/** true: it is the first of its currency. */
function addPart(parts: AnswerPart[], part: AnswerPart): boolean {
  const place = parts.findIndex(known => known.currency === part.currency)
  const known = parts[place]
  parts[place === -1 ? parts.length : place] = known === undefined ? part : mergeParts(known, part)
  return known === undefined
}

/** A text for each key, and for no two the same. */
export function toPlaceText(key: readonly (string | null)[]): string {
  const [only] = key
  return key.length === 1 && only !== null && only !== undefined ? `=${only}` : JSON.stringify(key)
}
