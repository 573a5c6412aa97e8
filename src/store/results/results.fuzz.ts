/**
 * Whatever workers do to each other, a reader sees what plain Maps come to: random steps of several
 * shards, merges at once, owners that change and zombies that try again, readers that keep up and
 * readers that come late.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { count, countDistinct, defineMetric, max, min, ratio, sum } from '../../model/metric.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { ShardStep } from '../../model/step.ts'
import { openMemoryObjects } from '../../objects/memory/memory-objects.ts'
import { present } from '../../std/assert.ts'
import { HOUR_MS, MINUTE_MS } from '../../std/units.ts'
import { rowsOf } from '../bed.ts'
import { openMemoryStore } from '../memory/memory.ts'
import type { RowSketch } from '../steps.ts'
import { block, plansOf, reject, shardStep, sold, stepOf, toBatch, totals } from '../steps.ts'
import type { AnswerStore, Store } from '../store.ts'
import { layoutOf, openWorker } from './placed.contract.ts'
import { openResultsReader } from './results-reader.ts'
import type { ResultsStore } from './results-store.ts'

const SHARDS = 3
const START = Date.parse('2026-03-01T00:00:00Z')
const plans = plansOf(
  defineMetric('mixed', {
    from: sold,
    window: 'hour',
    groupBy: ['data.item', 'data.shop'],
    measures: {
      sales: count(),
      amount: sum('data.amount'),
      least: min('data.amount'),
      most: max('data.pieces'),
      weights: countDistinct('data.weight'),
      mean: ratio('amount', 'sales'),
    },
  }),
  defineMetric('best', {
    from: sold,
    window: 'all',
    groupBy: ['data.item'],
    measures: { sales: count(), shops: countDistinct('data.shop') },
    top: { by: 'shops', limit: 3 },
  }),
)
const [mixed, best] = plans as [MetricPlan, MetricPlan]

const row: fc.Arbitrary<RowSketch> = fc.record({
  time: fc.nat({ max: 7 }).map(half => new Date(START + half * 30 * MINUTE_MS).toISOString()),
  key: fc.tuple(
    fc.constantFrom('a', 'b', '\uFF5E', '\u{1F600}', '', 'line\nbreak', null),
    fc.constantFrom('x', null),
  ),
  currency: fc.constantFrom('USD', 'JPY', 'KWD'),
  events: fc.integer({ min: 1, max: 9 }),
  misplaced: fc.nat({ max: 1 }),
  values: fc.record(
    {
      sales: fc.nat({ max: 9 }),
      amount: fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
      least: fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n }),
      most: fc.integer(),
      weights: fc.array(fc.nat({ max: 20 }), { maxLength: 4 }),
      shops: fc.array(fc.nat({ max: 9 }), { maxLength: 3 }),
    },
    { requiredKeys: [] },
  ),
})

type Deed =
  | {
      readonly kind: 'commit'
      readonly shard: number
      readonly minute: number
      readonly rows: readonly RowSketch[]
      readonly arrivals: readonly number[]
    }
  | { readonly kind: 'take'; readonly shard: number }
  | { readonly kind: 'haunt'; readonly shard: number }
  | { readonly kind: 'look' }

const shard = fc.nat({ max: SHARDS - 1 })
const commit = fc.record({
  kind: fc.constant('commit' as const),
  shard,
  minute: fc.nat({ max: 300 }),
  rows: fc.array(row, { maxLength: 8 }),
  arrivals: fc.array(fc.nat({ max: 4 }), { maxLength: 3 }),
})
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { arbitrary: commit, weight: 6 },
  { arbitrary: fc.record({ kind: fc.constant('take' as const), shard }), weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant('haunt' as const), shard }), weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant('look' as const) }), weight: 2 },
)
const life = fc.record({
  deeds: fc.array(deed, { minLength: 1, maxLength: 40, size: 'max' }),
  crowd: fc.integer({ min: 1, max: 3 }),
  commitsUnmerged: fc.constantFrom(0, 0, 2),
  rowsMax: fc.constantFrom(2, 5, 1_000),
  viewSizeMax: fc.constantFrom(0, 20, 1_000_000),
})

test('readers see what plain Maps come to', async () => {
  await fc.assert(
    fc.asyncProperty(life, async given => {
      const directory = await mkdtemp(join(tmpdir(), 'weir-fuzz-'))
      const workers: ResultsStore[] = []
      const zombies: (readonly [number, ResultsStore])[] = []
      try {
        const objects = openMemoryObjects()
        const { crowd, commitsUnmerged, rowsMax, viewSizeMax } = given
        const limits = { commitsUnmerged, rowsMax, garbageMs: 0 }
        const open = async (one: number): Promise<ResultsStore> => {
          const options = { objects, directory, plans, shards: SHARDS, crowd, limits }
          const worker = await openWorker(options, [one])
          workers.push(worker)
          return worker
        }
        const owners = new Map<number, ResultsStore>()
        for (let one = 0; one < SHARDS; one += 1) owners.set(one, await open(one))
        for (const owner of owners.values()) await owner.commit(stepOf())
        await using recount = openMemoryStore({ plans, shards: SHARDS })
        const layout = layoutOf(SHARDS)
        await using reader = await openResultsReader({ objects, plans, layout, viewSizeMax })
        const numbers = new Map<number, number>()
        for (const one of given.deeds) {
          switch (one.kind) {
            case 'commit': {
              const number = (numbers.get(one.shard) ?? 0) + 1
              numbers.set(one.shard, number)
              const step = { catalogVersion: 'c1', shards: [toStep(one, number)] }
              const { progress } = await present(owners.get(one.shard), 'an owner').commit(step)
              expect(progress).toBe((await recount.commit(step)).progress)
              break
            }
            case 'take': {
              zombies.push([one.shard, present(owners.get(one.shard), 'an owner')])
              const owner = await open(one.shard)
              owners.set(one.shard, owner)
              await expectState(owner, recount, one.shard)
              break
            }
            case 'haunt': {
              for (const [haunted, zombie] of zombies) {
                const step = stepOf({
                  shard: haunted,
                  partials: [toBatch(mixed, [{ time: NOON }])],
                })
                await expect(zombie.commit(step)).rejects.toMatchObject({ code: 'EPOCH_FENCED' })
              }
              break
            }
            case 'look': {
              await reader.refresh()
              await expectAnswers(reader, recount)
              break
            }
          }
        }
        await reader.refresh()
        await expectAnswers(reader, recount)
        await using late = await openResultsReader({ objects, plans, layout, viewSizeMax })
        await expectAnswers(late, recount)
      } finally {
        for (const worker of workers) await worker[Symbol.asyncDispose]()
        await rm(directory, { recursive: true })
      }
    }),
    // A failure is shrunk for a while, not for ever.
    { numRuns: 40, interruptAfterTimeLimit: 60_000 },
  )
}, 120_000)

const NOON = new Date(START + 12 * HOUR_MS).toISOString()

function toStep(given: Extract<Deed, { kind: 'commit' }>, number: number): ShardStep {
  const { rows, arrivals } = given
  const partition = given.shard
  const invalid = { not_json: number * 3 }
  const timeMs = START + given.minute * MINUTE_MS
  const ids = [block(number % 3, [number * 10, number * 10 + 1])]
  return shardStep({
    shard: partition,
    arrivalMs: number,
    partitions: [totals({ partition, accepted: number, invalid, timeMs, atEnd: number % 2 === 0 })],
    partials: [
      toBatch(mixed, rows.slice(2)),
      toBatch(best, rows),
      toBatch(mixed, rows.slice(0, 2)),
    ],
    ids: {
      added: ids,
      sealed: number % 5 === 0 ? [block(7, [number, number + 1])] : [],
      kept: number % 5 === 0 ? ids : [],
    },
    rejects: arrivals.map((arrivalMs, index) =>
      reject(number * 10 + index, { partition, arrivalMs }),
    ),
  })
}

async function expectAnswers(reader: AnswerStore, recount: Store): Promise<void> {
  // At once, so that they take views from each other.
  const asked = [...plans, ...plans].map(async ({ name }) => {
    expect(await rowsOf(reader, name)).toEqual(await rowsOf(recount, name))
  })
  await Promise.allSettled(asked)
  await Promise.all(asked)
  for (const some of [{ last: 2 }, { fromMs: START + HOUR_MS }, { limit: 3 }]) {
    const question = {
      metric: 'mixed',
      fromMs: null,
      toMs: null,
      limit: 100,
      cursor: null,
      ...some,
    }
    expect(await reader.query(question)).toEqual(await recount.query(question))
  }
  expect(await reader.audit()).toEqual(await recount.audit())
  let cursor: string | null = null
  do {
    const page = await reader.rejects({ limit: 4, cursor })
    expect(page).toEqual(await recount.rejects({ limit: 4, cursor }))
    cursor = page.next
  } while (cursor !== null)
}

async function expectState(owner: ResultsStore, recount: Store, shard: number): Promise<void> {
  const [mine] = (await owner.load()).shards
  const expected = present((await recount.load()).shards[shard], 'a shard')
  const sorted = (blocks: typeof expected.ids.blocks): unknown =>
    blocks.toSorted((a, b) => a.bucket - b.bucket)
  expect(mine?.partitions).toEqual(expected.partitions)
  expect(sorted(mine?.ids.blocks ?? [])).toEqual(sorted(expected.ids.blocks))
  for (let number = 0; number < 60; number += 1) {
    const asked = [number, number + 1, number + 2, number + 3] as const
    const has = (runs: typeof expected.ids.runs): boolean => runs.some(run => run.has(...asked))
    expect(has(mine?.ids.runs ?? [])).toBe(has(expected.ids.runs))
  }
}
