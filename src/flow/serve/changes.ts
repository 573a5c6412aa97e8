/**
 * What the live stream has yet to tell: which windows of which metrics changed, because an event
 * was counted there, or because progress made them final. Of each metric so many windows are kept
 * by name; of more it is only known that they are many.
 */
import type { Change } from '../../model/news.ts'
import type { MetricPlan } from '../../model/plan.ts'
import { TIME_MS_MIN } from '../../model/time.ts'
import type { Windowing } from '../../model/window.ts'
import { createWindowing } from '../../model/window.ts'

export interface Changes {
  add(changes: readonly Change[]): void
  /** Notes the windows that became final as progress moved; `before` null: nobody knows. */
  addFinal(before: number | null, now: number | null): void
  /** What was noted since the last take; add again what could not be told. */
  take(): readonly Change[]
}

/** Windows of a metric that are kept by name: more than a second of a busy shop touches. */
export const WINDOWS_MAX = 100

export function createChanges(plans: readonly MetricPlan[]): Changes {
  const windowings = new Map(
    plans
      .filter(plan => plan.window.kind !== 'all')
      .map(plan => [plan, createWindowing(plan.window)]),
  )
  let changed = new Map<MetricPlan, Set<number> | null>()

  const add = (plan: MetricPlan, starts: Iterable<number> | null): void => {
    const known = changed.get(plan) ?? (changed.has(plan) ? null : new Set<number>())
    if (known === null || starts === null) {
      changed.set(plan, null)
      return
    }
    for (const start of starts) known.add(start)
    changed.set(plan, known.size > WINDOWS_MAX ? null : known)
  }
  return {
    add: changes => {
      for (const { plan, starts } of changes) add(plan, starts)
    },
    addFinal: (before, now) => {
      if (now === null || now === before) return
      for (const [plan, windowing] of windowings) {
        const from = before === null ? null : before - plan.graceMs
        const starts = from === null ? null : startsOfEnded(windowing, from, now - plan.graceMs)
        if (starts === null || starts.length > 0) add(plan, starts)
      }
    },
    take: () => {
      const taken = [...changed].map(([plan, starts]) => ({ plan, starts }))
      changed = new Map()
      return taken
    },
  }
}

/** Where the windows begin whose end is in (from, to]; null: they are more than WINDOWS_MAX. */
function startsOfEnded(windowing: Windowing, from: number, to: number): readonly number[] | null {
  const starts: number[] = []
  let window = windowing(Math.max(from, TIME_MS_MIN))
  while (window.end <= to) {
    if (starts.length === WINDOWS_MAX) return null
    starts.push(window.start)
    window = windowing(window.end)
  }
  return starts
}
