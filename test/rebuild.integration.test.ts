/**
 * Rebuild, end to end: a metric that is added to the config of a shop in use is filled from the
 * lake, by the Weir that runs and without one, by processes that are killed at every point there
 * is. Before it is done the old rows stand, after it the oracle's, and never a mixture.
 */
import { deepStrictEqual } from 'node:assert'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RebuildReport } from '../src/flow/rebuild/rebuild.ts'
import type { ResultRow } from '../src/model/result.ts'
import { judge } from './oracle/judge.ts'
import { readLog } from './oracle/read-log.ts'
import { recount } from './oracle/recount.ts'
import type { OracleMetric } from './oracle/shop.ts'
import { SHOP_SETTINGS } from './oracle/shop.ts'
import { assertNothingLost } from './support/against-oracle.ts'
import { createPlace } from './support/place.ts'
import type { Settings, WeirProcess } from './support/process.ts'
import { readRows, runWeir, startWeir, waitUntilDigested } from './support/process.ts'
import { toOracleRows } from './support/product.ts'
import type { Visitors } from './support/visitors.ts'
import { createVisitors } from './support/visitors.ts'

const SEED = Number(process.env['WEIR_TEST_SEED'] ?? Date.now() % 1_000_000)
const VISIT_MS = 600

const CONFIG = `
import {
  count, countDistinct, defineConfig, defineMetric, productView, purchase, sum,
} from 'weir'

export default defineConfig({
  metrics: [
    defineMetric('orders_daily', {
      from: purchase, window: 'day', zone: 'Asia/Kolkata', once: 'data.order_id',
      groupBy: ['data.payment_method'],
      measures: {
        orders: count(), buyers: countDistinct('user_id'), revenue: sum('data.total_amount'),
      },
    }),
    defineMetric('items_viewed', {
      from: productView, window: 'hour', measures: { items: countDistinct('data.product_id') },
    }),
  ],
})
`
const ADDED: readonly OracleMetric[] = [
  {
    name: 'orders_daily',
    from: ['purchase'],
    window: 'day',
    zone: 'Asia/Kolkata',
    once: 'data.order_id',
    groupBy: ['data.payment_method'],
    where: null,
    top: null,
    measures: {
      orders: { kind: 'count', where: null },
      buyers: { kind: 'count_distinct', field: 'user_id' },
      revenue: { kind: 'sum', field: 'data.total_amount' },
    },
  },
  {
    name: 'items_viewed',
    from: ['product_view'],
    window: 'hour',
    zone: null,
    once: null,
    groupBy: [],
    where: null,
    top: null,
    measures: { items: { kind: 'count_distinct', field: 'data.product_id' } },
  },
]

test('an added metric has its history, whenever a rebuild is killed', {
  timeout: 240_000,
}, async () => {
  await using place = await createPlace()
  const shop = await createShop(place.directory)
  await shop.visitWith({})
  const told = await runWeir(['rebuild', '--data', shop.data], shop.settings)
  expect([told.how, told.stderr]).toEqual(['exit 2', expect.stringMatching(/say --yes.*\[USAGE\]/)])

  // Alone. What the digest does not need is not there after a kill.
  await shop.expectPartial()
  await shop.killAlone('rebuild.before')
  await shop.expectPartial()
  const tried = await shop.rebuild(['--dry-run'])
  expect(tried.swapped).toBe(false)
  expect(changesOf(tried)).toEqual(ADDED.map(metric => metric.name).toSorted())
  await shop.expectPartial()
  await shop.killAlone('rebuild.after')
  await shop.expectOracle()
  const again = await shop.rebuild(['--yes'])
  expect([changesOf(again), again.shadow]).toEqual([[], tried.shadow])

  // More events: the ids of the history are known.
  await shop.visitWith(shop.settings)
  await shop.expectOracle()
  const names = readdirSync(join(shop.data, 'rebuilds')).filter(name => /^\d/.test(name))
  const records = names.map(name => readFileSync(join(shop.data, 'rebuilds', name, 'record.json')))
  expect(records.length).toBe(3)
  expect(JSON.parse(String(records.at(-1)))).toMatchObject({ shadow: tried.shadow })
})

test('beside a running weir, that is killed too', { timeout: 240_000 }, async () => {
  await using place = await createPlace()
  const shop = await createShop(place.directory)
  await shop.visitWith({})
  for (const point of ['rebuild.before', 'rebuild.after']) {
    await using dying = await startWeir(shop.data, { ...shop.settings, WEIR_CRASH_AT: point })
    const words = ['rebuild', '--data', shop.data, '--yes', '--metric', 'orders_daily']
    const { how, stderr } = await runWeir(words, shop.settings)
    expect([how, stderr]).toEqual(['exit 1', expect.stringContaining('[SERVER_UNREACHABLE]')])
    expect(dying.stderr()).toContain(`killed at ${point}`)
    if (point === 'rebuild.before') await shop.expectPartial()
  }
  await using weir = await startWeir(shop.data, shop.settings)
  const visiting = shop.visitors.visit(weir.url, AbortSignal.timeout(VISIT_MS))
  const words = ['--yes', '--metric', 'items_viewed', '--metric', 'orders_daily']
  const report = await shop.rebuild(words)
  expect(report.metrics.map(one => one.metric)).toEqual(['orders_daily', 'items_viewed'])
  expect(changesOf(report)).toEqual(['items_viewed'])
  await visiting
  await waitUntilDigested(weir.url)
  await shop.assertRows(weir)
  const { acknowledged } = shop.visitors
  await assertNothingLost({ url: weir.url, directory: shop.data, acknowledged })
  const headers = { 'Content-Type': 'application/json', Origin: 'https://elsewhere.example' }
  const body = JSON.stringify({ from: null, to: null, metrics: null, mode: 'swap' })
  const refused = await fetch(`${weir.url}/v1/rebuilds`, { method: 'POST', headers, body })
  expect([refused.status, await refused.json()]).toMatchObject([403, { code: 'origin_refused' }])
  const unknown = await runWeir(
    ['rebuild', '--data', shop.data, '--yes', '--metric', 'nothing'],
    shop.settings,
  )
  expect([unknown.how, unknown.stderr]).toEqual(['exit 2', expect.stringContaining('nothing')])
})

test('without a whole lake nothing is rebuilt', { timeout: 60_000 }, async () => {
  await using place = await createPlace()
  const data = join(place.directory, 'data')
  const file = join(place.directory, 'events.ndjson')
  const event = { event_id: 'e1', event_type: 'page_view', user_id: 'u1', data: {} }
  writeFileSync(file, `${JSON.stringify({ ...event, timestamp: '2024-09-03T10:00:00Z' })}\n`)
  const off = { WEIR_ARCHIVE: 'off' }
  expect((await runWeir(['import', file, '--data', data], off)).how).toBe('exit 0')
  const rebuild = async (settings: Settings, ...more: string[]): Promise<unknown> => {
    const { how, stderr } = await runWeir(['rebuild', '--yes', '--data', data, ...more], settings)
    return [how, /\[(\w+)\]/.exec(stderr)?.[1]]
  }
  expect(await rebuild({})).toEqual(['exit 1', 'LAKE_INCOMPLETE'])
  expect(await rebuild({}, '--metric', 'sales')).toEqual(['exit 0', undefined])
  expect(await rebuild(off)).toEqual(['exit 2', 'CONFIG_INVALID'])
  expect(await rebuild({}, '--from', '2024-09-03')).toEqual(['exit 2', 'USAGE'])
})

interface Shop {
  readonly data: string
  /** With the metrics that are added. */
  readonly settings: Settings
  readonly visitors: Visitors
  /** Visits a Weir of these settings, which stops when all is digested. */
  visitWith(settings: Settings): Promise<void>
  rebuild(words: readonly string[]): Promise<RebuildReport>
  killAlone(point: string): Promise<void>
  /** The added metrics have no rows yet. */
  expectPartial(): Promise<void>
  expectOracle(): Promise<void>
  assertRows(weir: Pick<WeirProcess, 'url'>): Promise<void>
}

async function createShop(directory: string): Promise<Shop> {
  const data = join(directory, 'data')
  mkdirSync(data)
  const path = join(directory, 'weir.config.ts')
  writeFileSync(path, CONFIG)
  const settings = { WEIR_CONFIG: path }
  const visitors = createVisitors(SEED)
  const rowsOf = async (url: string): Promise<readonly (readonly ResultRow[])[]> =>
    await Promise.all(ADDED.map(metric => readRows(url, metric.name)))
  const assertRows: Shop['assertRows'] = async ({ url }) => {
    const judged = judge(readLog(join(data, 'log')), SHOP_SETTINGS)
    const rows = await rowsOf(url)
    deepStrictEqual(
      rows.map(toOracleRows),
      ADDED.map(metric => recount(metric, judged, SHOP_SETTINGS)),
      `rerun: WEIR_TEST_SEED=${SEED}`,
    )
    expect(rows.flat().filter(row => row.partial)).toEqual([])
  }
  return {
    data,
    settings,
    visitors,
    visitWith: async given => {
      await using weir = await startWeir(data, given)
      await visitors.visit(weir.url, AbortSignal.timeout(VISIT_MS))
      await waitUntilDigested(weir.url)
      expect((await weir.stop('SIGTERM')).how).toBe('exit 0')
    },
    rebuild: async words => {
      const given = ['rebuild', '--json', '--data', data, ...words]
      const { how, stdout, stderr } = await runWeir(given, settings)
      expect(how, stderr).toBe('exit 0')
      return JSON.parse(stdout) as RebuildReport
    },
    killAlone: async point => {
      const words = ['rebuild', '--yes', '--data', data]
      const { how, stderr } = await runWeir(words, { ...settings, WEIR_CRASH_AT: point })
      expect([how, stderr]).toEqual(['SIGKILL', expect.stringContaining(`killed at ${point}`)])
    },
    expectPartial: async () => {
      await using weir = await startWeir(data, settings)
      expect((await rowsOf(weir.url)).flat()).toEqual([])
    },
    expectOracle: async () => {
      await using weir = await startWeir(data, settings)
      await assertRows(weir)
    },
    assertRows,
  }
}

function changesOf({ metrics }: RebuildReport): readonly string[] {
  const changed = metrics.filter(one => one.changed + one.new + one.gone > 0)
  return changed.map(one => one.metric).toSorted()
}
