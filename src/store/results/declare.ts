/** Which metrics a shard counts, and since when: what a manifest says of them. */
import type { MeasurePlan, MetricPlan } from '../../model/plan.ts'
import type { PartitionTotals } from '../../model/step.ts'
import { toPartialUntil } from '../declaration.ts'
import type { MetricLine } from './manifest.ts'

export interface Declared {
  readonly metrics: readonly MetricLine[]
  /** Of the last commit. */
  readonly sequence: number
  readonly partitions: readonly PartitionTotals[]
}

/**
 * What is counted from now on. A metric that is new, or comes back after commits without it, is
 * partial over all that has begun until now.
 */
export function declareMetrics(
  { metrics, sequence, partitions }: Declared,
  plans: readonly MetricPlan[],
): readonly MetricLine[] {
  const partialUntilMs = toPartialUntil(partitions)
  const known = new Map(metrics.map(line => [line.plan, line]))
  const declared = plans.map(plan => {
    const line = known.get(plan.hash)
    const isWhole = line !== undefined && (line.retired === null || line.retired === sequence)
    return toLine(plan, isWhole ? line.partial_until_ms : partialUntilMs)
  })
  const retired = metrics
    .filter(line => !plans.some(plan => plan.hash === line.plan))
    .map(line => ({ ...line, retired: line.retired ?? sequence }))
  return [...declared, ...retired]
}

function toLine(plan: MetricPlan, partialUntilMs: number | null): MetricLine {
  return {
    metric: plan.name,
    plan: plan.hash,
    zone: plan.zone,
    group_by: plan.groupBy.map(ref => ref.name),
    measures: plan.measures.map(measure => ({
      name: measure.name,
      kind: measure.kind,
      type: typeOf(measure),
    })),
    partial_until_ms: partialUntilMs,
    retired: null,
  }
}

/** What the units of a value are of; null where it is a count, or has no value of its own. */
function typeOf(measure: MeasurePlan): string | null {
  switch (measure.kind) {
    case 'sum':
    case 'min':
    case 'max': {
      const { type } = measure.field
      return type.kind === 'decimal' ? `decimal(${type.scale})` : type.kind
    }
    case 'count_distinct':
      return measure.additive ? null : 'ids'
    case 'count':
    case 'ratio':
      return null
    default:
      return null
  }
}
