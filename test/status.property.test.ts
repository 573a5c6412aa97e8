/**
 * Open, final, revised: the status, revision and late events of every window, and progress after
 * every commit, counted again from what is known of the log alone: what arrived when, in which
 * partition, and how far each commit had read. Over several partitions, commits and openings.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runDigest } from '../src/flow/digest.ts'
import { openMemoryLog } from '../src/log/memory/memory-log.ts'
import { createCatalog, shardsOf, topicsOf } from '../src/model/catalog.ts'
import { count, defineMetric } from '../src/model/metric.ts'
import { planMetrics } from '../src/model/plan.ts'
import type { ResultRow } from '../src/model/result.ts'
import { SHOP_EVENTS } from '../src/model/shop-events.ts'
import type { Clock } from '../src/std/clock.ts'
import { createSystemClock } from '../src/std/clock.ts'
import { createOutage } from '../src/std/outage.ts'
import { createMemoryDisk, openMemoryStore } from '../src/store/memory/memory.ts'
import type { Store } from '../src/store/store.ts'
import { SHOP_SETTINGS } from './oracle/shop.ts'
import { findWindows } from './oracle/windows.ts'
import { toCatalog } from './support/product.ts'
import { checkAsyncProperty } from './support/property.ts'

const PARTITIONS = 3
const GRACE_MS = 600_000
const MINUTE_MS = 60_000
const FIRST_MS = Date.parse('2024-09-03T10:00:00Z')
const TYPES = ['product_view', 'add_to_wishlist'] as const
const WINDOWS = ['15m', 'hour', 'all'] as const

interface Sent {
  readonly type: (typeof TYPES)[number]
  readonly partition: number
  readonly product: string
  /** After the first instant. */
  readonly minute: number
}

/** Records that are appended together, and then digested to the end by a process of its own. */
interface Phase {
  readonly arrivalMinute: number
  readonly sent: readonly Sent[]
  readonly bytesMaxPerPull: number
  readonly commitEvery: number
}

const phase: fc.Arbitrary<Phase> = fc.record({
  arrivalMinute: fc.nat(240),
  sent: fc.array(
    fc.record({
      type: fc.constantFrom(...TYPES),
      partition: fc.nat(PARTITIONS - 1),
      product: fc.constantFrom('p1', 'p2'),
      minute: fc.oneof(fc.nat(180), fc.constantFrom(0, 14, 15, 24, 25, 59, 60, 69, 70, 71)),
    }),
    { maxLength: 25, size: 'max' },
  ),
  bytesMaxPerPull: fc.constantFrom(1, 1, 400, 1 << 20),
  commitEvery: fc.constantFrom(1, 1, 2, 5),
})
const phases = fc
  .array(phase, { minLength: 1, maxLength: 6, size: 'max' })
  .map(some => some.toSorted((left, right) => left.arrivalMinute - right.arrivalMinute))

/** What a commit had read of each partition, and what the log held then. */
interface Reading {
  readonly read: ReadonlyMap<string, number>
  readonly ends: ReadonlyMap<string, number>
  readonly progress: number | null
}

interface Stored {
  readonly place: string
  readonly offset: number
  readonly timeMs: number
  readonly arrivalMs: number
  readonly product: string
  readonly type: string
}

interface Outcome {
  readonly stored: readonly Stored[]
  readonly readings: readonly Reading[]
  readonly rows: ReadonlyMap<string, readonly ResultRow[]>
}

test('status, revision, late and progress are as the promise says', async () => {
  let lateCount = 0
  const property = fc.asyncProperty(phases, async given => {
    const outcome = await run(given)
    const progress = recountProgress(outcome)
    expect(outcome.readings.map(reading => reading.progress)).toEqual(progress)
    for (const window of WINDOWS) {
      const expected = recountRows(outcome, progress, window)
      const rows = outcome.rows.get(toName(window)) ?? []
      expect(rows.map(toLine), window).toEqual(expected)
      lateCount += rows.reduce((sum, row) => sum + row.late, 0)
    }
  })
  await checkAsyncProperty(property, 60)
  expect(lateCount, 'late events are common').toBeGreaterThan(50)
}, 120_000)

const toName = (window: string): string => `views_${window}`

async function run(given: readonly Phase[]): Promise<Outcome> {
  const catalog = createCatalog({ ...toCatalog(SHOP_SETTINGS, PARTITIONS), events: SHOP_EVENTS })
  const metrics = WINDOWS.map(window =>
    defineMetric(toName(window), {
      from: 'all',
      window,
      groupBy: ['event_type'],
      measures: { n: count() },
    }),
  )
  const plans = planMetrics(metrics, catalog, { zone: 'UTC', graceMs: GRACE_MS })
  let nowMs = 0
  const clock: Clock = { ...createSystemClock(), now: () => nowMs }
  const topics = topicsOf(catalog)
  await using log = await openMemoryLog({ topics, partitions: PARTITIONS, clock })
  const disk = createMemoryDisk()
  const openStore = async (): Promise<Store> => openMemoryStore({ plans, shards: PARTITIONS, disk })
  const stored: Stored[] = []
  const readings: Reading[] = []
  const { signal } = new AbortController()
  let read = new Map<string, number>()
  for (const { arrivalMinute, sent, bytesMaxPerPull, commitEvery } of given) {
    nowMs = FIRST_MS + arrivalMinute * MINUTE_MS
    for (const one of sent) {
      const timeMs = FIRST_MS + one.minute * MINUTE_MS
      const { type, partition, product } = one
      const event = {
        event_id: `e${stored.length}`,
        event_type: type,
        user_id: 'u',
        timestamp: new Date(timeMs).toISOString(),
        data: { product_id: product },
      }
      const value = Buffer.from(JSON.stringify(event))
      const [appended] = await log.append(
        [{ topic: type, partition, key: null, value, headers: [] }],
        signal,
      )
      // More than an hour ahead of its arrival it is invalid; then nothing is counted.
      if (timeMs - nowMs > SHOP_SETTINGS.futureSkewMs) continue
      const { offset = 0, arrivalMs = 0 } = appended ?? {}
      stored.push({ place: `${type} ${partition}`, offset, timeMs, arrivalMs, product, type })
    }
    const bounds = await log.bounds(signal)
    const ends = new Map(bounds.map(one => [`${one.topic} ${one.partition}`, one.offsetEnd]))
    await runDigest({
      log,
      openStore,
      catalog,
      plans,
      secret: new Uint8Array(16),
      idsMemoryMax: 1 << 20,
      clock: createTickClock(),
      commitMs: commitEvery,
      pullBytesMax: bytesMaxPerPull,
      shards: shardsOf(catalog),
      onCommit: ({ progress }, step) => {
        const partitions = step.shards.flatMap(shard => shard.partitions)
        const now = partitions.map(
          one => [`${one.topic} ${one.partition}`, one.offsetNext] as const,
        )
        read = new Map([...read, ...now])
        readings.push({ read, ends, progress })
      },
      outage: createOutage(fault => {
        if (fault !== null) throw fault
      }),
      drain: AbortSignal.abort(),
      signal,
    })
  }
  await using store = await openStore()
  const rows = new Map<string, readonly ResultRow[]>()
  const question = { fromMs: null, toMs: null, limit: 10_000, cursor: null }
  for (const { name } of plans)
    rows.set(name, (await store.query({ ...question, metric: name })).rows)
  return { stored, readings, rows }
}

function createTickClock(): Clock {
  let ticks = 0
  return {
    now: () => 0,
    monotonic: () => {
      ticks += 1
      return ticks
    },
    sleep: async () => undefined,
  }
}

/** After each commit: the least time over what is not read to its end, else the largest of all. */
function recountProgress({ stored, readings }: Outcome): (number | null)[] {
  let published: number | null = null
  return readings.map(({ read, ends }) => {
    const timeOf = (place: string): number =>
      stored
        .filter(one => one.place === place && one.offset < (read.get(place) ?? 0))
        .reduce(
          (time, one) => Math.max(time, Math.min(one.timeMs, one.arrivalMs)),
          Number.NEGATIVE_INFINITY,
        )
    const places = [...ends].filter(([, end]) => end > 0)
    const behind = places.filter(([place, end]) => (read.get(place) ?? 0) < end)
    const now =
      behind.length > 0
        ? Math.min(...behind.map(([place]) => timeOf(place)))
        : Math.max(...places.map(([place]) => timeOf(place)))
    if (Number.isFinite(now)) published = Math.max(published ?? now, now)
    return published
  })
}

/** Lines as of `toLine`, in the order of rows. */
function recountRows(
  { stored, readings }: Outcome,
  progress: readonly (number | null)[],
  window: string,
): readonly string[] {
  const windowOf = findWindows(window, 'UTC')
  const groups = Map.groupBy(stored, ({ timeMs, type }) => {
    const { start, end } = windowOf(timeMs)
    return JSON.stringify([start, end, type])
  })
  const isPast = (end: number | null, at: number | null | undefined): boolean =>
    end !== null && typeof at === 'number' && end + GRACE_MS <= at
  const lines = [...groups].map(([name, events]) => {
    const [start, end, type] = JSON.parse(name) as [number | null, number | null, string]
    const commits = events
      .map(({ place, offset }) => readings.findIndex(({ read }) => offset < (read.get(place) ?? 0)))
      .filter(commit => isPast(end, progress[commit - 1]))
    const revision = new Set(commits).size
    const status = revision > 0 ? 'revised' : isPast(end, progress.at(-1)) ? 'final' : 'open'
    return {
      start: start ?? 0,
      line: [start, type, events.length, status, revision, commits.length],
    }
  })
  const compare = (left: string, right: string): number => (left < right ? -1 : 1)
  return lines
    .toSorted((a, b) => a.start - b.start || compare(String(a.line[1]), String(b.line[1])))
    .map(({ line }) => line.join(' '))
}

function toLine({ window_start, key, values, status, revision, late }: ResultRow): string {
  const start = window_start === null ? null : Date.parse(window_start)
  return [start, key['event_type'], Number(values['n']), status, revision, late].join(' ')
}
