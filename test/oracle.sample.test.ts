/** The sample file through the importer; the numbers were read off the file by eye. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SHOP_METRICS } from '../src/model/shop-metrics.ts'
import { judge } from './oracle/judge.ts'
import { recountLedger, toLedgerLines } from './oracle/ledger.ts'
import { readLog } from './oracle/read-log.ts'
import { recount } from './oracle/recount.ts'
import { SHOP_QUESTIONS, SHOP_SETTINGS } from './oracle/shop.ts'
import { createPlace } from './support/place.ts'
import { toCatalog, toOracleRows } from './support/product.ts'
import type { RiverResult } from './support/river.ts'
import { importFile } from './support/river.ts'

const FILE = join(import.meta.dirname, 'fixtures', 'ecommerce-sample-data.json')

function importSample(directory: string): Promise<RiverResult> {
  return importFile(FILE, {
    directory,
    catalog: toCatalog(SHOP_SETTINGS, 4),
    metrics: SHOP_METRICS,
    zone: 'UTC',
    bytesMaxPerPull: 1_000,
    commitEvery: 1,
  })
}

const viewed = (hour: number, product: string): object => ({
  window_start: `2024-09-03T${hour}:00:00Z`,
  window_end: `2024-09-03T${hour + 1}:00:00Z`,
  key: { product_id: product },
  values: { views: 1, viewers: 1 },
})

test('the sample: product views per hour, top products, sales', async () => {
  await using place = await createPlace()
  const { results } = await importSample(place.directory)
  const rowsOf = (name: string): unknown => toOracleRows(results.get(name) ?? [])
  expect(rowsOf('product_views')).toEqual([
    viewed(10, 'p1234'),
    viewed(11, 'p5678'),
    viewed(12, 'p9012'),
    viewed(13, 'p3456'),
  ])
  // All four were viewed once: the tie is broken by the bytes of the key.
  expect(results.get('top_products')?.map(row => row.key['product_id'])).toEqual([
    'p1234',
    'p3456',
    'p5678',
    'p9012',
  ])
  expect(rowsOf('sales_daily')).toEqual([
    {
      window_start: '2024-09-03T00:00:00Z',
      window_end: '2024-09-04T00:00:00Z',
      key: {},
      values: {
        orders: 2,
        revenue: { USD: '899.98' },
        average_order_value: { USD: '449.99' },
      },
    },
  ])
  expect(results.get('unique_users_daily')?.map(row => row.values)).toEqual([{ users: 4 }])
  const searches = results.get('searches')?.map(row => [row.key['query'], row.values])
  expect(searches).toEqual([
    ['wireless headphones', { searches: 1, no_results: 0 }],
    ['running shoes', { searches: 1, no_results: 0 }],
  ])
})

test('the sample: every built-in metric and the ledger as the oracle counts them', async () => {
  await using place = await createPlace()
  const { results, ledger, logDirectory } = await importSample(place.directory)
  const judged = judge(readLog(logDirectory), SHOP_SETTINGS)
  expect(judged).toHaveLength(15)
  for (const metric of SHOP_QUESTIONS) {
    const rows = toOracleRows(results.get(metric.name) ?? [])
    expect(rows, metric.name).toEqual(recount(metric, judged, SHOP_SETTINGS))
  }
  expect(ledger.balanced).toBe(true)
  expect(toLedgerLines(ledger.partitions)).toEqual(recountLedger(judged))
})
