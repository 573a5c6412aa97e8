/** Steps written by hand, for the tests of stores. */
import { createCatalog } from '../model/catalog.ts'
import type { EventSchema } from '../model/event.ts'
import { defineEvent } from '../model/event.ts'
import type { DecimalField, IntegerField, MoneyField, StringField } from '../model/field.ts'
import { decimal, integer, money, string } from '../model/field.ts'
import type { IdBlock, IdChange } from '../model/ids.ts'
import { ID_BYTES } from '../model/ids.ts'
import type { Metric } from '../model/metric.ts'
import type { PartialBatch, PartialColumn } from '../model/partial.ts'
import type { MeasurePlan, MetricPlan } from '../model/plan.ts'
import { planMetrics } from '../model/plan.ts'
import type { PartitionTotals, Reject, ShardStep, Step } from '../model/step.ts'
import { createWindowing } from '../model/window.ts'
import { MINUTE_MS } from '../std/units.ts'

/** An event type with a field of each kind that can be measured. */
export const sold: EventSchema<
  'sold',
  {
    readonly item: StringField<true>
    readonly shop: StringField<true>
    readonly amount: MoneyField<true>
    readonly weight: DecimalField<true>
    readonly pieces: IntegerField<true>
  }
> = defineEvent('sold', {
  item: string({ optional: true }),
  shop: string({ optional: true }),
  amount: money({ optional: true }),
  weight: decimal(3, { optional: true }),
  pieces: integer({ optional: true }),
})

/** Plans of metrics over `sold`, in UTC, with ten minutes of grace. */
export function plansOf(...metrics: readonly Metric[]): readonly MetricPlan[] {
  const catalog = createCatalog({
    events: [sold],
    topicPrefix: '',
    currency: 'USD',
    dedupDays: 1,
    futureSkewMs: 0,
    eventAgeMsMax: null,
    partitions: 2,
    partitioner: 'murmur2',
  })
  return planMetrics(metrics, catalog, { zone: 'UTC', graceMs: 10 * MINUTE_MS })
}

/** One row of partials. Measures that are not told are 0, or null for extremes. */
export interface RowSketch {
  /** Any instant of the window. */
  readonly time: string
  readonly key?: readonly (string | null)[]
  readonly currency?: string
  readonly events?: number
  readonly misplaced?: number
  /** By measure: counts as numbers, amounts as units, sets as small numbers that stand for ids. */
  readonly values?: { readonly [name: string]: number | bigint | readonly number[] }
}

export function toBatch(plan: MetricPlan, rows: readonly RowSketch[]): PartialBatch {
  const windowing = createWindowing(plan.window)
  const windows = rows.map(row => windowing(Date.parse(row.time)))
  return {
    plan,
    rowCount: rows.length,
    windowStart: Float64Array.from(windows, window => window.start),
    windowEnd: Float64Array.from(windows, window => window.end),
    keys: plan.groupBy.map((_, index) => rows.map(row => row.key?.[index] ?? null)),
    currency: plan.byCurrency ? rows.map(row => row.currency ?? 'USD') : null,
    events: Float64Array.from(rows, row => row.events ?? 1),
    misplaced: Float64Array.from(rows, row => row.misplaced ?? 0),
    measures: plan.measures.map(measure => toColumn(measure, rows)),
  }
}

function toColumn(measure: MeasurePlan, rows: readonly RowSketch[]): PartialColumn {
  const given = rows.map(row => row.values?.[measure.name])
  const numbers = Float64Array.from(given, value => (typeof value === 'number' ? value : 0))
  switch (measure.kind) {
    case 'count':
      return { kind: 'count', values: numbers }
    case 'count_distinct': {
      if (measure.additive) return { kind: 'count', values: numbers }
      const members = given.map(value => (Array.isArray(value) ? (value as number[]) : []))
      const ids = members.flat()
      return {
        kind: 'set',
        rows: members.flatMap((list, row) => list.map(() => row)),
        ids: toIds(ids),
      }
    }
    case 'sum': {
      const carriers = Float64Array.from(given, value => (value === undefined ? 0 : 1))
      return { kind: 'sum', values: given.map(value => toUnits(value) ?? 0n), carriers }
    }
    case 'ratio':
      return { kind: 'none' }
    default:
      return { kind: measure.kind, values: given.map(toUnits) }
  }
}

function toUnits(value: number | bigint | readonly number[] | undefined): bigint | null {
  return typeof value === 'number' || typeof value === 'bigint' ? BigInt(value) : null
}

/** Ids as the numbers told, in all words, so that they are sorted as the numbers are. */
export function toIds(numbers: readonly number[]): Uint8Array {
  const words = new Int32Array((numbers.length * ID_BYTES) / 4)
  for (const [index, number] of numbers.entries()) {
    words.set([number, number + 1, number + 2, number + 3], index * 4)
  }
  return new Uint8Array(words.buffer)
}

export const NO_IDS: IdChange = { added: [], sealed: [], kept: [] }

export function block(bucket: number, numbers: readonly number[]): IdBlock {
  return { bucket, ids: toIds(numbers) }
}

/** Totals of a partition that accepted `accepted` records, and is at its end. */
export function totals(
  given: Partial<PartitionTotals> & { readonly accepted: number },
): PartitionTotals {
  const invalidCount = Object.values(given.invalid ?? {}).reduce((sum, count) => sum + count, 0)
  const consumed = given.accepted + (given.duplicate ?? 0) + invalidCount
  return {
    topic: 'sold',
    partition: 0,
    offsetFirst: 0,
    offsetNext: consumed,
    consumed,
    skipped: 0,
    gap: 0,
    duplicate: 0,
    invalid: {},
    misplaced: 0,
    applied: given.accepted,
    timeMs: null,
    atEnd: true,
    ...given,
  }
}

export function reject(offset: number, given: Partial<Reject> = {}): Reject {
  return {
    topic: 'sold',
    partition: 0,
    offset,
    arrivalMs: 1_000 + offset,
    code: 'not_json',
    pointer: '',
    key: null,
    value: Uint8Array.of(offset & 0xff, 0, 0xff),
    file: null,
    line: null,
    ...given,
  }
}

export function shardStep(given: Partial<ShardStep>): ShardStep {
  return {
    shard: 0,
    arrivalMs: null,
    partitions: [],
    partials: [],
    ids: NO_IDS,
    rejects: [],
    ...given,
  }
}

export function stepOf(...shards: readonly Partial<ShardStep>[]): Step {
  return { catalogVersion: 'c1', shards: shards.map(shardStep) }
}
