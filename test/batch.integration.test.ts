/** `weir batch`, `weir spark` and `weir compile` as a person runs them, over a lake on disk. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sparkMissing } from '../src/main/spark/home.ts'
import type { Result } from '../src/model/result.ts'
import { SHOP_METRICS } from '../src/model/shop-metrics.ts'
import { present } from '../src/std/assert.ts'
import type { EngineCase } from './support/engine-cases.ts'
import { createEngineCases } from './support/engine-cases.ts'
import type { Place } from './support/place.ts'
import { createPlace } from './support/place.ts'
import { toOracleRows } from './support/product.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const missing = sparkMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const SPARK_MS_MAX = 600_000

let place: Place
let given: EngineCase
let flags: readonly string[] = []

beforeAll(async () => {
  place = await createPlace()
  const cases = await createEngineCases(place.directory, { seed: 11, count: 4 })
  // Of a catalog that takes old events: most of its windows are closed.
  given = present(
    cases.find(one => one.catalog.eventAgeMsMax === null),
    'a case',
  )
  const results = join(place.directory, 'results')
  flags = ['--data', join(place.directory, 'data'), '--results', results, '--zone', zoneOf(given)]
})
afterAll(() => place[Symbol.asyncDispose]())

/** Of the settings; `sales` has none of its own. */
function zoneOf({ questions }: EngineCase): string {
  return present(questions.find(({ plan }) => plan.name === 'sales')?.plan.zone, 'a zone')
}

interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

function weir(words: readonly string[], environment: NodeJS.ProcessEnv = process.env): Ended {
  const bin = join(root, 'src', 'main', 'bin.ts')
  const options = { encoding: 'utf8', env: environment, cwd: place.directory } as const
  return spawnSync(process.execPath, [bin, ...words], { ...options, maxBuffer: 1 << 28 })
}

function count(words: readonly string[]): readonly Result[] {
  const { status, stdout, stderr } = weir([...words, '--lake', given.lake, '--json', ...flags])
  expect(status, stderr).toBe(0)
  return (JSON.parse(stdout) as { readonly results: readonly Result[] }).results
}

test('batch gives every row of the built-in metrics, and the same again', () => {
  const results = count(['batch', '--run', 'everything'])
  expect(results.map(result => result.metric)).toEqual(SHOP_METRICS.map(metric => metric.name))
  for (const [index, { rows }] of results.entries()) {
    const { metric, expected } = present(given.questions[index], 'a question')
    // The case has a type more than what is built in.
    if (metric.from !== null) expect(toOracleRows(rows)).toEqual(expected)
  }
  expect(count(['batch', '--run', 'everything'])).toEqual(results)
})

test('query answers of a run for the windows that were closed', () => {
  const question = ['query', 'product_views', '--limit', '100000', '--json', ...flags]
  const { stdout, stderr } = weir([...question, '--source', 'everything'])
  expect(stderr).toBe('')
  const { rows } = JSON.parse(stdout) as Result
  const all = given.questions.find(({ plan }) => plan.name === 'product_views')?.expected ?? []
  expect(rows.length).toBeGreaterThan(0)
  expect(rows.every(row => row.source === 'everything' && row.status === 'final')).toBe(true)
  expect(all).toEqual(expect.arrayContaining(toOracleRows(rows)))
})

describe.skipIf(isSkipped)(isSkipped ? `skipped: ${missing}` : 'spark', () => {
  test(
    'spark gives the rows that batch gives',
    () => {
      const words = ['--metric', 'sales_daily', '--from', '2024-03-01', '--to', '2024-12-01']
      const toRows = (results: readonly Result[]): unknown =>
        results.map(({ metric, rows }) => [metric, rows.map(row => ({ ...row, source: '' }))])
      const batch = toRows(count(['batch', ...words]))
      expect(toRows(count(['spark', ...words, '--run', 'by-spark']))).toEqual(batch)
      expect(toRows(count(['spark', ...words, '--run', 'by-spark']))).toEqual(batch)
    },
    SPARK_MS_MAX,
  )
})

test('what is wrong is told in one line', () => {
  const told = (words: readonly string[], environment?: NodeJS.ProcessEnv): string =>
    weir([...words, ...flags], environment).stderr.trim()
  const lake = join(place.directory, 'nowhere')
  expect(told(['batch', '--lake', lake])).toBe(
    `weir: there is no lake in ${lake}: no Parquet file lies under events/; check --lake ` +
      '[LAKE_UNREADABLE]',
  )
  expect(told(['spark', '--from', '2024-02-01', '--to', '2024-01-01'])).toContain(
    '--from is not before --to',
  )
  expect(told(['batch', '--from', '2024-02-01'])).toContain('give both --from and --to')
  expect(told(['batch', '--metric', 'salse', '--lake', given.lake])).toContain("'salse' is unknown")
  const bare = { ...process.env, PATH: '/nowhere' }
  expect(told(['spark', '--lake', given.lake], bare)).toBe(
    'weir: java is missing: install a JDK, 17 or newer [PROGRAM_MISSING]',
  )
})

test('compile prints SQL of either dialect, and the plan', () => {
  const range = ['--from', '2024-01-01', '--until', '2025-01-01', '--zone', 'Europe/Berlin']
  const compile = (to: string): string =>
    weir(['compile', 'sales_daily', '--to', to, ...range]).stdout
  expect(compile('duckdb')).toContain('GROUP BY GROUPING SETS')
  expect(compile('spark')).toContain('`order_id` IS NOT NULL')
  expect(JSON.parse(compile('plan'))).toMatchObject({ plan: { name: 'sales_daily' } })
  expect(weir(['compile', 'sales_daily', '--to', 'flink']).stderr).toContain("--to is 'flink'")
})
