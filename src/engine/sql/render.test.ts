/** What a compiled metric looks like: readable, and the same but for quotes in both dialects. */
import { expect, test } from 'vitest'
import { createCatalog } from '../../model/catalog.ts'
import { defineEvent } from '../../model/event.ts'
import { decimal, integer, string } from '../../model/field.ts'
import type { Metric } from '../../model/metric.ts'
import { count, defineMetric, sum } from '../../model/metric.ts'
import { planMetrics } from '../../model/plan.ts'
import { productView, SHOP_EVENTS } from '../../model/shop-events.ts'
import { present } from '../../std/assert.ts'
import type { SqlEngine } from './sql.ts'
import { compileMetric } from './sql.ts'

const odd = defineEvent('odd-one.v2', {
  window_start: string({ optional: true }),
  offset: integer({ optional: true }),
  key1_a: string({ optional: true }),
  weight: decimal(3, { optional: true }),
})
const catalog = createCatalog({
  events: [...SHOP_EVENTS, odd],
  topicPrefix: '',
  currency: 'USD',
  dedupDays: 1,
  futureSkewMs: 0,
  eventAgeMsMax: null,
  partitions: 4,
  partitioner: 'murmur2',
})
const range = { fromMs: Date.parse('2024-03-30'), toMs: Date.parse('2024-04-02'), isWhole: false }

function compile(metric: Metric, engine: SqlEngine): string {
  const plans = planMetrics([metric], catalog, { zone: 'Europe/Berlin', graceMs: 0 })
  return compileMetric(present(plans[0], 'a plan'), catalog, { range, engine })
}

const views = defineMetric('views', {
  from: productView,
  window: 'day',
  groupBy: ['data.product_id'],
  measures: { views: count() },
  where: { 'data.category': "men's" },
  top: { by: 'views', limit: 3 },
})

test('a metric as SQL', () => {
  const [, head, ...lines] = compile(views, 'duckdb').split('\n')
  expect(head).toBe('-- 2024-03-30T00:00:00.000Z to 2024-04-02T00:00:00.000Z')
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "WITH segments AS (
      SELECT CAST(from_ms AS BIGINT) AS from_ms,
        CAST(to_ms AS BIGINT) AS to_ms,
        CAST(offset_ms AS BIGINT) AS offset_ms,
        CAST(start_ms AS BIGINT) AS start_ms,
        CAST(end_ms AS BIGINT) AS end_ms
      FROM (VALUES
        (1711756800000, 1711839600000, 3600000, NULL, NULL),
        (1711839600000, 1711922400000, 3600000, 1711839600000, 1711922400000),
        (1711922400000, 1729980000000, 7200000, NULL, NULL)
      ) AS given (from_ms, to_ms, offset_ms, start_ms, end_ms)
    ),
    events AS (
      SELECT 'product_view' AS event_type,
        "timestamp_ms",
        "product_id",
        "category"
      FROM lake_product_view
      WHERE "event_date" >= '2024-03-30' AND "event_date" <= '2024-04-02'
        AND "timestamp_ms" >= 1711756800000 AND "timestamp_ms" < 1712095200000
        AND "category" = 'men''s'
    ),
    placed AS (
      SELECT events.*,
        COALESCE(segments.start_ms,
          timestamp_ms
            - ((timestamp_ms + segments.offset_ms) % 86400000 + 86400000) % 86400000
        ) AS window_start,
        COALESCE(segments.end_ms,
          timestamp_ms
            - ((timestamp_ms + segments.offset_ms) % 86400000 + 86400000) % 86400000 + 86400000
        ) AS window_end,
        events."product_id" AS "key1_product_id"
      FROM events
      JOIN segments ON timestamp_ms >= segments.from_ms AND timestamp_ms < segments.to_ms
    ),
    counted AS (
      SELECT window_start,
        window_end,
        "key1_product_id",
        COUNT(*) AS events,
        COUNT(*) AS "value1_views"
      FROM placed
      WHERE window_start >= 1711756800000 AND window_start < 1712016000000
      GROUP BY window_start, window_end, "key1_product_id"
    ),
    ranked AS (
      SELECT *,
        DENSE_RANK() OVER (
          PARTITION BY window_start ORDER BY total DESC, "key1_product_id" NULLS FIRST
        ) AS place
      FROM (
        SELECT *,
          MAX("value1_views") OVER (PARTITION BY window_start, "key1_product_id") AS total
        FROM counted
      ) AS totals
    )
    SELECT window_start, window_end, "key1_product_id", events, "value1_views"
    FROM ranked WHERE place <= 3
    ORDER BY window_start NULLS FIRST, "key1_product_id" NULLS FIRST"
  `)
})

test('dialects differ in quotes alone', () => {
  const [duckdb, spark] = [compile(views, 'duckdb'), compile(views, 'spark')]
  expect(spark.replaceAll('`', '"').replaceAll('\\u0027', "''")).toBe(duckdb)
})

test('fields whose names the query needs itself are out of its way', () => {
  const sql = compile(
    defineMetric('odd', {
      from: odd,
      window: 'hour',
      groupBy: ['data.window_start', 'data.key1_a'],
      measures: { offsets: sum('data.offset') },
      zone: 'UTC',
    }),
    'duckdb',
  )
  expect(sql).toContain('"window_start" AS "data_window_start"')
  expect(sql).toContain('"key1_a" AS "data_key1_a"')
  expect(sql).toContain('CAST("data_offset" AS DECIMAL(18, 0)) AS "data_offset"')
  expect(sql).toContain('FROM lake_odd_one_v2')
})

test('a value that a field cannot have equals nothing', () => {
  const given = { from: odd, window: 'hour', measures: { n: count() } } as const
  const where = (weight: string): string =>
    compile(defineMetric('w', { ...given, where: { 'data.weight': weight } }), 'spark')
  expect(where('1.25')).toContain('`weight` = 1.250')
  expect(where('1.2500')).toContain('`weight` = 1.250')
  expect(where('1.2345')).toContain('AND FALSE')
  expect(where('999999999999999')).toContain('AND FALSE')
})
