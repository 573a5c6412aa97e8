/** The random logs and metrics are worth testing with: they hold what they promise. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCatalog } from '../../src/model/catalog.ts'
import { planMetrics } from '../../src/model/plan.ts'
import { judge } from '../oracle/judge.ts'
import type { OracleRecord } from '../oracle/read-log.ts'
import { recount } from '../oracle/recount.ts'
import { SHOP_SETTINGS, SHOP_TYPES } from '../oracle/shop.ts'
import { REVIEW_TYPE, toCatalog, toMetric } from './product.ts'
import type { Tick } from './random-log.ts'
import { randomTicks, toAppends } from './random-log.ts'
import { randomMetric } from './random-metric.ts'

const SEED = 1
const SETTINGS = { ...SHOP_SETTINGS, types: [...SHOP_TYPES, REVIEW_TYPE], zone: 'Europe/Berlin' }

/** As the log would hold them; offsets count through all partitions, which judging allows. */
function toRecords(ticks: readonly Tick[], recordsPerAppend: number): readonly OracleRecord[] {
  const appends = toAppends(ticks, 4, recordsPerAppend)
  const records = appends.flatMap(({ arrivalMs, records: some }) =>
    some.map(record => ({ ...record, arrivalMs })),
  )
  return records.map((record, offset) => {
    const headers = record.headers.map(({ key, value }) => [key, String(value)] as const)
    return { ...record, offset, headers: new Map(headers) }
  })
}

test('random logs hold all kinds of records', () => {
  const logs = fc.sample(randomTicks(300), { seed: SEED, numRuns: 20 })
  const records = logs.map(ticks => toRecords(ticks, 7))
  const judged = records.flatMap(log => judge(log, SETTINGS))
  const kinds = Map.groupBy(judged, ({ verdict }) =>
    verdict.kind === 'invalid' ? verdict.code : verdict.kind,
  )
  const shareOf = (kind: string): number => (kinds.get(kind)?.length ?? 0) / judged.length
  expect(shareOf('accepted')).toBeGreaterThan(0.4)
  expect(shareOf('duplicate')).toBeGreaterThan(0.02)
  const codes =
    'not_json too_deep lone_surrogate not_object missing empty unknown_type wrong_topic future ' +
    'bad_timestamp out_of_range too_precise unknown_currency csv_line'
  for (const code of codes.split(' ')) expect(shareOf(code), code).toBeGreaterThan(0)
  const [log] = logs
  expect(toRecords(log ?? [], 1)).toEqual(toRecords(log ?? [], 1_000))
})

test('random metrics are of a form that the product takes, and have rows', () => {
  const [ticks = []] = fc.sample(randomTicks(300), { seed: SEED, numRuns: 1 })
  const judged = judge(toRecords(ticks, 1), SETTINGS)
  const catalog = createCatalog(toCatalog(SETTINGS, 4))
  const metrics = fc.sample(randomMetric, { seed: SEED, numRuns: 100 })
  const rowCounts = metrics.map(metric => {
    planMetrics([toMetric(metric)], catalog, { zone: 'UTC', graceMs: 0 })
    return recount(metric, judged, SETTINGS).length
  })
  expect(rowCounts.filter(count => count > 0).length).toBeGreaterThan(60)
})
