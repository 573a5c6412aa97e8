/**
 * Totals: settled rows of each key added up over blocks of four days, and of thirty-two, aligned to
 * 1970-01-01T00:00:00Z, and over all time. What is asked of a long range is added up from the
 * fewest blocks that are within it, and from rows at its two ends. Each table or level that rows
 * are read from takes DuckDB as long as ten thousand rows do: with more levels nothing is quicker.
 */
import type { MetricPlan } from '../../../model/plan.ts'
import type { WindowRange } from '../../../model/swap.ts'
import { DAY_MS } from '../../../std/units.ts'
import { foldedColumns, keyColumns } from './schema.ts'

const BLOCKS_MS: readonly number[] = [4, 32].map(days => days * DAY_MS)
/** Of all time: one row a key, in no window. */
const WHOLE: number = BLOCKS_MS.length

/** A part of a range: blocks of a level, or, where that is null, rows. */
export interface Part extends WindowRange {
  readonly level: number | null
}

/** The parts of a range in which there are rows from `firstMs` to `lastMs`: each row in one. */
export function partsOf(range: WindowRange, rows: Bounds): readonly Part[] {
  const isAfter = range.fromMs === null || (rows.firstMs !== null && rows.firstMs >= range.fromMs)
  const isBefore = range.toMs === null || (rows.lastMs !== null && rows.lastMs < range.toMs)
  if (isAfter && isBefore) return [{ fromMs: null, toMs: null, level: WHOLE }]
  return blocksOf(range, WHOLE - 1)
}

/** How many rows there are, and when the first and the last of their windows begin; null: none. */
export interface Bounds {
  readonly rowCount: number
  readonly firstMs: number | null
  readonly lastMs: number | null
}

function blocksOf({ fromMs, toMs }: WindowRange, level: number): readonly Part[] {
  const width = BLOCKS_MS[level]
  if (width === undefined) return [{ fromMs, toMs, level: null }]
  const first = fromMs === null ? null : Math.ceil(fromMs / width) * width
  const end = toMs === null ? null : Math.floor(toMs / width) * width
  if (first !== null && end !== null && first >= end) return blocksOf({ fromMs, toMs }, level - 1)
  const before = first === fromMs ? [] : blocksOf({ fromMs, toMs: first }, level - 1)
  const after = end === toMs ? [] : blocksOf({ fromMs: end, toMs }, level - 1)
  return [...before, { fromMs: first, toMs: end, level }, ...after]
}

/** What makes the table `name` of settled rows: each level is added up from the one before. */
export function makeTotals(plan: MetricPlan, name: string, settled: string): readonly string[] {
  const starts = BLOCKS_MS.map(
    width => `window_start - ((window_start % ${width}) + ${width}) % ${width}`,
  )
  const place = ['window_start', ...keyColumns(plan), 'currency'].join(', ')
  const counted = foldedColumns(plan).join(', ')
  return [...starts, 'NULL::BIGINT'].map((start, level) => {
    const from = level === 0 ? settled : `${name} WHERE level = ${level - 1}`
    const blocks = `SELECT * REPLACE (${start} AS window_start) FROM (FROM ${from})`
    const sql = `SELECT ${level}::TINYINT AS level, ${place}, ${counted} FROM (${blocks})
      GROUP BY ${place} ORDER BY window_start`
    return level === 0 ? `CREATE TABLE ${name} AS ${sql}` : `INSERT INTO ${name} ${sql}`
  })
}
