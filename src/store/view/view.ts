/** A view: the rows of a metric added up in memory, by window and key, ready to be asked. */
import type { AnswerPart } from '../../model/answer.ts'
import { keepsSet, mergeParts } from '../../model/answer.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { Interval } from '../../model/window.ts'
import { present } from '../../std/assert.ts'
import type { PartialRow } from '../rows.ts'

export interface View {
  readonly plan: MetricPlan
  /** Rows and ids of sets that are kept: what the view weighs. */
  readonly size: number
  /** Groups by the start of their window, then by their key as JSON. */
  readonly windows: ReadonlyMap<number, ReadonlyMap<string, ViewGroup>>
  add(row: PartialRow): void
}

export interface ViewGroup {
  readonly window: Interval
  readonly key: readonly (string | null)[]
  /** By currency. */
  readonly parts: ReadonlyMap<string | null, AnswerPart>
  /** One per measure: the ids of its set, in any text; null where it keeps none. */
  readonly sets: readonly (ReadonlySet<string> | null)[]
}

interface MutableGroup extends ViewGroup {
  readonly parts: Map<string | null, AnswerPart>
  readonly sets: readonly (Set<string> | null)[]
}

export function createView(plan: MetricPlan): View {
  const windows = new Map<number, Map<string, MutableGroup>>()
  const hasSet = plan.measures.map(keepsSet)
  let size = 0
  const findGroup = (row: PartialRow): MutableGroup => {
    const groups = windows.get(row.window.start) ?? new Map<string, MutableGroup>()
    windows.set(row.window.start, groups)
    const place = JSON.stringify(row.key)
    const group = groups.get(place) ?? {
      window: row.window,
      key: row.key,
      parts: new Map(),
      sets: hasSet.map(has => (has ? new Set<string>() : null)),
    }
    groups.set(place, group)
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
      const { currency } = row.part
      const known = parts.get(currency)
      parts.set(currency, known === undefined ? row.part : mergeParts(known, row.part))
      if (known === undefined) size += 1
      for (const [index, ids] of row.sets.entries()) {
        if (ids.length === 0) continue
        const set = present(sets[index], 'the set of a measure')
        size -= set.size
        for (const id of ids) set.add(id)
        size += set.size
      }
    },
  }
}

/** Groups of one window and key, from several views, as one. */
export function mergeGroups(left: ViewGroup, right: ViewGroup): ViewGroup {
  const parts = new Map(left.parts)
  for (const [currency, part] of right.parts) {
    const known = parts.get(currency)
    parts.set(currency, known === undefined ? part : mergeParts(known, part))
  }
  const sets = left.sets.map((set, index) =>
    set === null ? null : new Set([...set, ...(right.sets[index] ?? [])]),
  )
  return { window: left.window, key: left.key, parts, sets }
}
