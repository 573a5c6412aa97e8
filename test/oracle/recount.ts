/**
 * What every metric should say, counted again from the judged records: all events at once, grouped
 * in Maps, measured with Sets and BigInts. Nothing is incremental, nothing is merged.
 */
import { decimalsOf } from './currencies.ts'
import type { Exact, Judged, OracleEvent, Value } from './judge.ts'
import { roundedQuotient, toText } from './number.ts'
import type {
  OracleField,
  OracleMeasure,
  OracleMetric,
  OracleSettings,
  OracleWhere,
} from './shop.ts'
import { toTimeText } from './time.ts'
import type { OracleWindow } from './windows.ts'
import { findWindows } from './windows.ts'

export type Answer = number | string | null | { readonly [currency: string]: string | null }

export interface OracleRow {
  readonly window_start: string | null
  readonly window_end: string | null
  readonly key: { readonly [name: string]: string | null }
  readonly values: { readonly [name: string]: Answer }
}

/** Evaluates a metric over the accepted of these records, which come in order of offset. */
export function recount(
  metric: OracleMetric,
  judged: readonly Judged[],
  settings: OracleSettings,
): OracleRow[] {
  const groups = new Map<string, Group>()
  const windowOf = findWindows(metric.window, metric.zone ?? settings.zone)
  for (const event of countedEvents(metric, judged)) {
    const window = windowOf(event.timeMs)
    const key = metric.groupBy.map(path => keyOf(event.fields.get(path)))
    const name = JSON.stringify([window.start, key])
    const group = groups.get(name) ?? { window, key, events: [] }
    groups.set(name, group)
    group.events.push(event)
  }
  const question = { metric, settings }
  const ordered = [...groups.values()].sort(compareGroups)
  const rows = ordered.map(group => ({ group, row: toRow(group, question) }))
  return inTop(metric.top, rows)
}

interface Question {
  readonly metric: OracleMetric
  readonly settings: OracleSettings
}

interface Group {
  readonly window: OracleWindow
  readonly key: readonly (string | null)[]
  readonly events: OracleEvent[]
}

/**
 * The accepted events of the metric's types that hold its condition; `once` lets firsts through.
 */
function countedEvents(metric: OracleMetric, judged: readonly Judged[]): OracleEvent[] {
  const seen = new Set<string>()
  return judged.flatMap(({ verdict }) => {
    if (verdict.kind !== 'accepted') return []
    const { event } = verdict
    if (metric.from !== null && !metric.from.includes(event.type)) return []
    if (!isWhere(event, metric.where)) return []
    const value = metric.once === null ? undefined : event.fields.get(metric.once)
    if (value === undefined) return [event]
    const first = JSON.stringify([event.partition, event.fields.get('user_id'), keyOf(value)])
    if (seen.has(first)) return []
    seen.add(first)
    return [event]
  })
}

/** Numbers are compared as the text of their scale; null asks for absence. */
function isWhere(event: OracleEvent, where: OracleWhere | null): boolean {
  return Object.entries(where ?? {}).every(([path, wanted]) => {
    const value = event.fields.get(path)
    return wanted === null ? value === undefined : keyOf(value) === String(wanted)
  })
}

/** A field as it stands in keys: text as it is, numbers in their scale, nothing as null. */
function keyOf(value: Value | undefined): string | null {
  if (value === undefined) return null
  return typeof value === 'object' ? toText(value.units, value.scale) : String(value)
}

function compareGroups(left: Group, right: Group): number {
  const byStart = (left.window.start ?? 0) - (right.window.start ?? 0)
  return byStart === 0 ? compareKeys(left.key, right.key) : byStart
}

function compareKeys(left: Group['key'], right: Group['key']): number {
  for (const [index, a] of left.entries()) {
    const b = right[index] ?? null
    if (a === b) continue
    if (a === null || b === null) return a === null ? -1 : 1
    return Buffer.compare(Buffer.from(a), Buffer.from(b))
  }
  return 0
}

/** Of each window the rows with the most; rows come in order of window and key. */
function inTop(
  top: OracleMetric['top'],
  rows: readonly { readonly group: Group; readonly row: OracleRow }[],
): OracleRow[] {
  if (top === null) return rows.map(({ row }) => row)
  const windows = Map.groupBy(rows, ({ group }) => group.window.start)
  return [...windows.values()].flatMap(sameWindow =>
    sameWindow
      .map(({ row }) => row)
      .sort((left, right) => Number(right.values[top.by]) - Number(left.values[top.by]))
      .slice(0, top.limit),
  )
}

function toRow(group: Group, question: Question): OracleRow {
  const { start, end } = group.window
  const { groupBy, measures } = question.metric
  const names = groupBy.map(path => path.slice(path.lastIndexOf('.') + 1))
  const answers = Object.entries(measures).map(([name, measure]) => {
    const result = evaluate(measure, group.events, question)
    return [name, toAnswer(result)] as const
  })
  return {
    window_start: start === null ? null : toTimeText(start),
    window_end: end === null ? null : toTimeText(end),
    key: Object.fromEntries(names.map((name, index) => [name, group.key[index] ?? null])),
    values: Object.fromEntries(answers),
  }
}

/** A count, an exact number, nothing; of money one of these, without a count, per currency. */
type Result = number | Exact | null | ReadonlyMap<string, Exact | null>

function toAnswer(result: Result): Answer {
  if (result === null || typeof result === 'number') return result
  if (!(result instanceof Map)) return toText((result as Exact).units, (result as Exact).scale)
  const texts = [...(result as ReadonlyMap<string, Exact | null>)].map(([currency, amount]) => [
    currency,
    amount === null ? null : toText(amount.units, amount.scale),
  ])
  return Object.fromEntries(texts) as Answer
}

function evaluate(
  measure: OracleMeasure,
  events: readonly OracleEvent[],
  question: Question,
): Result {
  if (measure.kind === 'count') return events.filter(event => isWhere(event, measure.where)).length
  if (measure.kind === 'ratio') return ratioOf(measure, events, question)
  const { field, kind } = measure
  const carriers = events.filter(event => event.fields.has(field))
  if (kind === 'count_distinct') {
    return new Set(carriers.map(event => keyOf(event.fields.get(field)))).size
  }
  const combine = (of: readonly OracleEvent[]): bigint =>
    of.map(event => (event.fields.get(field) as Exact).units).reduce(COMBINE[kind])
  const declared = fieldOf(field, question)
  if (declared.kind === 'money') {
    const groups = [...Map.groupBy(carriers, event => event.currency)]
    return new Map(
      groups.map(([currency, of]) => [currency, { units: combine(of), scale: scaleOf(currency) }]),
    )
  }
  if (carriers.length > 0) return { units: combine(carriers), scale: declared.scale ?? 0 }
  return kind === 'sum' ? { units: 0n, scale: declared.scale ?? 0 } : null
}

const COMBINE = {
  sum: (left: bigint, right: bigint): bigint => left + right,
  min: (left: bigint, right: bigint): bigint => (right < left ? right : left),
  max: (left: bigint, right: bigint): bigint => (right > left ? right : left),
}

function ratioOf(
  ratio: Extract<OracleMeasure, { kind: 'ratio' }>,
  events: readonly OracleEvent[],
  question: Question,
): Result {
  const part = (name: string, of: readonly OracleEvent[]): Result => {
    const measure = question.metric.measures[name]
    return measure === undefined ? null : evaluate(measure, of, question)
  }
  const top = part(ratio.numerator, events)
  if (!(top instanceof Map)) {
    return quotient(toExact(top), toExact(part(ratio.denominator, events)), RATIO_SCALE)
  }
  // Of money: each currency's amount by what the denominator counts among events of that currency.
  const amounts = [...(top as ReadonlyMap<string, Exact | null>)]
  return new Map(
    amounts.map(([currency, amount]) => {
      const ofCurrency = events.filter(event => event.currency === currency)
      const bottom = toExact(part(ratio.denominator, ofCurrency))
      return [currency, quotient(amount, bottom, scaleOf(currency))]
    }),
  )
}

const RATIO_SCALE = 6

function quotient(top: Exact | null, bottom: Exact | null, scale: number): Exact | null {
  if (top === null || bottom === null || bottom.units === 0n) return null
  const high = top.units * 10n ** BigInt(bottom.scale + scale)
  const low = bottom.units * 10n ** BigInt(top.scale)
  return { units: roundedQuotient(high, low), scale }
}

function toExact(result: Result): Exact | null {
  if (typeof result === 'number') return { units: BigInt(result), scale: 0 }
  return result instanceof Map ? null : (result as Exact | null)
}

function fieldOf(path: string, { metric, settings }: Question): OracleField {
  const name = path.replace('data.', '')
  const types = settings.types.filter(type => metric.from?.includes(type.name) ?? true)
  const field = types.flatMap(type => type.fields).find(declared => declared.name === name)
  if (field === undefined) throw new Error(`no type of ${metric.name} declares ${path}`)
  return field
}

function scaleOf(currency: string): number {
  return decimalsOf(currency) ?? 0
}
