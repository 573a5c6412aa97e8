/** The catalog and the built-in metrics, as `weir start` has them by default. */
import type { Catalog } from '../src/model/catalog.ts'
import { createCatalog } from '../src/model/catalog.ts'
import type { MetricPlan } from '../src/model/plan.ts'
import { planMetrics } from '../src/model/plan.ts'
import { SHOP_EVENTS } from '../src/model/shop-events.ts'
import { SHOP_METRICS } from '../src/model/shop-metrics.ts'
import { HOUR_MS, MINUTE_MS } from '../src/std/units.ts'

export function benchCatalog(partitions: number): Catalog {
  return createCatalog({
    events: SHOP_EVENTS,
    topicPrefix: '',
    currency: 'USD',
    dedupDays: 1,
    futureSkewMs: HOUR_MS,
    eventAgeMsMax: null,
    partitions,
    partitioner: 'murmur2',
  })
}

export function benchPlans(catalog: Catalog): readonly MetricPlan[] {
  return planMetrics(SHOP_METRICS, catalog, { zone: 'UTC', graceMs: 10 * MINUTE_MS })
}
