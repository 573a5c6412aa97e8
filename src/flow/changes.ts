/**
 * What the live stream has yet to tell: which windows of which metrics changed, because an event
 * was counted there, or because progress made them final. Of each metric so many windows are kept
 * by name; of more it is only known that they are many.
 */
import type { MetricPlan } from '../model/plan.ts'
import type { Step } from '../model/step.ts'
import { TIME_MS_MIN } from '../model/time.ts'
import type { Windowing } from '../model/window.ts'
import { createWindowing } from '../model/window.ts'

export interface Change {
  readonly plan: MetricPlan
  /** Where the changed windows begin, in no order; of `all`, -Infinity. null: they are many. */
  readonly starts: ReadonlySet<number> | null
}

export interface Changes {
  /** Notes the windows that a step counts events in. */
  addStep(step: Step): void
  /** Notes the windows that became final as progress moved; `before` null: nobody knows. */
  addFinal(before: number | null, now: number | null): void
  /** What was noted since the last take, or was given back. */
  take(): readonly Change[]
  /** Notes again what was taken and could not be told. */
  giveBack(changes: readonly Change[]): void
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
    addStep: step => {
      for (const { plan, windowStart } of step.shards.flatMap(shard => shard.partials)) {
        add(plan, windowStart)
      }
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
    giveBack: changes => {
      for (const { plan, starts } of changes) add(plan, starts)
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
