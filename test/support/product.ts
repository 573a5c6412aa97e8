/** What the product is given where the oracle is given plain data: the same, in its own terms. */
import type { Catalog } from '../../src/model/catalog.ts'
import type { EventSchema } from '../../src/model/event.ts'
import { defineEvent } from '../../src/model/event.ts'
import type { FieldMap } from '../../src/model/field.ts'
import { boolean, decimal, integer, money, string } from '../../src/model/field.ts'
import type { Metric } from '../../src/model/metric.ts'
import type { ResultRow } from '../../src/model/result.ts'
import { SHOP_EVENTS } from '../../src/model/shop-events.ts'
import type { OracleRow } from '../oracle/recount.ts'
import type { OracleMetric, OracleSettings, OracleType } from '../oracle/shop.ts'

/** An event type of every kind of field, as a user might declare it. */
export const REVIEW_TYPE: OracleType = {
  name: 'review_posted',
  fields: [
    { name: 'product_id', kind: 'string' },
    { name: 'stars', kind: 'integer', min: 1, max: 5 },
    { name: 'weight', kind: 'decimal', scale: 3, optional: true },
    { name: 'tip', kind: 'money', optional: true },
    { name: 'verified', kind: 'boolean', optional: true },
  ],
}

const REVIEW_FIELDS: FieldMap = {
  product_id: string(),
  stars: integer({ min: 1, max: 5 }),
  weight: decimal(3, { optional: true }),
  tip: money({ optional: true }),
  verified: boolean({ optional: true }),
}

export const REVIEW_EVENT: EventSchema = defineEvent('review_posted', REVIEW_FIELDS)

export function toCatalog(settings: OracleSettings, partitions: number): Omit<Catalog, 'version'> {
  const { topicPrefix, currency, dedupDays, futureSkewMs, eventAgeMsMax } = settings
  const hasReviews = settings.types.some(type => type.name === REVIEW_EVENT.name)
  const events = hasReviews ? [...SHOP_EVENTS, REVIEW_EVENT] : SHOP_EVENTS
  const verdicts = { topicPrefix, currency, dedupDays, futureSkewMs, eventAgeMsMax }
  return { events, partitions, partitioner: 'murmur2', ...verdicts }
}

/**
 * A random definition, past the types of `defineMetric`, as a config of plain JavaScript gives it.
 */
export function toMetric(metric: OracleMetric): Metric {
  return { kind: 'metric', ...metric } as Metric
}

/** What of an answer's rows the oracle knows too. */
export function toOracleRows(rows: readonly ResultRow[]): OracleRow[] {
  return rows.map(({ window_start, window_end, key, values }) => {
    return { window_start, window_end, key, values }
  })
}
