/**
 * Rows of partials as lines of JSON, compressed: what an object of results holds. Lines of one gzip
 * member are in the order of window, key and currency, and no two of them add up.
 *
 * `as` stands where a line is parsed: gzip's checksum says that it is as it was written.
 */
import { promisify } from 'node:util'
import { createGunzip, gzip } from 'node:zlib'
import type { PartValue } from '../../model/answer.ts'
import { keepsSet } from '../../model/answer.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { Interval } from '../../model/window.ts'
import { ALL_WINDOW } from '../../model/window.ts'
import { unreachable } from '../../std/assert.ts'
import type { PartialRow } from '../rows.ts'
import { corrupt, missing } from './faults.ts'
import type { RowsEntry } from './manifest.ts'

/** A line as it is written; see docs/reference/results.md. */
interface RowLine {
  readonly start: string | null
  readonly end: string | null
  readonly key: readonly (string | null)[]
  readonly currency: string | null
  readonly events: number
  readonly misplaced: number
  readonly late: number
  readonly revision: number
  readonly values: readonly ValueText[]
}

type ValueText =
  | number
  | { readonly units: string; readonly carriers: number }
  | string
  | readonly string[]
  | null

const compress = promisify(gzip)
/** Speed: an object is merged soon. */
const LEVEL = 1

/** Lines as one gzip member. */
export async function toMember(lines: readonly string[]): Promise<Uint8Array> {
  return compress(lines.map(line => `${line}\n`).join(''), { level: LEVEL })
}

/** Makes a line of each row; fast where rows of one window stand together. */
export function createRowWriter(plan: MetricPlan): (row: PartialRow) => string {
  const isSet = plan.measures.map(keepsSet)
  let known: Interval = { start: Number.NaN, end: Number.NaN }
  let start: string | null = null
  let end: string | null = null
  return row => {
    const { window, part, key, events } = row
    if (window.start !== known.start || window.end !== known.end) {
      known = window
      start = toTimeText(window.start)
      end = toTimeText(window.end)
    }
    const { currency, misplaced, late, revision } = part
    const values = part.values.map((value, index) =>
      isSet[index] === true ? (row.sets[index] ?? NO_IDS) : toValueText(value),
    )
    const line: RowLine = { start, end, key, currency, events, misplaced, late, revision, values }
    return JSON.stringify(line)
  }
}

/**
 * The rows of an entry, some at a time, in their order. Throws STORE_CORRUPT where they are
 * damaged, STORE_UNAVAILABLE where the object is gone.
 */
export async function* readRows(
  objects: ObjectStore,
  plan: MetricPlan,
  entry: RowsEntry,
): AsyncGenerator<readonly PartialRow[]> {
  const { key, offset, length } = entry
  const found = await objects.get(key, { range: { offset, length } })
  if (found === null || found === 'unchanged') throw missing(key)
  let rowCount = 0
  const parse = createRowParser(plan, key)
  for await (const lines of readLines(key, found.bytes)) {
    rowCount += lines.length
    yield lines.map(parse)
  }
  if (rowCount !== entry.rows) throw corrupt(key, `has ${rowCount} rows in place of ${entry.rows}`)
}

/** The lines of compressed text, some at a time. Throws STORE_CORRUPT. */
export async function* readLines(
  key: string,
  bytes: Uint8Array,
): AsyncGenerator<readonly string[]> {
  const gunzip = createGunzip()
  gunzip.setEncoding('utf8')
  gunzip.end(bytes)
  let rest = ''
  try {
    for await (const chunk of gunzip) {
      const lines = `${rest}${String(chunk)}`.split('\n')
      rest = lines.pop() ?? ''
      if (lines.length > 0) yield lines
    }
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && String(cause.code).startsWith('Z_')) {
      throw corrupt(key, 'is damaged', cause)
    }
    throw cause
  }
  if (rest !== '') throw corrupt(key, 'ends within a line')
}

/** ISO 8601 in UTC, without milliseconds where there are none; null of `all`. */
export function toTimeText(timeMs: number): string | null {
  if (!Number.isFinite(timeMs)) return null
  return new Date(timeMs).toISOString().replace('.000Z', 'Z')
}

function createRowParser(plan: MetricPlan, objectKey: string): (text: string) => PartialRow {
  const { measures } = plan
  const isSet = measures.map(keepsSet)
  const noSets = measures.map(() => NO_IDS)
  // Rows of one window stand together, and share it.
  let known = { start: '', end: '', window: ALL_WINDOW }
  return text => {
    const line = parseJson(objectKey, text) as RowLine
    const { start, end, key, events, currency, misplaced, late, revision } = line
    if (start !== null && end !== null && (start !== known.start || end !== known.end)) {
      known = { start, end, window: { start: Date.parse(start), end: Date.parse(end) } }
    }
    const window = start === null ? ALL_WINDOW : known.window
    const values = measures.map((measure, index) =>
      toPartValue(measure, line.values[index] ?? null),
    )
    const sets = isSet.includes(true)
      ? isSet.map((is, index) => (is ? (line.values[index] as readonly string[]) : NO_IDS))
      : noSets
    return { window, key, events, part: { currency, misplaced, late, revision, values }, sets }
  }
}

const NO_IDS: readonly string[] = []

function parseJson(key: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw corrupt(key, 'holds a line that is no JSON', cause)
  }
}

function toValueText(value: PartValue): ValueText {
  switch (value.kind) {
    case 'count':
      return value.count
    case 'sum':
      return { units: String(value.units), carriers: value.carriers }
    case 'min':
    case 'max':
      return value.units === null ? null : String(value.units)
    case 'none':
      return null
    default:
      return unreachable(value)
  }
}

function toPartValue(measure: MetricPlan['measures'][number], value: ValueText): PartValue {
  switch (measure.kind) {
    case 'count':
      return { kind: 'count', count: value as number }
    case 'count_distinct':
      return measure.additive ? { kind: 'count', count: value as number } : { kind: 'none' }
    case 'sum': {
      const { units, carriers } = value as { readonly units: string; readonly carriers: number }
      return { kind: 'sum', units: BigInt(units), carriers }
    }
    case 'min':
    case 'max':
      return { kind: measure.kind, units: value === null ? null : BigInt(value as string) }
    case 'ratio':
      return { kind: 'none' }
    default:
      return unreachable(measure)
  }
}
