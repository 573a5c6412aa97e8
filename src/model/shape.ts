/**
 * The shape of an answer: what a question makes of a metric beside its range. Rows of some keys
 * only, key fields left out, windows put together, some measures, another order. All of it is
 * decided here, once, for every reader of partials, and what cannot be told exactly is refused:
 * nobody gets a number that only looks like one.
 *
 * What adds up over keys and windows: counts, sums, extremes, `once`, and ratios of these, which
 * are divided anew. Users counted by hour do not add up to users by day. A distinct count that
 * keeps its set adds up over keys, as the union of the sets.
 */
import { createHash } from 'node:crypto'
import { assert } from '../std/assert.ts'
import { Fault } from '../std/fault.ts'
import { DAY_MS, HOUR_MS } from '../std/units.ts'
import { keepsSet } from './answer.ts'
import type { MeasurePlan, MetricPlan } from './plan.ts'
import { isMoney } from './plan.ts'
import type { Question, RollUp } from './result.ts'
import { ROLL_UPS, STREAM } from './result.ts'
import type { Windowing, WindowSpec } from './window.ts'
import { ALL_WINDOW, createWindowing } from './window.ts'

/** Values of one filter at most. */
export const KEY_VALUES_MAX = 1_000
export type Order =
  | { readonly kind: 'window'; readonly isDescending: boolean }
  | { readonly kind: 'key' }
  | {
      readonly kind: 'measure'
      readonly name: string
      /** Of money; else null. */
      readonly currency: string | null
      readonly isDescending: boolean
    }

/** A field of the key has one of these values; null is absence. */
export interface KeyCondition {
  /** Place of the field in the metric's key. */
  readonly index: number
  readonly values: ReadonlySet<string | null>
}

export interface Shape {
  /** The metric as it is kept. */
  readonly base: MetricPlan
  /** What the rows of the answer are of: `base` with its key, windows and top as asked for. */
  readonly plan: MetricPlan
  readonly filters: readonly KeyCondition[]
  /** Places in the key of `base` of the fields that the answer has, ascending. */
  readonly kept: readonly number[]
  /** null: windows stay as they are. Else finds the larger window of a smaller one's start. */
  readonly windowing: Windowing | null
  /** Names of the measures to show; null: all. */
  readonly shown: ReadonlySet<string> | null
  readonly order: Order
  /** Changes with everything that changes which rows there are, or their order. */
  readonly hash: string
}

type Asked = Omit<Question, 'metric' | 'limit' | 'cursor' | 'fromMs' | 'toMs'>

/** Throws QUERY_INVALID, NOT_ADDITIVE, saying what would be right. */
export function toShape(base: MetricPlan, asked: Asked): Shape {
  const kept = toKept(base, asked.group ?? null)
  const window = toWindow(base, asked.window ?? null)
  const shown = toShown(base, asked.measures ?? null)
  const plan = {
    ...base,
    groupBy: kept.map(index => base.groupBy[index]).filter(ref => ref !== undefined),
    window: window ?? base.window,
    top: asked.top === undefined || asked.top === null ? base.top : toTop(base, asked.top),
  }
  const order = parseOrder(plan, asked.order ?? null, asked.last ?? null)
  const filters = toConditions(base, asked.keys ?? [])
  const shape = { base, plan, filters, kept, shown, order }
  if (window !== null || kept.length < base.groupBy.length) {
    assertAdditive(shape, window, asked.source ?? STREAM)
  }
  const windowing = window === null ? null : createWindowing(window)
  return { ...shape, windowing, hash: hashOf(shape) }
}

/** Whether rows are put together, so that an answer is none of rows as they are kept. */
export function isDerived({ base, kept, windowing }: Shape): boolean {
  return windowing !== null || kept.length < base.groupBy.length
}

function hashOf({ base, plan, filters, kept, order }: Omit<Shape, 'windowing' | 'hash'>): string {
  const keys = filters.map(({ index, values }) => [index, [...values]])
  const what = JSON.stringify([base.hash, plan.window, plan.top, kept, keys, order])
  return createHash('sha256').update(what).digest('hex').slice(0, 16)
}

function toKept(base: MetricPlan, group: readonly string[] | null): readonly number[] {
  const all = base.groupBy.map((_, index) => index)
  if (group === null) return all
  for (const name of group) findKey(base, name)
  return all.filter(index => group.includes(base.groupBy[index]?.name ?? ''))
}

function findKey(base: MetricPlan, name: string): number {
  const index = base.groupBy.findIndex(ref => ref.name === name)
  if (index !== -1) return index
  const known = base.groupBy.map(ref => `'${ref.name}'`).join(', ')
  const mend = known === '' ? 'it is not grouped' : `there are ${known}`
  return refuse(`metric '${base.name}' has no key '${name}'; ${mend}`)
}

function toConditions(
  base: MetricPlan,
  keys: NonNullable<Question['keys']>,
): readonly KeyCondition[] {
  return keys.map(({ name, values }, at) => {
    if (keys.findIndex(other => other.name === name) < at) refuse(`key '${name}' is told twice`)
    if (values.length > KEY_VALUES_MAX) {
      refuse(`more than ${KEY_VALUES_MAX} values of key '${name}' are asked for; ask several times`)
    }
    return { index: findKey(base, name), values: new Set(values) }
  })
}

/** null: the windows of the metric. */
function toWindow(base: MetricPlan, asked: RollUp | null): WindowSpec | null {
  if (asked === null || asked === base.window.kind) return null
  if (asked === 'all') return { kind: 'all' }
  if (!isWithin(base.window, asked)) {
    refuse(
      `windows of metric '${base.name}' do not add up to '${asked}'; ` +
        `there are ${rollUpsOf(base).join(', ') || 'none larger'}`,
    )
  }
  return { kind: asked, zone: base.zone }
}

/** The larger windows that the metric's can be put together to. */
export function rollUpsOf({ window }: MetricPlan): readonly RollUp[] {
  return ROLL_UPS.filter(one => isWithin(window, one))
}

function isWithin(window: WindowSpec, larger: RollUp): boolean {
  switch (window.kind) {
    case 'all':
    case 'month':
    case 'week':
      return larger === 'all' && window.kind !== 'all'
    case 'minute':
      return true
    case 'hour':
      return larger !== 'hour'
    case 'day':
      return larger !== 'hour' && larger !== 'day'
    case 'fixed': {
      const whole = larger === 'hour' ? HOUR_MS : DAY_MS
      return larger === 'all' || whole % window.durationMs === 0
    }
  }
}

function toShown(base: MetricPlan, names: readonly string[] | null): ReadonlySet<string> | null {
  if (names === null) return null
  for (const name of names) findMeasure(base, name)
  return new Set(names)
}

function findMeasure(base: MetricPlan, name: string): MeasurePlan {
  const measure = base.measures.find(one => one.name === name)
  if (measure !== undefined) return measure
  const known = base.measures.map(one => `'${one.name}'`).join(', ')
  return refuse(`metric '${base.name}' has no measure '${name}'; there are ${known}`)
}

function toTop(base: MetricPlan, top: NonNullable<MetricPlan['top']>): MetricPlan['top'] {
  const { kind } = findMeasure(base, top.by)
  if (kind !== 'count' && kind !== 'count_distinct') {
    const counts = base.measures.filter(one => one.kind === 'count').map(one => `'${one.name}'`)
    refuse(`the best are found by a count, and '${top.by}' is a ${kind}; use ${counts.join(', ')}`)
  }
  return top
}

/** `window_start`, `key` or a measure, from the largest down with `-` before it. */
function parseOrder(plan: MetricPlan, text: string | null, last: number | null): Order {
  if (text === null) return { kind: 'window', isDescending: last !== null }
  const isDescending = text.startsWith('-')
  const name = isDescending ? text.slice(1) : text
  if (name === 'window_start') return { kind: 'window', isDescending }
  if (text === 'key') return { kind: 'key' }
  const [measureName = '', currency = null] = name.split('.')
  const measure = findOrdering(plan, measureName)
  if (isMoney(measure) !== (currency !== null)) {
    const mend = isMoney(measure) ? `of one: order=-${measureName}.USD` : `order=-${measureName}`
    refuse(`measure '${measureName}' is ${isMoney(measure) ? '' : 'not '}by currency; use ${mend}`)
  }
  return { kind: 'measure', name: measureName, currency, isDescending }
}

function findOrdering(plan: MetricPlan, name: string): MeasurePlan {
  const known = plan.measures.filter(one => one.kind !== 'ratio').map(one => `'${one.name}'`)
  const measure = plan.measures.find(one => one.name === name)
  if (measure !== undefined && measure.kind !== 'ratio') return measure
  const mend = `use 'window_start', 'key', ${known.join(', ')}, with - before for the largest first`
  return refuse(`rows cannot be ordered by '${name}'; ${mend}`)
}

function assertAdditive(
  { base, plan, shown, order, kept }: Pick<Shape, 'base' | 'plan' | 'shown' | 'order' | 'kept'>,
  window: WindowSpec | null,
  source: string,
): void {
  const what = window === null ? 'keys' : 'windows'
  if (source !== STREAM && base.top !== null) {
    const why = `run '${source}' has the best of each window only, which do not add up`
    refuseSum(`${why}; ask for its windows and keys as they are`)
  }
  const names = new Set(shown ?? base.measures.map(one => one.name))
  if (plan.top !== null) names.add(plan.top.by)
  if (order.kind === 'measure') names.add(order.name)
  const wrong = [...names].filter(name =>
    partsOf(base, name).some(
      part =>
        part.kind === 'count_distinct' && !(window === null && keepsSet(part) && source === STREAM),
    ),
  )
  if (wrong.length === 0) return
  assert(window !== null || kept.length < base.groupBy.length, 'something is put together')
  const others = additiveOf(base).join(',')
  const mend = others === '' ? '' : `ask with measures=${others}, or `
  refuseSum(
    `${wrong.map(name => `'${name}'`).join(', ')} of metric '${base.name}' counts distinct ` +
      `values, which do not add up over ${what}; ${mend}declare a metric that counts them so`,
  )
}

/** The measures that add up over keys and windows. */
export function additiveOf(base: MetricPlan): readonly string[] {
  return base.measures
    .filter(({ name }) => partsOf(base, name).every(part => part.kind !== 'count_distinct'))
    .map(measure => measure.name)
}

/** What a measure is made of: itself, or what a ratio divides. */
function partsOf(base: MetricPlan, name: string): readonly MeasurePlan[] {
  const measure = findMeasure(base, name)
  if (measure.kind !== 'ratio') return [measure]
  return [findMeasure(base, measure.numerator), findMeasure(base, measure.denominator)]
}

/** Where the windows begin that are kept, of an answer whose windows begin within a range. */
export function toBaseRange(
  { plan, windowing }: Pick<Shape, 'plan' | 'windowing'>,
  { fromMs, toMs }: { readonly fromMs: number | null; readonly toMs: number | null },
): { readonly fromMs: number | null; readonly toMs: number | null } {
  if (windowing === null || plan.window.kind === 'all') return { fromMs, toMs }
  const first = fromMs === null ? ALL_WINDOW : windowing(fromMs)
  return {
    fromMs: fromMs === null || first.start === fromMs ? fromMs : first.end,
    toMs: toMs === null ? null : windowing(toMs - 1).end,
  }
}

function refuseSum(message: string): never {
  throw new Fault('NOT_ADDITIVE', message)
}

function refuse(message: string): never {
  throw new Fault('QUERY_INVALID', message)
}
