/**
 * For the tests of this room: an engine between a log of arrays and a store of Maps. Records are
 * appended, digested in fetches of any size, taken at any time; and the engine can be thrown away
 * and opened again from what was taken.
 */
import type { AnswerPart } from '../model/answer.ts'
import { compareKeys, createRowMaker, keepsSet, mergeParts, toPart } from '../model/answer.ts'
import type { Catalog } from '../model/catalog.ts'
import { createCatalog } from '../model/catalog.ts'
import type { IdBlock, IdRun } from '../model/ids.ts'
import { ID_BYTES } from '../model/ids.ts'
import type { Metric } from '../model/metric.ts'
import type { MetricPlan } from '../model/plan.ts'
import { planMetrics } from '../model/plan.ts'
import { encodeRecordBatch } from '../model/record-batch.ts'
import type { ResultRow } from '../model/result.ts'
import type { PartitionTotals, Reject, ShardStep } from '../model/step.ts'
import type { Interval } from '../model/window.ts'
import { present } from '../std/assert.ts'
import { compareUtf8, concatBytes, toUtf8 } from '../std/bytes.ts'
import type { Engine } from './engine.ts'
import { createEngine } from './shard-engine.ts'

export interface BenchOptions {
  readonly metrics: readonly Metric[]
  readonly catalog: Omit<Catalog, 'version'>
  readonly zone?: string
  readonly shard?: number
  readonly idsMemoryMax?: number
}

export interface Bench {
  /** Appends events, as their JSON, to the topic of a partition; nothing is digested. */
  append(topic: string, events: readonly object[], arrivalMs?: number): void
  /** Digests at most so many records of a topic, in one fetch. */
  digest(topic: string, recordCountMax?: number): void
  /** Takes a step, and keeps it as a store would; null: nothing moved. */
  take(): ShardStep | null
  /** Throws the engine away, and opens it as of the last take. */
  restart(): void
  /** Appends, digests and takes. */
  feed(topic: string, events: readonly object[], arrivalMs?: number): void
  rows(metric: string): readonly ResultRow[]
  values(metric: string): readonly ResultRow['values'][]
  totals(topic: string): PartitionTotals
  readonly rejects: readonly Reject[]
  readonly runCount: number
  readonly engine: Engine
}

interface Batch {
  readonly offset: number
  readonly arrivalMs: number
  readonly value: Uint8Array
}

export const ARRIVAL_MS: number = Date.parse('2024-09-05T12:00:00Z')

export function createBench(options: BenchOptions): Bench {
  const { shard = 0, idsMemoryMax = 1 << 20 } = options
  const catalog = createCatalog(options.catalog)
  const plans = planMetrics(options.metrics, catalog, {
    zone: options.zone ?? 'UTC',
    graceMs: 600_000,
  })
  const tally = createTally(plans)
  const log = new Map<string, Batch[]>()
  const rejects: Reject[] = []
  let partitions: readonly PartitionTotals[] = []
  let blocks: readonly IdBlock[] = []
  let runs: readonly IdRun[] = []
  const openEngine = (): Engine =>
    createEngine({
      catalog,
      plans,
      state: { shard, partitions, ids: { blocks, runs } },
      secret: new Uint8Array(16).fill(9),
      idsMemoryMax,
    })
  let engine = openEngine()
  let positions = new Map<string, number>()

  const take = (): ShardStep | null => {
    const step = engine.take()
    if (step === null) return null
    tally.add(step)
    rejects.push(...step.rejects)
    partitions = step.partitions
    const sealed = step.ids.sealed.map(toRun)
    runs = [...runs, ...sealed]
    blocks = sealed.length > 0 ? step.ids.kept : [...blocks, ...step.ids.added]
    engine.settle(sealed)
    return step
  }
  const bench: Bench = {
    append: (topic, events, arrivalMs = ARRIVAL_MS) => {
      const records = log.get(topic) ?? []
      log.set(topic, records)
      for (const event of events) {
        const value = toUtf8(JSON.stringify(event))
        records.push({ offset: records.length, arrivalMs, value })
      }
    },
    digest: (topic, recordCountMax = Number.MAX_SAFE_INTEGER) => {
      const records = log.get(topic) ?? []
      const offset = positions.get(topic) ?? 0
      const taken = records.slice(offset, offset + recordCountMax)
      if (taken.length === 0) return
      const offsetNext = offset + taken.length
      positions.set(topic, offsetNext)
      const batches = taken.map(({ offset: baseOffset, arrivalMs, value }) =>
        encodeRecordBatch({ baseOffset, arrivalMs, records: [{ key: null, value, headers: [] }] }),
      )
      const ends = { offsetFirst: 0, offsetEnd: records.length, abortedCount: 0, isVerified: false }
      const bytes = concatBytes(batches)
      engine.digest({ topic, partition: shard, offset, offsetNext, ...ends, bytes })
    },
    take,
    restart: () => {
      engine = openEngine()
      positions = new Map(partitions.map(({ topic, offsetNext }) => [topic, offsetNext]))
    },
    feed: (topic, events, arrivalMs) => {
      bench.append(topic, events, arrivalMs)
      bench.digest(topic)
      take()
    },
    rows: metric => tally.rows(metric),
    values: metric => tally.rows(metric).map(row => row.values),
    totals: topic =>
      present(
        partitions.find(total => total.topic === topic),
        topic,
      ),
    rejects,
    get runCount() {
      return runs.length
    },
    get engine() {
      return engine
    },
  }
  return bench
}

interface Group {
  readonly window: Interval
  readonly key: readonly (string | null)[]
  readonly parts: Map<string, AnswerPart>
  readonly sets: readonly Set<string>[]
}

/** Adds partials up, plainly. */
function createTally(plans: readonly MetricPlan[]): {
  add(step: ShardStep): void
  rows(metric: string): readonly ResultRow[]
} {
  const groups = new Map(plans.map(plan => [plan.name, new Map<string, Group>()]))
  return {
    add: step => {
      for (const batch of step.partials) {
        const ofMetric = present(groups.get(batch.plan.name), 'a metric')
        const rows = Array.from(batch.windowStart, (start, row): Group => {
          const key = batch.keys.map(column => column[row] ?? null)
          const place = JSON.stringify([start, key])
          const window = { start, end: present(batch.windowEnd[row], 'a row') }
          const sets = batch.measures.map(() => new Set<string>())
          const group = ofMetric.get(place) ?? { window, key, parts: new Map(), sets }
          ofMetric.set(place, group)
          const part = toPart(batch, row, { late: 0, revision: 0 })
          const known = group.parts.get(part.currency ?? '')
          group.parts.set(part.currency ?? '', known ? mergeParts(known, part) : part)
          return group
        })
        for (const [index, column] of batch.measures.entries()) {
          if (column.kind !== 'set') continue
          column.rows.forEach((row, at) => {
            const id = Buffer.from(column.ids.subarray(at * ID_BYTES, (at + 1) * ID_BYTES))
            rows[row]?.sets[index]?.add(id.toString('hex'))
          })
        }
      }
    },
    rows: metric => {
      const plan = present(
        plans.find(one => one.name === metric),
        metric,
      )
      const context = { progress: null, partialUntilMs: null, source: 'stream' }
      const toRow = createRowMaker(plan, context)
      return [...present(groups.get(metric), metric).values()]
        .toSorted((a, b) => {
          if (a.window.start !== b.window.start) return a.window.start < b.window.start ? -1 : 1
          return compareKeys(a.key, b.key)
        })
        .map(({ window, key, parts, sets }) => {
          const ordered = [...parts.keys()]
            .toSorted(compareUtf8)
            .flatMap(one => parts.get(one) ?? [])
          const distinct = plan.measures.map((one, at) => (keepsSet(one) ? sets[at]?.size : 0) ?? 0)
          const group = { window, key, parts: ordered, distinct }
          return toRow(group)
        })
    },
  }
}

/** A run as a plain set, which says what was sealed. */
function toRun({ bucket, ids }: IdBlock): IdRun {
  const words = new Int32Array(ids.slice().buffer)
  const known = new Set<string>()
  for (let at = 0; at < words.length; at += 4) known.add(words.subarray(at, at + 4).join())
  return { bucket, idCount: known.size, has: (...id) => known.has(id.join()) }
}
