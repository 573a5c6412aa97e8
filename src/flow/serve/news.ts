/** A commit of this process as news. */
import type { News } from '../../model/news.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { Step } from '../../model/step.ts'
import type { Committed } from '../../store/store.ts'

export function toNews({ sequence, progress }: Committed, { shards }: Step): News {
  const partials = shards.flatMap(shard => shard.partials)
  const arrivals = shards.flatMap(shard => shard.arrivalMs ?? [])
  return {
    sequence,
    progress,
    changes: partials.map(({ plan, windowStart }) => ({ plan, starts: new Set(windowStart) })),
    hasRejects: shards.some(shard => shard.rejects.length > 0),
    arrivalMs: arrivals.length === 0 ? null : Math.min(...arrivals),
  }
}

/** A swap as news: any windows of its metrics may have changed. */
export function toSwapNews({ sequence, progress }: Committed, plans: readonly MetricPlan[]): News {
  const changes = plans.map(plan => ({ plan, starts: null }))
  return { sequence, progress, changes, hasRejects: false, arrivalMs: null }
}
