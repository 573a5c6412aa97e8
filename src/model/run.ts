/**
 * A batch run: a range of the lake counted at once, by an engine that knows SQL. Its rows are what
 * the SQL gives, exact counts and sums in units; that they become values here, by the same
 * arithmetic as everywhere, is why no engine can round otherwise. The format is told in
 * docs/reference/results.md.
 */
import { assert, present } from '../std/assert.ts'
import type { AnswerGroup, AnswerPart, PartValue } from './answer.ts'
import { compareKeys, countOf, keepsSet } from './answer.ts'
import type { MeasurePlan, MetricPlan } from './plan.ts'
import type { Interval } from './window.ts'
import { ALL_WINDOW } from './window.ts'

/** What is counted, and where it is put. */
export interface RunManifest {
  readonly format: 1
  readonly run: string
  readonly engine: string
  /** ISO 8601; both null: the whole lake. Windows that begin within are counted whole. */
  readonly from: string | null
  readonly to: string | null
  readonly lake: string
  readonly catalog_version: string
  readonly started_at_ms: number
  /** The largest min(event time, arrival) in the lake, ms since the epoch; null: it is empty. */
  readonly progress: number | null
  readonly metrics: readonly RunMetric[]
}

export interface RunMetric {
  readonly metric: string
  readonly plan: string
  readonly zone: string
  /** Names of the fields of a row, in the order of the plan; see `RunColumns`. */
  readonly columns: RunColumns
  /** Keys of objects with its rows: NDJSON, compressed where they end in `.gz`. */
  readonly objects: readonly string[]
}

/** How a row's fields are called. Of a ratio there is none. */
export interface RunColumns {
  readonly keys: readonly string[]
  readonly measures: readonly {
    readonly name: string
    readonly column: string | null
  }[]
}

/** A row as engines write it: numbers as numbers or text, nothing as null or left out. */
export interface RunRow {
  readonly [column: string]: string | number | null | undefined
}

export const RUNS = 'results/runs/'
/** What a run may be called: a segment of a key. */
export const RUN_NAME: RegExp = /^[A-Za-z0-9][A-Za-z0-9_=-]{0,99}$/

export function toRunManifestKey(run: string): string {
  return `${RUNS}${run}/manifest.json`
}

/** Column names of a metric's rows; the same in every engine. */
export function runColumnsOf(plan: MetricPlan): RunColumns {
  return {
    keys: plan.groupBy.map((ref, index) => `key${index + 1}_${ref.name.toLowerCase()}`),
    measures: plan.measures.map((measure, index) => ({
      name: measure.name,
      column: measure.kind === 'ratio' ? null : `value${index + 1}_${measure.name}`,
    })),
  }
}

/** The column of how many events carried the field of a sum. */
export function toCarriersColumn(column: string): string {
  return `${column}_carriers`
}

/**
 * The groups of a metric's rows, in the order of an answer. Rows of a plan by currency are one for
 * each currency, and one for all of them, whose `currency` is null. Crashes for rows of another
 * form.
 */
export function toRunGroups(plan: MetricPlan, rows: readonly RunRow[]): readonly AnswerGroup[] {
  const columns = runColumnsOf(plan)
  const groups = new Map<string, RunRow[]>()
  for (const row of rows) {
    const place = [row['window_start'] ?? null, ...columns.keys.map(name => row[name] ?? null)]
    const name = JSON.stringify(place)
    const known = groups.get(name)
    if (known === undefined) groups.set(name, [row])
    else known.push(row)
  }
  return [...groups.values()]
    .map(same => toGroup(plan, columns, same))
    .toSorted((left, right) => compareGroups(plan, left, right))
}

function toGroup(plan: MetricPlan, columns: RunColumns, rows: readonly RunRow[]): AnswerGroup {
  const first = present(rows[0], 'a row of a group')
  const whole = present(
    rows.find(row => (row['currency'] ?? null) === null),
    'the row of all currencies',
  )
  const parts = plan.byCurrency ? rows.filter(row => row !== whole) : rows
  assert(parts.length > 0, 'a group has parts')
  const distinct = plan.measures.map((measure, index) =>
    measure.kind === 'count_distinct' ? countAt(whole, columns, index) : 0,
  )
  const ordered = parts.toSorted((a, b) => (String(a['currency']) < String(b['currency']) ? -1 : 1))
  return {
    window: toWindow(first),
    key: columns.keys.map(name => textOrNull(first[name])),
    parts: ordered.map((row, place) => toPart(plan, columns, { row, place, distinct })),
    distinct: plan.measures.map((measure, index) =>
      keepsSet(measure) ? (distinct[index] ?? 0) : 0,
    ),
  }
}

interface PartRow {
  readonly row: RunRow
  /** Counts of distinct values are of all currencies together: the first part bears them. */
  readonly place: number
  readonly distinct: readonly number[]
}

function toPart(plan: MetricPlan, columns: RunColumns, given: PartRow): AnswerPart {
  const { row, place, distinct } = given
  const values = plan.measures.map((measure, index): PartValue => {
    if (measure.kind !== 'count_distinct') return toValue(measure, columns, { row, index })
    if (keepsSet(measure)) return { kind: 'none' }
    return { kind: 'count', count: place === 0 ? (distinct[index] ?? 0) : 0 }
  })
  const currency = plan.byCurrency ? String(row['currency']) : null
  return { currency, misplaced: 0, late: 0, revision: 0, values }
}

function toValue(
  measure: Exclude<MeasurePlan, { kind: 'count_distinct' }>,
  columns: RunColumns,
  { row, index }: { readonly row: RunRow; readonly index: number },
): PartValue {
  if (measure.kind === 'ratio') return { kind: 'none' }
  if (measure.kind === 'count') return { kind: 'count', count: countAt(row, columns, index) }
  const column = columnAt(columns, index)
  const units = toUnits(row[column])
  if (measure.kind !== 'sum') return { kind: measure.kind, units }
  return { kind: 'sum', units: units ?? 0n, carriers: Number(row[toCarriersColumn(column)] ?? 0) }
}

function columnAt(columns: RunColumns, index: number): string {
  return present(columns.measures[index]?.column, 'the column of a measure')
}

function countAt(row: RunRow, columns: RunColumns, index: number): number {
  const count = Number(row[columnAt(columns, index)])
  assert(Number.isSafeInteger(count), 'a count is a whole number')
  return count
}

/** A decimal of a fixed scale is its units but for the point. */
function toUnits(value: RunRow[string]): bigint | null {
  return value === null || value === undefined ? null : BigInt(String(value).replace('.', ''))
}

function textOrNull(value: RunRow[string]): string | null {
  return value === null || value === undefined ? null : String(value)
}

function toWindow(row: RunRow): Interval {
  const start = row['window_start'] ?? null
  if (start === null) return ALL_WINDOW
  return { start: Number(start), end: Number(row['window_end']) }
}

/** By window, of `top` by what it ranks by, then by key. */
function compareGroups(plan: MetricPlan, left: AnswerGroup, right: AnswerGroup): number {
  if (left.window.start !== right.window.start) {
    return left.window.start < right.window.start ? -1 : 1
  }
  return rankOf(plan, right) - rankOf(plan, left) || compareKeys(left.key, right.key)
}

/** What `top` ranks by; 0 of other metrics. */
function rankOf(plan: MetricPlan, group: AnswerGroup): number {
  return plan.top === null ? 0 : countOf(plan, group, plan.top.by)
}
