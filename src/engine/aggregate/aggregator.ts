/** All metrics of one shard: accepted events in, partials out. */
import type { PartialBatch } from '../../model/partial.ts'
import type { ColumnRef, MetricPlan } from '../../model/plan.ts'
import type { Batch } from './batch.ts'
import type { MetricTools } from './metric-table.ts'
import { createMetricTable } from './metric-table.ts'

export interface Aggregator {
  /** The fields that the metrics of an event type need as columns. */
  wantedOf(eventType: string): readonly ColumnRef[]
  /** Applies a batch to every metric of its type; gives how many of its events were applied. */
  add(batch: Batch): number
  /** Rows of partials that gathered since the last take. */
  readonly rowCount: number
  take(): readonly PartialBatch[]
}

/** Columns that every scan gives, wanted or not. */
const ALWAYS_THERE = ['user_id', 'event_id']

export function createAggregator(plans: readonly MetricPlan[], tools: MetricTools): Aggregator {
  const tables = plans.map(plan => createMetricTable(plan, tools))
  return {
    wantedOf: eventType => {
      const fields = plans.filter(plan => plan.from.includes(eventType)).flatMap(fieldsOf)
      const byPath = new Map(fields.map(field => [field.path, field]))
      return [...byPath.values()].filter(field => !ALWAYS_THERE.includes(field.path))
    },
    add: batch => {
      // An event is applied once it went through every metric of its type.
      let appliedCount = batch.count
      for (const table of tables) {
        if (!table.plan.from.includes(batch.eventType)) continue
        const tableCount = table.add(batch)
        if (isOfAll(table.plan)) appliedCount = Math.min(appliedCount, tableCount)
      }
      return appliedCount
    },
    get rowCount() {
      return tables.reduce((sum, table) => sum + table.rowCount, 0)
    },
    take: () => {
      const batches = tables.map(table => table.take()).filter(batch => batch !== null)
      tools.columns.clear()
      return batches
    },
  }
}

/**
 * Whether each event of its types goes into a row, so that the row count must be the event count.
 */
function isOfAll(plan: MetricPlan): boolean {
  return plan.once === null && plan.where.length === 0
}

function fieldsOf(plan: MetricPlan): readonly ColumnRef[] {
  const measured = plan.measures.flatMap(measure => {
    switch (measure.kind) {
      case 'ratio':
        return []
      case 'count':
        return measure.where.map(({ field }) => field).filter(field => field.path !== 'event_type')
      default:
        return [measure.field]
    }
  })
  const once = plan.once === null ? [] : [plan.once]
  // Groups and conditions take the event type from the topic, which has but one.
  const grouped = [...plan.groupBy, ...plan.where.map(({ field }) => field)]
  return [...grouped.filter(field => field.path !== 'event_type'), ...once, ...measured]
}
