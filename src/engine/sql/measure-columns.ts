/** Measures as columns of aggregates, named as model/run.ts says. */
import type { MeasurePlan, MetricPlan } from '../../model/plan.ts'
import { isMoney } from '../../model/plan.ts'
import { runColumnsOf, toCarriersColumn } from '../../model/run.ts'
import { unreachable } from '../../std/assert.ts'
import type { Naming } from './condition.ts'
import { toConditionsSql } from './condition.ts'
import type { Dialect } from './dialect.ts'

export function toMeasureColumns(
  plan: MetricPlan,
  dialect: Dialect,
  naming: Naming,
): readonly string[] {
  const { quote } = dialect
  const { measures } = runColumnsOf(plan)
  return plan.measures.flatMap((measure, index) => {
    const column = measures[index]?.column ?? null
    if (column === null) return []
    const value = `${toAggregate(measure, dialect, naming)} AS ${quote(column)}`
    if (measure.kind !== 'sum') return [value]
    const carriers = `COUNT(${naming(measure.field.path)})`
    return [value, `${carriers} AS ${quote(toCarriersColumn(column))}`]
  })
}

function toAggregate(measure: MeasurePlan, dialect: Dialect, naming: Naming): string {
  switch (measure.kind) {
    case 'count':
      return measure.where.length === 0
        ? 'COUNT(*)'
        : `COUNT(CASE WHEN ${toConditionsSql(measure.where, dialect, naming)} THEN 1 END)`
    case 'count_distinct':
      return `COUNT(DISTINCT ${naming(measure.field.path)})`
    case 'sum':
    case 'min':
    case 'max': {
      const value = `${measure.kind.toUpperCase()}(${naming(measure.field.path)})`
      // Amounts of several currencies are not added up, nor compared.
      const apart = isMoney(measure) ? `CASE WHEN GROUPING(currency) = 0 THEN ${value} END` : value
      return `CAST(${apart} AS STRING)`
    }
    case 'ratio':
      return 'NULL'
    default:
      return unreachable(measure)
  }
}
