/**
 * A real shop's file through the importer, recounted straight from the file's text: no log, no
 * JSON, no verdicts; split, Map and Set.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { beforeAll, expect, test } from 'vitest'
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

const FILE = join(import.meta.dirname, 'fixtures', 'rees46-2019-10.csv.gz')

interface Line {
  readonly time: string
  readonly action: string
  readonly product: string
  readonly cents: number
  readonly user: string
}

/** The file's whole lines; its last one is cut off. */
const LINES: readonly Line[] = gunzipSync(readFileSync(FILE))
  .toString()
  .split('\n')
  .slice(1)
  .map(text => text.split(','))
  .filter(columns => columns.length === 9)
  .map(([time = '', action = '', product = '', , , , price = '', user = '']) => {
    return { time, action, product, user, cents: Math.round(Number(price) * 100) }
  })

let imported: Pick<RiverResult, 'results' | 'ledger'> & { judged: ReturnType<typeof judge> }

beforeAll(async () => {
  await using place = await createPlace()
  const { results, ledger, logDirectory } = await importFile(FILE, {
    directory: place.directory,
    catalog: toCatalog(SHOP_SETTINGS, 4),
    metrics: SHOP_METRICS,
    zone: 'UTC',
    bytesMaxPerPull: 1 << 20,
    commitEvery: 3,
  })
  imported = { results, ledger, judged: judge(readLog(logDirectory), SHOP_SETTINGS) }
})

/** `{start, key} → values` of a metric, to be compared whole. */
function answersOf(name: string): Map<string, unknown> {
  const rows = imported.results.get(name) ?? []
  return new Map(
    rows.map(row => [`${row.window_start} ${Object.values(row.key).join()}`, row.values]),
  )
}

/** Lines by their hour (13 characters of the time) or minute (16), and by what `key` says. */
function groupLines(
  length: number,
  lines: readonly Line[],
  key: (line: Line) => string,
): Map<string, Line[]> {
  const rest = '0000-00-00 00:00:00Z'.slice(length)
  return Map.groupBy(lines, line => {
    return `${(line.time.slice(0, length) + rest).replace(' ', 'T')} ${key(line)}`
  })
}

function mapValues(groups: Map<string, Line[]>, toValues: (lines: Line[]) => object): unknown {
  return new Map([...groups].map(([name, lines]) => [name, toValues(lines)]))
}

const usersOf = (lines: Line[]): number => new Set(lines.map(line => line.user)).size
const only = (action: string): Line[] => LINES.filter(line => line.action === action)
const product = (line: Line): string => line.product
const toMoney = (cents: number): object => ({ USD: (cents / 100).toFixed(2) })

test('the file is the one that these tests were written for', () => {
  expect(LINES).toHaveLength(17_434)
  const actions = Map.groupBy(LINES, line => line.action)
  const counts = [...actions].map(([action, lines]) => [action, lines.length])
  expect(Object.fromEntries(counts)).toEqual({ view: 17_055, cart: 165, purchase: 214 })
})

test('product views and viewers per hour', () => {
  const expected = mapValues(groupLines(13, only('view'), product), lines => ({
    views: lines.length,
    viewers: usersOf(lines),
  }))
  expect(answersOf('product_views')).toEqual(expected)
})

test('events per minute by type', () => {
  const names = new Map([
    ['view', 'product_view'],
    ['cart', 'add_to_cart'],
    ['purchase', 'purchase'],
  ])
  const groups = groupLines(16, LINES, line => String(names.get(line.action)))
  expect(answersOf('events_per_minute')).toEqual(
    mapValues(groups, lines => ({ events: lines.length })),
  )
})

test('users, sales and cart adds per hour', () => {
  const nobody = (): string => ''
  expect(answersOf('unique_users_hourly')).toEqual(
    mapValues(groupLines(13, LINES, nobody), lines => ({ users: usersOf(lines) })),
  )
  expect(answersOf('cart_adds')).toEqual(
    mapValues(groupLines(13, only('cart'), product), lines => ({
      adds: lines.length,
      units: String(lines.length),
    })),
  )
  const sales = mapValues(groupLines(13, only('purchase'), nobody), lines => {
    const cents = lines.reduce((sum, line) => sum + line.cents, 0)
    const orders = lines.length
    const average = toMoney(Math.floor(cents / orders + 0.5))
    return { orders, revenue: toMoney(cents), average_order_value: average }
  })
  expect(answersOf('sales')).toEqual(sales)
})

test('the ten products with the most views', () => {
  const views = [...Map.groupBy(only('view'), product)]
    .map(([name, lines]): [string, number] => [name, lines.length])
    .sort(([a, left], [b, right]) => right - left || (a < b ? -1 : 1))
  const top = imported.results.get('top_products')?.map(row => [row.key['product_id'], row.values])
  expect(top).toEqual(views.slice(0, 10).map(([name, count]) => [name, { views: count }]))
})

test('the line that is cut off is kept, and nothing else is invalid', () => {
  const { ledger, judged } = imported
  expect(ledger.balanced).toBe(true)
  expect(toLedgerLines(ledger.partitions)).toEqual(recountLedger(judged))
  const rejected = judged.filter(({ verdict }) => verdict.kind !== 'accepted')
  expect(rejected).toHaveLength(1)
  const [{ record, verdict } = { record: undefined, verdict: undefined }] = rejected
  expect(record?.topic).toBe('weir.unparsed')
  expect(verdict).toMatchObject({ kind: 'invalid', code: 'csv_line' })
  expect(Buffer.from(record?.value ?? []).toString()).toMatch(/^2019-10-01.*,52040330$/)
  expect(record?.headers.get('weir-line')).toBe('17436')
})

test('every built-in metric as the oracle counts it from the log', () => {
  for (const metric of SHOP_QUESTIONS) {
    const rows = toOracleRows(imported.results.get(metric.name) ?? [])
    expect(rows, metric.name).toEqual(recount(metric, imported.judged, SHOP_SETTINGS))
  }
})
