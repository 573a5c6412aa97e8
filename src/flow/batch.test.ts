/** A run over a small lake: counted, published once, and answered by its name. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LakeDatabase } from '../engine/sql/lake-database.ts'
import { openLakeDatabase } from '../engine/sql/lake-database.ts'
import { createCatalog } from '../model/catalog.ts'
import { count, defineMetric, ratio, sum } from '../model/metric.ts'
import { planMetrics } from '../model/plan.ts'
import { purchase, SHOP_EVENTS } from '../model/shop-events.ts'
import { openMemoryObjects } from '../objects/memory/memory-objects.ts'
import { createRunAnswers, listRuns } from '../store/results/runs.ts'
import { compileRun, runBatch } from './batch.ts'

const catalog = createCatalog({
  events: SHOP_EVENTS,
  topicPrefix: '',
  currency: 'USD',
  dedupDays: 1,
  futureSkewMs: 0,
  eventAgeMsMax: null,
  partitions: 4,
  partitioner: 'murmur2',
})
const sales = defineMetric('sales', {
  from: purchase,
  window: 'hour',
  once: 'data.order_id',
  measures: {
    orders: count(),
    revenue: sum('data.total_amount'),
    mean: ratio('revenue', 'orders'),
  },
})
const plans = planMetrics([sales], catalog, { zone: 'UTC', graceMs: 600_000 })
const never = new AbortController().signal
const bounds = { fromMs: Date.parse('2026-03-01'), toMs: Date.parse('2026-03-02') }
/** An older file: it lacks all columns that no line has. */
const LINES = [
  { timestamp_ms: 12.1, user_id: 'u', order_id: 'o1', currency: 'USD', total_amount_units: 1000 },
  // The same order again, at a later offset.
  { timestamp_ms: 13.1, user_id: 'u', order_id: 'o1', currency: 'USD', total_amount_units: 1000 },
  { timestamp_ms: 12.5, user_id: 'v', order_id: 'o2', currency: 'USD', total_amount_units: 25 },
  { timestamp_ms: 12.9, user_id: 'v', order_id: 'o3', currency: 'JPY', total_amount_units: -7 },
  { timestamp_ms: 14.5, user_id: 'w', order_id: 'o4', currency: 'JPY', total_amount_units: 7 },
]

let directory = ''
let file = ''

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-batch-'))
  const lines = LINES.map((line, offset) => {
    const timestamp_ms = bounds.fromMs + Math.round(line.timestamp_ms * 3_600_000)
    return JSON.stringify({ ...line, timestamp_ms, arrival_ms: timestamp_ms, partition: 0, offset })
  })
  const from = join(directory, 'lines.json')
  await writeFile(from, lines.join('\n'))
  const path = join(directory, 'lake')
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(
    `COPY (SELECT *, '2026-03-01' AS event_date FROM read_json('${from}'))
     TO '${path}' (FORMAT parquet, PARTITION_BY (event_date))`,
  )
  connection.closeSync()
  instance.closeSync()
  file = join(path, 'event_date=2026-03-01', 'data_0.parquet')
})
afterAll(() => rm(directory, { recursive: true, force: true }))

async function openDatabase(): Promise<LakeDatabase> {
  return openLakeDatabase({ memoryMax: 2 ** 28, spillDirectory: directory, threads: 1 })
}

const compiled = compileRun({
  run: 'march',
  attempt: 'a',
  catalog,
  plans,
  engine: 'duckdb',
  range: null,
  bounds,
  lake: 'lake',
  startedMs: 0,
})
const question = { metric: 'sales', fromMs: null, toMs: null, limit: 10, cursor: null }

test('a run is published once, and answers for closed windows', async () => {
  const objects = openMemoryObjects()
  await using database = await openDatabase()
  for (const view of compiled.views) await database.attach(view, [file])
  const places = { database, results: objects, onMetric: () => undefined, signal: never }
  expect(await runBatch(compiled, places)).toBe('published')
  expect(await runBatch(compiled, places)).toBe('exists')
  expect(await listRuns(objects)).toEqual(['march'])
  const answers = createRunAnswers(objects, plans)
  const result = await answers.query({ ...question, source: 'march' })
  expect(result.rows).toEqual([
    {
      window_start: '2026-03-01T12:00:00Z',
      window_end: '2026-03-01T13:00:00Z',
      key: {},
      values: {
        orders: 3,
        revenue: { JPY: '-7', USD: '10.25' },
        mean: { JPY: '-7', USD: '5.13' },
      },
      status: 'final',
      revision: 0,
      late: 0,
      exact: true,
      partial: false,
      source: 'march',
    },
  ])
})

test('what is no run, and what a run did not count, is told', async () => {
  const objects = openMemoryObjects()
  await using database = await openDatabase()
  for (const view of compiled.views) await database.attach(view, [])
  await runBatch(compiled, { database, results: objects, onMetric: () => undefined, signal: never })
  const other = planMetrics([sales], catalog, { zone: 'UTC', graceMs: 0 })
  await expect(
    createRunAnswers(objects, plans).query({ ...question, source: 'april' }),
  ).rejects.toThrow("source 'april' is neither 'stream' nor a run; there are: march")
  await expect(
    createRunAnswers(objects, plans).query({ ...question, source: '../march' }),
  ).rejects.toThrow('is neither')
  await expect(
    createRunAnswers(objects, other).query({ ...question, source: 'march' }),
  ).rejects.toThrow("run 'march' counted another definition of metric 'sales'")
  const empty = await createRunAnswers(objects, plans).query({ ...question, source: 'march' })
  expect(empty.rows).toEqual([])
})
