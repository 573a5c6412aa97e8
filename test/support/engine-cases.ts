/**
 * Random logs and metrics, counted by the incremental engine and by the oracle, and lying in a lake
 * for engines that know SQL.
 */
import { join } from 'node:path'
import fc from 'fast-check'
import type { Catalog } from '../../src/model/catalog.ts'
import { createCatalog } from '../../src/model/catalog.ts'
import type { MetricPlan } from '../../src/model/plan.ts'
import { planMetrics } from '../../src/model/plan.ts'
import { SHOP_METRICS } from '../../src/model/shop-metrics.ts'
import { judge } from '../oracle/judge.ts'
import { readLog } from '../oracle/read-log.ts'
import type { OracleRow } from '../oracle/recount.ts'
import { recount } from '../oracle/recount.ts'
import type { OracleMetric, OracleSettings } from '../oracle/shop.ts'
import { SHOP_QUESTIONS } from '../oracle/shop.ts'
import { oracleSettings } from './corridor.ts'
import { writeLake } from './lake.ts'
import { toCatalog, toMetric, toOracleRows } from './product.ts'
import type { Tick } from './random-log.ts'
import { randomTicks, toAppends } from './random-log.ts'
import { randomMetric } from './random-metric.ts'
import { runRiver } from './river.ts'

export interface EngineCase {
  readonly name: string
  readonly lake: string
  readonly catalog: Catalog
  readonly questions: readonly EngineQuestion[]
}

export interface EngineQuestion {
  readonly metric: OracleMetric
  readonly plan: MetricPlan
  /** By the oracle; the incremental engine gave the same. */
  readonly expected: readonly OracleRow[]
  readonly stream: readonly OracleRow[]
}

const RECORDS_MAX = 800
/** Of fewer, groups are of single events, and little is compared. */
const RECORDS_MIN = 250
const METRICS = 9

interface Given {
  readonly ticks: readonly Tick[]
  readonly settings: OracleSettings
  readonly metrics: readonly OracleMetric[]
  readonly partitions: number
}

const arbitrary: fc.Arbitrary<Given> = fc.record({
  ticks: randomTicks(RECORDS_MAX),
  settings: oracleSettings,
  metrics: fc
    .array(randomMetric, { minLength: METRICS, maxLength: METRICS })
    .map(metrics => metrics.map((metric, index) => ({ ...metric, name: `random_${index}` }))),
  partitions: fc.constantFrom(1, 4),
})

/** The same cases for the same seed, each in a folder of its own under `directory`. */
export async function createEngineCases(
  directory: string,
  { seed, count }: { readonly seed: number; readonly count: number },
): Promise<readonly EngineCase[]> {
  const cases: EngineCase[] = []
  for (const [index, given] of sampleLarge(seed, count).entries()) {
    const { settings, partitions, metrics: random } = given
    const place = join(directory, `case-${index}`)
    const questions = [...SHOP_QUESTIONS, ...random]
    const metrics = [...SHOP_METRICS, ...random.map(toMetric)]
    const catalog = createCatalog(toCatalog(settings, partitions))
    const appends = toAppends(given.ticks, partitions, 100).map(append => {
      const records = append.records.map(record => {
        return { ...record, topic: settings.topicPrefix + record.topic }
      })
      return { ...append, records }
    })
    const { results, logDirectory } = await runRiver(appends, {
      directory: place,
      catalog,
      metrics,
      zone: settings.zone,
      bytesMaxPerPull: 10_000,
      commitEvery: 3,
      store: 'memory',
    })
    const judged = judge(readLog(logDirectory), settings)
    const lake = join(place, 'lake')
    await writeLake(lake, judged, catalog.events)
    const plans = planMetrics(metrics, catalog, { zone: settings.zone, graceMs: 0 })
    cases.push({
      name: `case ${index} of seed ${seed}`,
      lake,
      catalog,
      questions: questions.map((metric, at) => ({
        metric,
        plan: plans[at] as MetricPlan,
        expected: recount(metric, judged, settings),
        stream: toOracleRows(results.get(metric.name) ?? []),
      })),
    })
  }
  return cases
}

function sampleLarge(seed: number, count: number): readonly Given[] {
  const isLarge = arbitrary.filter(({ ticks }) => {
    return ticks.reduce((sum, tick) => sum + tick.sent.length, 0) >= RECORDS_MIN
  })
  return fc.sample(isLarge, { seed, numRuns: count })
}
