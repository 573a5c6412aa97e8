/**
 * The corridor against the oracle: random logs, settings and metrics in, every row of every metric
 * out, cut into appends, pulls and commits in two ways. Nothing of a cut may show in any number.
 */
import { deepStrictEqual } from 'node:assert'
import { join } from 'node:path'
import fc from 'fast-check'
import { SHOP_METRICS } from '../../src/model/shop-metrics.ts'
import type { Judged } from '../oracle/judge.ts'
import { judge } from '../oracle/judge.ts'
import { recountLedger, toLedgerLines } from '../oracle/ledger.ts'
import { readLog } from '../oracle/read-log.ts'
import { recount } from '../oracle/recount.ts'
import type { OracleMetric, OracleSettings } from '../oracle/shop.ts'
import { SHOP_QUESTIONS, SHOP_SETTINGS, SHOP_TYPES } from '../oracle/shop.ts'
import { createPlace } from './place.ts'
import { REVIEW_TYPE, toCatalog, toMetric, toOracleRows } from './product.ts'
import type { Tick } from './random-log.ts'
import { randomTicks, toAppends, ZONES } from './random-log.ts'
import { randomMetric } from './random-metric.ts'
import type { RiverOptions, RiverResult } from './river.ts'
import { runRiver } from './river.ts'

/** How a log is cut; nothing of it may show in any number. */
interface Cut {
  readonly recordsPerAppend: number
  readonly bytesMaxPerPull: number
  readonly commitEvery: number
}

export interface CorridorCase {
  readonly ticks: readonly Tick[]
  readonly settings: OracleSettings
  readonly metrics: readonly OracleMetric[]
  readonly partitions: number
  readonly cuts: readonly [Cut, Cut]
  /** Where the second run keeps its results. */
  readonly second: 'disk' | 'memory' | 'results'
}

const HOUR_MS = 3_600_000

const cut: fc.Arbitrary<Cut> = fc.record({
  recordsPerAppend: fc.constantFrom(1, 3, 20, 1_000),
  bytesMaxPerPull: fc.constantFrom(1, 500, 3_000, 1 << 20),
  commitEvery: fc.constantFrom(1, 2, 7, 1_000),
})

export const oracleSettings: fc.Arbitrary<OracleSettings> = fc
  .record({
    zone: fc.constantFrom(...ZONES),
    currency: fc.constantFrom('USD', 'EUR', 'JPY'),
    dedupDays: fc.constantFrom(0, 1, 2, 30),
    topicPrefix: fc.constantFrom('', 'shop.'),
    eventAgeMsMax: fc.constantFrom(null, null, 24 * HOUR_MS),
  })
  .map(some => ({ ...SHOP_SETTINGS, ...some, types: [...SHOP_TYPES, REVIEW_TYPE] }))

export const corridorCases: fc.Arbitrary<CorridorCase> = fc.record({
  ticks: randomTicks(300),
  settings: oracleSettings,
  metrics: fc
    .array(randomMetric, { minLength: 2, maxLength: 6, size: 'max' })
    .map(metrics => metrics.map((metric, index) => ({ ...metric, name: `random_${index}` }))),
  partitions: fc.constantFrom(1, 4),
  cuts: fc.tuple(cut, cut),
  second: fc.constantFrom('disk', 'memory', 'results'),
})

/**
 * Runs a case on the disk, and again with the other cut, maybe in another store. Throws at the
 * first number that is not the oracle's, or not the same again.
 */
export async function assertCorridor(given: CorridorCase): Promise<void> {
  const [first, second] = given.cuts
  await using place = await createPlace()
  const directory = join(place.directory, 'first')
  const [one, other] = await Promise.all([
    runCut(given, first, { directory }),
    runCut(given, second, {
      directory: join(place.directory, 'second'),
      log: 'memory',
      ...(given.second === 'disk' ? {} : { store: given.second }),
    }),
  ])
  const judged = judge(readLog(one.logDirectory), given.settings)
  assertEqualsOracle(given, one, judged)
  deepStrictEqual(plainRows(other), plainRows(one), 'the cut shows in the rows')
  deepStrictEqual(other.ledger, one.ledger, 'the cut shows in the ledger')
}

type Adapters = Pick<RiverOptions, 'directory' | 'log' | 'store'>

async function runCut(given: CorridorCase, cut: Cut, adapters: Adapters): Promise<RiverResult> {
  const { recordsPerAppend, ...rest } = cut
  const { topicPrefix, zone } = given.settings
  const appends = toAppends(given.ticks, given.partitions, recordsPerAppend).map(append => {
    const records = append.records.map(record => {
      return { ...record, topic: topicPrefix + record.topic }
    })
    return { ...append, records }
  })
  return await runRiver(appends, {
    ...rest,
    ...adapters,
    zone,
    catalog: toCatalog(given.settings, given.partitions),
    metrics: [...SHOP_METRICS, ...given.metrics.map(toMetric)],
  })
}

function assertEqualsOracle(
  { metrics, settings: given }: CorridorCase,
  { results, ledger }: RiverResult,
  judged: readonly Judged[],
): void {
  for (const metric of [...SHOP_QUESTIONS, ...metrics]) {
    const rows = toOracleRows(results.get(metric.name) ?? [])
    const expected = recount(metric, judged, given)
    deepStrictEqual(rows, expected, `${metric.name} differs: ${JSON.stringify(metric)}`)
  }
  deepStrictEqual(ledger.balanced, true, 'the ledger balances')
  deepStrictEqual(toLedgerLines(ledger.partitions), recountLedger(judged))
}

/** Status, revision and lateness tell of commits; the rest of a row may not. */
function plainRows({ results }: RiverResult): unknown {
  return [...results].map(([name, rows]) => [name, toOracleRows(rows)])
}
