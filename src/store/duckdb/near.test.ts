/** Pages of a large table, of which only the windows near are read, are those of plain Maps. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { count, defineMetric, sum } from '../../model/metric.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { Question, ResultRow } from '../../model/result.ts'
import { TIME_MS_MAX, TIME_MS_MIN } from '../../model/time.ts'
import { WINDOW_MS_MAX } from '../../model/window.ts'
import { createPrng } from '../../std/prng.ts'
import { DAY_MS, HOUR_MS } from '../../std/units.ts'
import { ALL } from '../bed.ts'
import { plansOf, sold, toBatch } from '../steps.ts'
import type { AnswerStore, Store } from '../store.ts'
import type { Twins } from './twins.fixture.ts'
import { openTwins } from './twins.fixture.ts'

/** Hours of a zone that changes its clocks within the time of the rows. */
const hourly = { from: sold, window: 'hour', zone: 'Europe/Berlin' } as const
const plans = plansOf(
  defineMetric('items', {
    ...hourly,
    groupBy: ['data.item'],
    measures: { sales: count(), amount: sum('data.amount') },
  }),
  defineMetric('best', {
    ...hourly,
    groupBy: ['data.item'],
    measures: { sales: count() },
    top: { by: 'sales', limit: 3 },
  }),
)
const BEGINS = Date.parse('2026-03-10T00:00:00Z')
const DAYS = 40
const ROWS = 24_000
const PAGES = 30
const QUESTIONS: readonly Partial<Question>[] = [
  {},
  { order: '-window_start' },
  { last: 300 },
  { fromMs: BEGINS + 9 * DAY_MS, toMs: BEGINS + 30 * DAY_MS },
  { window: 'day', measures: ['sales'] },
  { window: 'day', order: '-window_start' },
  { window: 'week' },
  { window: 'month', group: [] },
  { window: 'day', fromMs: BEGINS + 15 * DAY_MS },
  { keys: [{ name: 'item', values: ['item 7', null] }] },
]

const prng = createPrng(41)
let twins: Twins
let disk: Store
let plain: Store

beforeAll(async () => {
  // Two rows in three lie where they were put, one behind them: as between two compactions.
  twins = await openTwins({ plans, shards: 2, compactAfterRows: (2 * ROWS) / 3 })
  disk = twins.disk
  plain = twins.plain
  for (let step = 0; step < 6; step += 1) {
    // The first days have few rows, so that their windows are not enough for a page.
    const rows = Array.from({ length: ROWS / 6 }, () => ({
      time: new Date(BEGINS + Math.sqrt(prng.nextUnit()) * DAYS * DAY_MS).toISOString(),
      key: [prng.nextChance(0.02) ? null : `item ${prng.nextBelow(60)}`],
      currency: prng.nextChance(0.1) ? 'JPY' : 'USD',
      values: { sales: 1 + prng.nextBelow(9), amount: prng.nextBelow(1_000) },
    }))
    const partials = plans.map((plan: MetricPlan) => toBatch(plan, rows))
    await twins.commit({ shard: step % 2, partials })
  }
})

afterAll(() => twins[Symbol.asyncDispose]())

async function pagesOf(store: AnswerStore, question: Question): Promise<readonly ResultRow[]> {
  const rows: ResultRow[] = []
  for (let cursor: string | null = null; ; ) {
    const page = await store.query({ ...question, cursor })
    rows.push(...page.rows)
    cursor = page.next
    if (cursor === null) return rows
  }
}

for (const metric of ['items', 'best']) {
  test.for(QUESTIONS)(`${metric}: %j`, async question => {
    const whole = { ...ALL, metric, ...question, limit: 1_000_000 }
    const { rows } = await plain.query(whole)
    expect(rows.length).toBeGreaterThan(0)
    expect((await disk.query(whole)).rows).toEqual(rows)
    for (const limit of [130, 700, rows.length - 1]) {
      expect(await pagesOf(disk, { ...whole, limit: Math.max(1, limit) })).toEqual(rows)
    }
    // Of pages of all sizes, since it is at the last window near that one may go wrong.
    for (let page = 0; page < PAGES; page += 1) {
      const limit = 1 + Math.floor(((page + prng.nextUnit()) / PAGES) ** 3 * rows.length)
      const { rows: first } = await disk.query({ ...whole, limit })
      expect(first).toEqual(rows.slice(0, limit))
    }
  })
}

test('a cursor of a time that no event has is refused, and of the first one is none', async () => {
  for (const order of ['window_start', '-window_start']) {
    const question = { ...ALL, metric: 'items', window: 'day', limit: 5, order } as const
    const { next } = await disk.query(question)
    const [hash, , ...rest] = JSON.parse(Buffer.from(next ?? '', 'base64url').toString('utf8'))
    const at = (start: number): string =>
      Buffer.from(JSON.stringify([hash, start, ...rest])).toString('base64url')
    for (const start of [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
      const asked = disk.query({ ...question, cursor: at(start) })
      await expect(asked).rejects.toMatchObject({ code: 'QUERY_INVALID' })
    }
    for (const start of [TIME_MS_MIN - WINDOW_MS_MAX, TIME_MS_MIN, TIME_MS_MAX]) {
      const asked = { ...question, cursor: at(start) }
      expect((await disk.query(asked)).rows).toEqual((await plain.query(asked)).rows)
    }
  }
})

test('a day on which clocks change is shorter', async () => {
  const { rows } = await disk.query({
    ...ALL,
    metric: 'items',
    window: 'day',
    group: [],
    limit: 99,
  })
  const lengths = rows.map(
    row => Date.parse(row.window_end ?? '') - Date.parse(row.window_start ?? ''),
  )
  expect(new Set(lengths)).toEqual(new Set([24 * HOUR_MS, 23 * HOUR_MS]))
})
