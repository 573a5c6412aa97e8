/**
 * One definition, several engines, equal answers: random logs and metrics through the incremental
 * engine, DuckDB's SQL and Spark's SQL, every row against the oracle. Spark starts once.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { openLakeDatabase } from '../src/engine/sql/lake-database.ts'
import { compileMetric, toLakeViews } from '../src/engine/sql/sql.ts'
import { toResultRow } from '../src/model/answer.ts'
import type { MetricPlan } from '../src/model/plan.ts'
import type { RunRow } from '../src/model/run.ts'
import { toRunGroups } from '../src/model/run.ts'
import type { OracleRow } from './oracle/recount.ts'
import type { EngineCase } from './support/engine-cases.ts'
import { createEngineCases } from './support/engine-cases.ts'
import type { Place } from './support/place.ts'
import { createPlace } from './support/place.ts'
import { toOracleRows } from './support/product.ts'

/** Of 9 generated metrics each, beside all that are built in. */
const CASES = Number(process.env['WEIR_ENGINE_CASES'] ?? 6)
const SEED = Number(process.env['WEIR_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const EVERYTHING = {
  fromMs: Date.parse('1960-01-01T00:00:00Z'),
  toMs: Date.parse('2030-01-01T00:00:00Z'),
  isWhole: true,
}

let place: Place
let cases: readonly EngineCase[] = []

beforeAll(async () => {
  place = await createPlace()
  cases = await createEngineCases(place.directory, { seed: SEED, count: CASES })
  return () => place[Symbol.asyncDispose]()
}, 120_000)

test('the incremental engine gives the rows of the oracle', () => {
  for (const { name, questions } of cases) {
    for (const { metric, expected, stream } of questions) {
      expect(stream, toTitle(name, metric)).toEqual(expected)
    }
  }
})

test('DuckDB gives the rows of the oracle', async () => {
  for (const one of cases) {
    const options = { memoryMax: 2 ** 28, spillDirectory: join(one.lake, 'spill'), threads: 2 }
    await using database = await openLakeDatabase(options)
    for (const view of toLakeViews(one.catalog))
      await database.attach(view, filesOf(one, view.path))
    for (const { metric, plan, expected } of one.questions) {
      const sql = compileMetric(plan, one.catalog, { range: EVERYTHING, engine: 'duckdb' })
      const rows: RunRow[] = []
      for await (const some of database.ask(sql)) rows.push(...some)
      expect(toRows(plan, rows), `${toTitle(one.name, metric)}\n${sql}`).toEqual(expected)
    }
  }
}, 120_000)

function filesOf({ lake }: EngineCase, path: string): readonly string[] {
  const names = readdirSync(lake, { recursive: true }).map(String)
  return names
    .filter(name => name.startsWith(`${path}/`) && name.endsWith('.parquet'))
    .map(name => join(lake, name))
}

function toTitle(name: string, metric: unknown): string {
  return `${name}: ${JSON.stringify(metric)}; rerun with WEIR_TEST_SEED=${SEED}`
}

function toRows(plan: MetricPlan, rows: readonly RunRow[]): readonly OracleRow[] {
  const context = { progress: null, partialUntilMs: null, source: 'run' }
  return toOracleRows(toRunGroups(plan, rows).map(group => toResultRow(plan, group, context)))
}
