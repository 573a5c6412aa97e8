/**
 * Rebuilds against the oracle: metrics that are declared when half of a random log is counted, and
 * rows that are damaged, are as the oracle counts them over all events after a rebuild, and stay so
 * as more events come.
 */
import { deepStrictEqual } from 'node:assert'
import { join } from 'node:path'
import fc from 'fast-check'
import { test } from 'vitest'
import type { EventLog } from '../src/log/log.ts'
import { openSegmentLog } from '../src/log/segment/segment-log.ts'
import type { Catalog } from '../src/model/catalog.ts'
import { createCatalog, topicsOf } from '../src/model/catalog.ts'
import type { MetricPlan } from '../src/model/plan.ts'
import { planMetrics } from '../src/model/plan.ts'
import type { ResultRow } from '../src/model/result.ts'
import { SHOP_METRICS } from '../src/model/shop-metrics.ts'
import type { WindowRange } from '../src/model/swap.ts'
import { openMemoryObjects } from '../src/objects/memory/memory-objects.ts'
import { createSystemClock } from '../src/std/clock.ts'
import { openDuckDbStore } from '../src/store/duckdb/duckdb.ts'
import { createMemoryDisk, openMemoryStore } from '../src/store/memory/memory.ts'
import { openPlaced } from '../src/store/results/placed.contract.ts'
import type { Store } from '../src/store/store.ts'
import { judge } from './oracle/judge.ts'
import { readLog } from './oracle/read-log.ts'
import type { OracleRow } from './oracle/recount.ts'
import { recount } from './oracle/recount.ts'
import type { OracleMetric, OracleSettings } from './oracle/shop.ts'
import { SHOP_QUESTIONS } from './oracle/shop.ts'
import { oracleSettings } from './support/corridor.ts'
import { createPlace } from './support/place.ts'
import { toCatalog, toMetric, toOracleRows } from './support/product.ts'
import { checkAsyncProperty } from './support/property.ts'
import type { Tick } from './support/random-log.ts'
import { randomTicks, toAppends } from './support/random-log.ts'
import { randomMetric } from './support/random-metric.ts'
import type { Digesting } from './support/rebuilding.ts'
import { startDigesting } from './support/rebuilding.ts'
import type { Append } from './support/river.ts'

interface RebuildCase {
  readonly ticks: readonly Tick[]
  readonly settings: OracleSettings
  readonly metrics: readonly OracleMetric[]
  readonly partitions: number
  readonly store: 'disk' | 'memory' | 'results'
  readonly rangeBytesMax: number
  readonly idsMemoryMax: number
  readonly damage: WindowRange
}

const EVER: WindowRange = { fromMs: null, toMs: null }
const DAYS = ['2024-03-31T00:30:00Z', '2024-10-27T00:15:00Z', '2024-11-03T00:00:00Z'] as const
const [SPRING, AUTUMN, LATEST] = DAYS.map(day => Date.parse(day)) as [number, number, number]

const cases: fc.Arbitrary<RebuildCase> = fc.record({
  ticks: randomTicks(240),
  settings: oracleSettings,
  metrics: fc
    .array(randomMetric, { minLength: 3, maxLength: 6, size: 'max' })
    .map(metrics => metrics.map((metric, index) => ({ ...metric, name: `random_${index}` }))),
  partitions: fc.constantFrom(1, 4),
  store: fc.constantFrom('disk', 'memory', 'results'),
  rangeBytesMax: fc.constantFrom(1, 3_000, 1 << 26),
  idsMemoryMax: fc.constantFrom(20_000, 1 << 20),
  damage: fc.constantFrom(EVER, { fromMs: SPRING, toMs: AUTUMN }, { fromMs: AUTUMN, toMs: LATEST }),
})

test('after a rebuild rows are as the oracle counts them, and stay so', async () => {
  await checkAsyncProperty(fc.asyncProperty(cases, assertRebuild), 8)
}, 240_000)

test('a shadow is of the same bytes however the lake was cut', async () => {
  await checkAsyncProperty(fc.asyncProperty(cases, assertSameBytes), 3)
}, 120_000)

async function assertSameBytes(given: RebuildCase): Promise<void> {
  const shadows: unknown[] = []
  for (const cut of [
    { rangeBytesMax: 1, store: 'memory', idsMemoryMax: 20_000 },
    { rangeBytesMax: 1 << 26, store: 'disk', idsMemoryMax: 1 << 20 },
  ] as const) {
    await using place = await createPlace()
    const bench = await createBench({ ...given, ...cut }, place.directory)
    await using _log = bench.log
    const plans = [...bench.shop, ...bench.later]
    const half = Math.floor(bench.appends.length / 2)
    await bench.append(bench.appends.slice(0, half))
    await using running = await bench.start(plans)
    await running.caughtUp()
    // What it leaves in the lake is a cut, too.
    if (cut.rangeBytesMax > 1) await running.rebuild({ mode: 'try' })
    await bench.append(bench.appends.slice(half))
    await running.caughtUp()
    const range = given.damage
    shadows.push((await running.rebuild({ range })).shadow)
  }
  deepStrictEqual(shadows[0], shadows[1])
}

async function assertRebuild(given: RebuildCase): Promise<void> {
  await using place = await createPlace()
  const bench = await createBench(given, place.directory)
  await using _log = bench.log
  const third = Math.ceil(bench.appends.length / 3)
  const partOf = (part: number): readonly Append[] =>
    bench.appends.slice(part * third, (part + 1) * third)
  await bench.append(partOf(0))
  {
    await using before = await bench.start(bench.shop)
    await before.caughtUp()
  }
  await using running = await bench.start([...bench.shop, ...bench.later])
  await bench.append(partOf(1))
  await running.caughtUp()
  await assertAdded(given, bench, running)
  await assertMended(given, bench, running)
  await bench.append(partOf(2))
  await running.caughtUp()
  await bench.assertOracle(running, [...bench.shop, ...bench.later])
}

/** Metrics that were declared late, and all others, which are not touched. */
async function assertAdded(given: RebuildCase, bench: Bench, running: Digesting): Promise<void> {
  const before = await allRows(running, bench.shop)
  const tried = await running.rebuild({ mode: 'try' })
  deepStrictEqual(await allRows(running, bench.shop), before, 'a try changes nothing')
  const done = await running.rebuild({})
  deepStrictEqual(done.shadow, tried.shadow, 'the shadow is of the same bytes')
  const changes = done.metrics.filter(one => one.changed + one.new + one.gone > 0)
  const names = bench.later.map(plan => plan.name)
  deepStrictEqual(
    changes.filter(one => !names.includes(one.metric)),
    [],
    JSON.stringify(given),
  )
  deepStrictEqual(await allRows(running, bench.shop), before, 'what is right stays as it was')
  await bench.assertOracle(running, [...bench.shop, ...bench.later])
  for (const plan of bench.later) {
    const partial = (await running.rowsOf(plan)).filter(row => row.partial)
    deepStrictEqual(partial, [], 'nothing is partial any more')
  }
}

/** Rows of a range that are lost, and come back. */
async function assertMended(given: RebuildCase, bench: Bench, running: Digesting): Promise<void> {
  const plans = [...bench.shop, ...bench.later]
  const range = given.damage
  const before = await allRows(running, plans)
  await running.damage(plans, range)
  const done = await running.rebuild({ range })
  deepStrictEqual(
    done.metrics.filter(one => one.changed + one.gone + one.same > 0),
    [],
    'all rows of the range were lost',
  )
  deepStrictEqual(
    valuesOf(await allRows(running, plans)),
    valuesOf(before),
    'what was lost is back',
  )
  const again = await running.rebuild({ range })
  deepStrictEqual(again.shadow, done.shadow, 'twice gives the same')
  deepStrictEqual(
    again.metrics.filter(one => one.changed + one.gone + one.new > 0),
    [],
  )
}

async function allRows(
  running: Digesting,
  plans: readonly MetricPlan[],
): Promise<readonly (readonly ResultRow[])[]> {
  const all: (readonly ResultRow[])[] = []
  for (const plan of plans) all.push(await running.rowsOf(plan))
  return all
}

function valuesOf(rows: readonly (readonly ResultRow[])[]): readonly (readonly OracleRow[])[] {
  return rows.map(toOracleRows)
}

interface Bench {
  readonly log: EventLog
  readonly appends: readonly Append[]
  /** Declared from the beginning, and later. */
  readonly shop: readonly MetricPlan[]
  readonly later: readonly MetricPlan[]
  append(appends: readonly Append[]): Promise<void>
  start(plans: readonly MetricPlan[]): Promise<Digesting>
  assertOracle(running: Digesting, plans: readonly MetricPlan[]): Promise<void>
}

async function createBench(given: RebuildCase, directory: string): Promise<Bench> {
  const { settings, partitions } = given
  const catalog = createCatalog(toCatalog(settings, partitions))
  const metrics = [...SHOP_METRICS, ...given.metrics.map(toMetric)]
  const plans = planMetrics(metrics, catalog, { zone: settings.zone, graceMs: 600_000 })
  let nowMs = 0
  const log = await openLogOf(catalog, directory, () => nowMs)
  const questions = new Map([...SHOP_QUESTIONS, ...given.metrics].map(one => [one.name, one]))
  const openStore = createStores(given, directory)
  const lake = openMemoryObjects()
  const records = openMemoryObjects()
  const { signal } = new AbortController()
  return {
    log,
    appends: toAppends(given.ticks, partitions, 7).map(append => ({
      ...append,
      records: append.records.map(one => ({ ...one, topic: settings.topicPrefix + one.topic })),
    })),
    shop: plans.slice(0, SHOP_METRICS.length),
    later: plans.slice(SHOP_METRICS.length),
    append: async appends => {
      for (const append of appends) {
        nowMs = append.arrivalMs
        await log.append(append.records, signal)
      }
    },
    start: own =>
      startDigesting({
        ...given,
        log,
        catalog,
        plans: own,
        openStore: () => openStore(own),
        lake,
        records,
        directory: join(directory, 'work'),
      }),
    assertOracle: async (running, own) => {
      const judged = judge(readLog(join(directory, 'log')), settings)
      for (const { name } of own) {
        const metric = questions.get(name)
        if (metric === undefined) continue
        const plan = plans.find(one => one.name === name) as MetricPlan
        const rows = toOracleRows(await running.rowsOf(plan))
        deepStrictEqual(rows, recount(metric, judged, settings), JSON.stringify(metric))
      }
    },
  }
}

async function openLogOf(
  catalog: Catalog,
  directory: string,
  now: () => number,
): Promise<EventLog> {
  return await openSegmentLog({
    directory: join(directory, 'log'),
    topics: topicsOf(catalog),
    partitions: catalog.partitions,
    clock: { ...createSystemClock(), now },
    segmentBytes: 1 << 20,
    retentionBytes: null,
    retentionMs: null,
    logBytesMax: Number.MAX_SAFE_INTEGER,
  })
}

/** Opens the same store again and again. */
function createStores(
  { store, partitions: shards }: RebuildCase,
  directory: string,
): (plans: readonly MetricPlan[]) => Promise<Store> {
  const disk = createMemoryDisk()
  const objects = openMemoryObjects()
  if (store === 'memory') return async plans => openMemoryStore({ plans, shards, disk })
  if (store === 'disk') {
    return plans => openDuckDbStore({ directory: join(directory, 'store'), plans, shards })
  }
  const cache = join(directory, 'cache')
  return plans => openPlaced({ objects, directory: cache, plans, shards, writers: 'one' })
}
