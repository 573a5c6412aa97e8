/**
 * What an engine makes of a partition depends on its records alone: not on how they are cut into
 * fetches and steps, not on when it is opened again, not on how much memory its ids have.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Metric } from '../model/metric.ts'
import { count } from '../model/metric.ts'
import type { Bench } from './engine.fixture.ts'
import { createBench } from './engine.fixture.ts'
import type { Sketch } from './shop.fixture.ts'
import { catalogOf, event } from './shop.fixture.ts'

const CASES = 50
const TOPICS = ['thing', 'other'] as const

const nothing = { groupBy: [], where: null, once: null, top: null, zone: null }
const numbers = {
  n: count(),
  some: { kind: 'count', where: { 'data.flag': true } },
  sum: { kind: 'sum', field: 'data.whole' },
  money: { kind: 'sum', field: 'data.price' },
  least: { kind: 'min', field: 'data.weight' },
  most: { kind: 'max', field: 'data.price' },
  users: { kind: 'count_distinct', field: 'user_id' },
  texts: { kind: 'count_distinct', field: 'data.text' },
  wholes: { kind: 'count_distinct', field: 'data.whole' },
} as const

const METRICS = (
  [
    { name: 'all', from: null, window: 'all', groupBy: ['data.text', 'event_type'] },
    { name: 'hourly', from: null, window: 'hour', zone: 'Asia/Kolkata' },
    { name: 'daily', from: ['thing'], window: 'day', groupBy: ['data.flag', 'data.weight'] },
    { name: 'orders', from: ['thing'], window: 'day', once: 'data.text' },
  ] as const
).map((some): Metric => ({ kind: 'metric', measures: numbers, ...nothing, ...some }))

const few = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values)

const sketch: fc.Arbitrary<Sketch> = fc.record({
  id: fc.nat(40).map(number => `e${number}`),
  user: few('a', 'b', 'ü', '6ba7b810-9dad-11d1-80b4-00c04fd430c8'),
  time: fc
    .tuple(fc.nat(5), fc.nat(86_399_999))
    .map(([day, ms]) => new Date(Date.UTC(2024, 7, 30 + day) + ms).toISOString()),
  type: few(...TOPICS, ...TOPICS, ...TOPICS, 'thing', 'nothing'),
  data: fc.record({
    text: few(null, '', 'x', 'y', '\u{1f600}'),
    whole: few(null, 0, -7, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 0.5),
    weight: few(null, 1.5, -0.001),
    price: few(null, 3, -12),
    flag: few(null, true, false),
    currency: few(null, 'EUR', 'JPY', 'USD'),
  }),
})

interface Turn {
  readonly topic: (typeof TOPICS)[number]
  readonly size: number
  readonly after: 'go on' | 'take' | 'restart' | 'take and restart'
}

const turn: fc.Arbitrary<Turn> = fc.record({
  topic: few(...TOPICS),
  size: fc.integer({ min: 1, max: 40 }),
  after: few('go on', 'take', 'take', 'restart', 'take and restart'),
})

const given = fc.record({
  sketches: fc.array(sketch, { maxLength: 300, size: 'max' }),
  turns: fc.array(turn, { maxLength: 40, size: 'max' }),
  dedupDays: fc.nat(2),
  idsMemoryMax: few(512, 4_096, 1 << 20),
})

function createFilledBench(
  sketches: readonly Sketch[],
  dedupDays: number,
  idsMemoryMax: number,
): Bench {
  const bench = createBench({
    metrics: METRICS,
    catalog: catalogOf({ dedupDays }),
    idsMemoryMax,
  })
  for (const [index, one] of sketches.entries()) {
    const topic = one.type === 'other' ? 'other' : 'thing'
    bench.append(topic, [event(one)], Date.UTC(2024, 8, 10) + index)
  }
  return bench
}

function answersOf(bench: Bench): unknown {
  for (const topic of TOPICS) bench.digest(topic)
  bench.take()
  const rejects = bench.rejects.map(({ topic, offset, code }) => `${topic} ${offset} ${code}`)
  return {
    rows: METRICS.map(({ name }) => bench.rows(name)),
    totals: bench.take()?.partitions ?? TOPICS.map(topic => readTotals(bench, topic)),
    rejects: rejects.toSorted(),
  }
}

function readTotals(bench: Bench, topic: string): unknown {
  try {
    return bench.totals(topic)
  } catch {
    return null
  }
}

test(`cuts, openings and memory change nothing, in ${CASES} cases`, () => {
  let runCount = 0
  fc.assert(
    fc.property(given, ({ sketches, turns, dedupDays, idsMemoryMax }) => {
      const whole = createFilledBench(sketches, dedupDays, 1 << 20)
      const cut = createFilledBench(sketches, dedupDays, idsMemoryMax)
      for (const { topic, size, after } of turns) {
        cut.digest(topic, size)
        if (after.startsWith('take')) cut.take()
        if (after.endsWith('restart')) cut.restart()
      }
      expect(answersOf(cut)).toEqual(answersOf(whole))
      runCount += cut.runCount
    }),
    { numRuns: CASES, endOnFailure: true },
  )
  expect(runCount, 'ids rest in runs now and then').toBeGreaterThan(0)
})
