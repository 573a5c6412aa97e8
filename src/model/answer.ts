/**
 * Answers: how rows of partials add up, and what a reader gets to see of the sum. Pure, and the
 * same for every reader of partials, so that two pages never show two numbers.
 *
 * Rows of one window and key stand beside each other as parts, one per currency: counts add up over
 * them, money does not.
 */
import { assert, present, unreachable } from '../std/assert.ts'
import { compareUtf8 } from '../std/bytes.ts'
import { CURRENCY_DECIMALS } from './currency.ts'
import { divideRounded, toDecimalText, toRatioText } from './decimal.ts'
import type { PartialBatch } from './partial.ts'
import type { ColumnType, MeasurePlan, MetricPlan } from './plan.ts'
import { isMoney } from './plan.ts'
import { isFinal } from './progress.ts'
import type { ResultRow, Value } from './result.ts'
import { toSecondText } from './time.ts'
import type { Interval } from './window.ts'

/** What a part knows of one measure. Sets are told by their group, ratios by nobody. */
export type PartValue =
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'sum'; readonly units: bigint; readonly carriers: number }
  | { readonly kind: 'min' | 'max'; readonly units: bigint | null }
  | { readonly kind: 'none' }

export interface AnswerPart {
  /** null where the plan is not by currency. */
  readonly currency: string | null
  readonly misplaced: number
  readonly late: number
  readonly revision: number
  /** One per measure of the plan, in its order. */
  readonly values: readonly PartValue[]
}

/** All that is known of one window and key. */
export interface AnswerGroup {
  readonly window: Interval
  readonly key: readonly (string | null)[]
  /** At least one, by ascending currency; values of one measure are of one kind. */
  readonly parts: readonly AnswerPart[]
  /** One per measure: the size of its set, and 0 where it keeps none. */
  readonly distinct: readonly number[]
}

export interface AnswerContext {
  /** Published progress, as of the snapshot that the group is from. */
  readonly progress: number | null
  /** Windows that began at or before this instant are partial; null: none is. */
  readonly partialUntilMs: number | null
  readonly source: string
  /** Rows are of several windows put together: a late event may have come before their end. */
  readonly isRolledUp?: boolean
  /** Names of the measures to tell; null, or without it: all. */
  readonly shown?: ReadonlySet<string> | null
}

/**
 * Makes the rows that a reader gets of groups: `final`, `open` or `revised`, amounts and ratios
 * as decimals. Quickest where groups of one window follow one another.
 */
export function createRowMaker(
  plan: MetricPlan,
  context: AnswerContext,
): (group: AnswerGroup) => ResultRow {
  const { source, shown = null } = context
  const makeKey = createRecordMaker(
    plan.groupBy.map(({ name }, index) => [name, ({ key }) => key[index] ?? null]),
  )
  const makeValues = createRecordMaker(
    plan.measures.flatMap(({ name }, index): readonly Field<Value>[] => {
      return (shown?.has(name) ?? true) ? [[name, group => toValue(plan, group, index)]] : []
    }),
  )
  const isExactAnywhere = !needsHome(plan)
  let told: ToldWindow | null = null
  return group => {
    const { window, parts } = group
    if (told?.window.start !== window.start || told.window.end !== window.end) {
      told = tellWindow(plan, window, context)
    }
    const revision = sumOf(parts, part => part.revision)
    return {
      window_start: told.start,
      window_end: told.end,
      key: makeKey(group),
      values: makeValues(group),
      status: revision === 0 ? told.status : statusOf(plan, window, revision, context),
      revision,
      late: sumOf(parts, part => part.late),
      exact: isExactAnywhere || sumOf(parts, part => part.misplaced) === 0,
      partial: told.isPartial,
      source,
    }
  }
}

/** What all rows of one window say of it. */
interface ToldWindow {
  readonly window: Interval
  readonly start: string | null
  readonly end: string | null
  /** Of rows that were not revised. */
  readonly status: ResultRow['status']
  readonly isPartial: boolean
}

function tellWindow(plan: MetricPlan, window: Interval, context: AnswerContext): ToldWindow {
  const { partialUntilMs } = context
  const isEndless = window.start === Number.NEGATIVE_INFINITY
  return {
    window,
    start: isEndless ? null : toSecondText(window.start),
    end: isEndless ? null : toSecondText(window.end),
    status: statusOf(plan, window, 0, context),
    isPartial: partialUntilMs !== null && window.start <= partialUntilMs,
  }
}

/** A name, and what of a group stands under it. */
type Field<T> = readonly [name: string, toValue: (group: AnswerGroup) => T]

/** Makes objects of one shape, which V8 tells as JSON more quickly than those of many. */
function createRecordMaker<T>(
  fields: readonly Field<T>[],
): (group: AnswerGroup) => Readonly<Record<string, T>> {
  const shape = Object.fromEntries(fields.map(([name]) => [name, null])) as Record<string, T>
  return group => {
    const made = { ...shape }
    for (const [name, toValue] of fields) made[name] = toValue(group)
    return made
  }
}

/** The parts of one window, key and currency as one. Associative and commutative. */
export function mergeParts(left: AnswerPart, right: AnswerPart): AnswerPart {
  assert(left.currency === right.currency, 'parts of two currencies are not added')
  return {
    currency: left.currency,
    misplaced: left.misplaced + right.misplaced,
    late: left.late + right.late,
    revision: left.revision + right.revision,
    values: left.values.map((value, index) =>
      mergeValues(value, present(right.values[index], 'the value of a measure')),
    ),
  }
}

/** One row of a batch as a part. `lateness`: what it adds to a window that was final. */
export function toPart(
  batch: PartialBatch,
  row: number,
  lateness: { readonly late: number; readonly revision: number },
): AnswerPart {
  return {
    currency: batch.currency === null ? null : present(batch.currency[row], 'a currency'),
    misplaced: present(batch.misplaced[row], 'a row'),
    late: lateness.late,
    revision: lateness.revision,
    values: batch.measures.map(column => {
      switch (column.kind) {
        case 'count':
          return { kind: 'count', count: present(column.values[row], 'a count') }
        case 'sum': {
          const carriers = present(column.carriers[row], 'a number of carriers')
          return { kind: 'sum', units: present(column.values[row], 'a sum'), carriers }
        }
        case 'min':
        case 'max':
          return { kind: column.kind, units: column.values[row] ?? null }
        case 'set':
        case 'none':
          return { kind: 'none' }
        default:
          return unreachable(column)
      }
    }),
  }
}

/** Order of keys, field by field: a missing one first, then by UTF-8 bytes. */
export function compareKeys(
  left: readonly (string | null)[],
  right: readonly (string | null)[],
): number {
  for (let index = 0; index < left.length; index += 1) {
    const a = left[index] ?? null
    const b = right[index] ?? null
    if (a === b) continue
    if (a === null) return -1
    if (b === null) return 1
    return compareUtf8(a, b)
  }
  return 0
}

/** What a group counts for a count or distinct measure: what `top` ranks by. */
export function countOf(plan: MetricPlan, group: AnswerGroup, name: string): number {
  return countAt(plan, group, indexOf(plan, name))
}

function countAt(plan: MetricPlan, group: AnswerGroup, index: number): number {
  const measure = present(plan.measures[index], 'a measure')
  if (keepsSet(measure)) return present(group.distinct[index], 'the size of a set')
  const value = totalOf(group, index)
  assert(value.kind === 'count', `measure ${measure.name} counts`)
  return value.count
}

function indexOf(plan: MetricPlan, name: string): number {
  const index = plan.measures.findIndex(measure => measure.name === name)
  assert(index !== -1, `measure ${name} is one of ${plan.name}`)
  return index
}

/**
 * What rows are ordered by: a count, or the units of a number or of an amount of one currency;
 * null: no event carried it.
 */
export function unitsOf(
  plan: MetricPlan,
  group: AnswerGroup,
  { name, currency }: { readonly name: string; readonly currency: string | null },
): bigint | null {
  const index = indexOf(plan, name)
  if (currency === null) return numberAt(plan, group, index)?.units ?? null
  const value = group.parts.find(part => part.currency === currency)?.values[index]
  return value === undefined ? null : amountOf(value)
}

/** Whether the store must keep the ids of a measure, because counts of shards do not add up. */
export function keepsSet(measure: MeasurePlan): boolean {
  return measure.kind === 'count_distinct' && !measure.additive
}

function mergeValues(left: PartValue, right: PartValue): PartValue {
  switch (left.kind) {
    case 'count':
      assert(right.kind === 'count', 'a count is added to a count')
      return { kind: 'count', count: left.count + right.count }
    case 'sum': {
      assert(right.kind === 'sum', 'a sum is added to a sum')
      const carriers = left.carriers + right.carriers
      return { kind: 'sum', units: left.units + right.units, carriers }
    }
    case 'min':
    case 'max': {
      assert(right.kind === left.kind, 'an extreme is compared with its like')
      if (left.units === null) return right
      if (right.units === null) return left
      return left.units < right.units === (left.kind === 'min') ? left : right
    }
    case 'none':
      return left
    default:
      return unreachable(left)
  }
}

function statusOf(
  plan: MetricPlan,
  window: Interval,
  revision: number,
  { progress, isRolledUp = false }: AnswerContext,
): ResultRow['status'] {
  if (revision > 0 && !isRolledUp) return 'revised'
  if (!isFinal(window.end, plan.graceMs, progress)) return 'open'
  return revision > 0 ? 'revised' : 'final'
}

/** Whether values count too much when a user's events stand in two partitions. */
function needsHome(plan: MetricPlan): boolean {
  return plan.once !== null || plan.measures.some(measure => measure.kind === 'count_distinct')
}

function toValue(plan: MetricPlan, group: AnswerGroup, index: number): Value {
  const measure = present(plan.measures[index], 'a measure')
  switch (measure.kind) {
    case 'count':
    case 'count_distinct':
      return countAt(plan, group, index)
    case 'sum':
    case 'min':
    case 'max': {
      if (isMoney(measure)) return toMoney(group, index, units => units)
      const number = numberAt(plan, group, index)
      return number === null ? null : toDecimalText(number.units, number.scale)
    }
    case 'ratio':
      return toRatio(plan, group, measure)
    default:
      return unreachable(measure)
  }
}

/** `convert` gives the minor units to show for a part's amount; null stays null. */
function toMoney(
  group: AnswerGroup,
  index: number,
  convert: (units: bigint, part: AnswerPart) => bigint | null,
): Value {
  const entries: [string, string | null][] = []
  for (const part of group.parts) {
    const amount = amountOf(present(part.values[index], 'the value of a measure'))
    if (amount === null) continue
    const currency = present(part.currency, 'the currency of an amount')
    const decimals = present(CURRENCY_DECIMALS.get(currency), `currency ${currency}`)
    const units = convert(amount, part)
    entries.push([currency, units === null ? null : toDecimalText(units, decimals)])
  }
  return Object.fromEntries(entries)
}

/** null: no event of the part carried the field. */
function amountOf(value: PartValue): bigint | null {
  if (value.kind === 'sum') return value.carriers === 0 ? null : value.units
  assert(value.kind === 'min' || value.kind === 'max', 'an amount is a sum or an extreme')
  return value.units
}

function toRatio(
  plan: MetricPlan,
  group: AnswerGroup,
  ratio: Extract<MeasurePlan, { kind: 'ratio' }>,
): Value {
  const top = indexOf(plan, ratio.numerator)
  const bottom = indexOf(plan, ratio.denominator)
  if (isMoney(present(plan.measures[top], `measure ${ratio.numerator}`))) {
    return toMoney(group, top, (units, part) => {
      const value = present(part.values[bottom], `measure ${ratio.denominator}`)
      assert(value.kind === 'count', 'money is divided by a count')
      return value.count === 0 ? null : divideRounded(units, BigInt(value.count))
    })
  }
  const numerator = numberAt(plan, group, top)
  const denominator = numberAt(plan, group, bottom)
  return numerator === null || denominator === null ? null : toRatioText(numerator, denominator)
}

/** A measure other than money and ratios as an exact number; null: a minimum of nothing. */
function numberAt(
  plan: MetricPlan,
  group: AnswerGroup,
  index: number,
): { readonly units: bigint; readonly scale: number } | null {
  const measure = present(plan.measures[index], 'a measure')
  if (measure.kind === 'count' || measure.kind === 'count_distinct') {
    return { units: BigInt(countAt(plan, group, index)), scale: 0 }
  }
  assert(measure.kind !== 'ratio', 'a ratio is not measured itself')
  const value = totalOf(group, index)
  assert('units' in value, `measure ${measure.name} has units`)
  return value.units === null ? null : { units: value.units, scale: scaleOf(measure.field.type) }
}

function scaleOf(type: ColumnType): number {
  return type.kind === 'decimal' ? type.scale : 0
}

function totalOf({ parts }: AnswerGroup, index: number): PartValue {
  let total: PartValue | null = null
  for (const { values } of parts) {
    const value = present(values[index], 'the value of a measure')
    total = total === null ? value : mergeValues(total, value)
  }
  return present(total, 'a part')
}

function sumOf(parts: readonly AnswerPart[], pick: (part: AnswerPart) => number): number {
  return parts.reduce((total, part) => total + pick(part), 0)
}
