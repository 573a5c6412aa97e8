/** A results place is what docs/reference/results.md says: read by its words, equal numbers. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { count, countDistinct, defineMetric, max, min, ratio, sum } from '../src/model/metric.ts'
import type { MetricPlan } from '../src/model/plan.ts'
import type { Value } from '../src/model/result.ts'
import { openLocalObjects } from '../src/objects/local/local-objects.ts'
import { present } from '../src/std/assert.ts'
import { createSystemClock } from '../src/std/clock.ts'
import { createPrng } from '../src/std/prng.ts'
import { rowsOf } from '../src/store/bed.ts'
import { takeShard } from '../src/store/results/epochs.ts'
import { openResultsReader } from '../src/store/results/results-reader.ts'
import type { ResultsStore } from '../src/store/results/results-store.ts'
import { openResultsStore } from '../src/store/results/results-store.ts'
import type { RowSketch } from '../src/store/steps.ts'
import { plansOf, sold, stepOf, toBatch, totals } from '../src/store/steps.ts'
import { parseCodeBlocks } from './support/markdown.ts'
import type { PlainRow } from './support/plain-results.ts'
import { readPlainManifests, recountPlain } from './support/plain-results.ts'

const LAYOUT = { shards: 2, partitioner: 'murmur2', topicPrefix: '', keyId: 'tests' }
const PAGE = join(import.meta.dirname, '..', 'docs', 'reference', 'results.md')
const plans = plansOf(
  defineMetric('sold_by_item', {
    from: sold,
    window: 'hour',
    groupBy: ['data.item'],
    measures: {
      sales: count(),
      amount: sum('data.amount'),
      least: min('data.amount'),
      most: max('data.pieces'),
      shops: countDistinct('data.shop'),
      users: countDistinct('user_id'),
      mean: ratio('amount', 'sales'),
    },
  }),
  defineMetric('ever', { from: sold, window: 'all', measures: { sales: count() } }),
)
const [byItem, ever] = plans as [MetricPlan, MetricPlan]

let place = ''
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'weir-place-'))
})
afterEach(() => rm(place, { recursive: true }))

async function work(crowd: number): Promise<ResultsStore> {
  const objects = openLocalObjects({ directory: place })
  const clock = createSystemClock()
  const taker = { who: 'the test', atMs: clock.now() }
  return openResultsStore({
    objects,
    layout: LAYOUT,
    plans,
    owned: [await takeShard(objects, 0, taker), await takeShard(objects, 1, taker)],
    cacheDirectory: join(place, 'cache'),
    clock,
    limits: { crowd, commitsUnmerged: 0, rowsMax: 7 },
  })
}

const readAnswers = (): ReturnType<typeof openResultsReader> =>
  openResultsReader({
    objects: openLocalObjects({ directory: place }),
    plans,
    layout: { ...LAYOUT, keyId: null },
  })

test('a plain recount comes to what the reader answers', async () => {
  const seed = process.pid
  const prng = createPrng(seed)
  const hour = (): string => `2026-03-01T${10 + prng.nextBelow(5)}:30:00Z`
  const row = (): RowSketch => ({
    time: hour(),
    key: [['apple', 'pear', null, 'line\u2028sep\n'][prng.nextBelow(4)] ?? null],
    currency: ['USD', 'EUR'][prng.nextBelow(2)] ?? 'USD',
    events: 1 + prng.nextBelow(3),
    values: {
      sales: prng.nextBelow(9),
      shops: [prng.nextBelow(9)],
      users: prng.nextBelow(2),
      ...(prng.nextChance(0.7) ? { amount: BigInt(prng.nextUint32()) ** 3n } : {}),
      ...(prng.nextChance(0.5) ? { least: -prng.nextBelow(9), most: prng.nextBelow(9) } : {}),
    },
  })
  {
    await using store = await work(2)
    for (let turn = 1; turn < 40; turn += 1) {
      const timeMs = Date.parse('2026-03-01T10:00:00Z') + turn * 600_000
      const partials = [
        toBatch(byItem, Array.from({ length: prng.nextBelow(9) }, row)),
        toBatch(ever, [{ time: hour(), values: { sales: turn } }]),
      ]
      const partitions = [totals({ partition: turn % 2, accepted: turn, timeMs })]
      await store.commit(stepOf({ shard: turn % 2, partitions, partials }))
    }
  }
  await using reader = await readAnswers()
  for (const plan of plans) {
    const answers = (await rowsOf(reader, plan.name)).map(one => ({
      place: [one.window_start, one.window_end, ...Object.values(one.key)],
      late: one.late,
      revision: one.revision,
      values: one.values,
    }))
    expect(toAnswers(recountPlain(place, plan.name)), `seed ${seed}`).toEqual(
      expect.arrayContaining(answers),
    )
    expect(toAnswers(recountPlain(place, plan.name))).toHaveLength(answers.length)
  }
  const [late] = (await rowsOf(reader, 'sold_by_item')).map(one => one.late)
  expect(late).toBeGreaterThan(0)
  const files = readPlainManifests(place).flatMap(manifest => manifest.objects)
  expect(new Set(files.map(one => one.key)).size, 'objects were merged').toBeLessThan(30)
})

/** Rows of one window and key together, with the values that the API shows. */
function toAnswers(rows: readonly PlainRow[]): readonly unknown[] {
  const groups = Map.groupBy(rows, row => JSON.stringify([row.start, row.key]))
  return [...groups.values()].map(group => {
    const [first] = group as [PlainRow]
    const total = (of: (row: PlainRow) => number): number =>
      group.reduce((all, row) => all + of(row), 0)
    return {
      place: [first.start, first.end, ...first.key],
      late: total(row => row.late),
      revision: total(row => row.revision),
      values: first.values.length === 1 ? { sales: total(salesOf) } : toValues(group),
    }
  })
}

const salesOf = (row: PlainRow): number => Number(row.values[0])

function toValues(group: readonly PlainRow[]): { readonly [name: string]: Value } {
  const sorted = group.toSorted((a, b) => (String(a.currency) < String(b.currency) ? -1 : 1))
  const money = (unitsOf: (row: PlainRow) => bigint | null): Value =>
    Object.fromEntries(
      sorted.flatMap(row => {
        const units = unitsOf(row)
        return units === null ? [] : [[String(row.currency), toCents(units)]]
      }),
    )
  const sumOf = (row: PlainRow): { units: string; carriers: number } =>
    row.values[1] as { units: string; carriers: number }
  const most = group.map(row => row.values[3]).filter(value => value !== null)
  const mean = sorted
    .filter(row => sumOf(row).carriers > 0)
    .map(row => {
      const sales = BigInt(salesOf(row))
      const units = BigInt(sumOf(row).units)
      return [
        String(row.currency),
        sales === 0n ? null : toCents((units * 2n + sales) / (sales * 2n)),
      ]
    })
  return {
    sales: group.reduce((all, row) => all + salesOf(row), 0),
    amount: money(row => (sumOf(row).carriers === 0 ? null : BigInt(sumOf(row).units))),
    least: money(row => (row.values[2] === null ? null : BigInt(row.values[2] as string))),
    most: most.length === 0 ? null : String(most.map(Number).reduce((a, b) => Math.max(a, b))),
    shops: new Set(group.flatMap(row => row.values[4] as readonly string[])).size,
    users: group.reduce((all, row) => all + Number(row.values[5]), 0),
    mean: Object.fromEntries(mean) as Value,
  }
}

function toCents(units: bigint): string {
  const digits = String(units < 0n ? -units : units).padStart(3, '0')
  return `${units < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

test('the commands of the page read a place, and show what it says', async context => {
  for (const command of ['jq --version', 'python3 --version', 'zcat --version']) {
    try {
      execFileSync('sh', ['-c', command], { stdio: 'ignore' })
    } catch {
      if (process.env['CI'] === 'true') throw new Error(`${command} does not run`)
      context.skip(`${command} does not run`)
    }
  }
  const row = (hour: number, item: string, currency: string, amounts: number[]): RowSketch => ({
    time: `2026-03-01T${hour}:00:00Z`,
    key: [item],
    currency,
    events: amounts.length,
    values: { sales: amounts.length, amount: amounts.reduce((all, one) => all + one, 0) },
  })
  {
    await using store = await work(8)
    const apples = [row(12, 'apple', 'USD', [100, 200]), row(12, 'apple', 'EUR', [250])]
    await store.commit(stepOf({ partials: [toBatch(byItem, apples)] }))
    const pears = [row(12, 'pear', 'USD', [1, 1, 1]), row(13, 'pear', 'USD', [5])]
    await store.commit(
      stepOf(
        { partials: [toBatch(byItem, [row(12, 'apple', 'USD', [99])])] },
        { shard: 1, partials: [toBatch(byItem, pears), toBatch(ever, [{ time: NOON }])] },
      ),
    )
  }
  const blocks = parseCodeBlocks(await readFile(PAGE, 'utf8'))
  const { code, output } = present(
    blocks.find(block => block.language === 'sh'),
    'a block of commands',
  )
  expect(execFileSync('sh', ['-c', code], { cwd: place }).toString().trim()).toBe(output)
  const whole = 'cat results/objects/*/*.gz | zcat | wc -l'
  expect(execFileSync('sh', ['-c', whole], { cwd: place }).toString().trim()).toBe('6')
})

const NOON = '2026-03-01T12:00:00Z'
