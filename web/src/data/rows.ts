/** Rows that change: a live change is merged into what was read, and old windows are let go. */
import type { ResultRow } from '../../../src/model/result.ts'
import type { ResultChange } from './wire.ts'

/** Rows kept of one metric at most, whatever its windows hold. */
export const ROWS_MAX = 20_000

/**
 * The rows after a change: a row takes the place of the one of the same window and key, others are
 * added; with `replace`, only the changed rows are left. Of the newest `windowsMax` windows.
 */
export function mergeRows(
  rows: readonly ResultRow[],
  change: Pick<ResultChange, 'replace' | 'rows'>,
  windowsMax: number,
): readonly ResultRow[] {
  const merged = new Map<string, ResultRow>()
  for (const row of change.replace ? [] : rows) merged.set(toRowId(row), row)
  for (const row of change.rows) merged.set(toRowId(row), row)
  return keepNewest([...merged.values()], windowsMax)
}

/** The rows of the newest `windowsMax` windows, in order of window start, ROWS_MAX at most. */
export function keepNewest(rows: readonly ResultRow[], windowsMax: number): readonly ResultRow[] {
  const starts = windowStarts(rows)
  const oldest = starts[Math.max(0, starts.length - windowsMax)] ?? ''
  return rows
    .filter(row => toStart(row) >= oldest)
    .sort((left, right) => compare(toStart(left), toStart(right)))
    .slice(-ROWS_MAX)
}

/** The different window starts, oldest first; '' is that of `all`. */
export function windowStarts(rows: readonly ResultRow[]): readonly string[] {
  return [...new Set(rows.map(toStart))].sort(compare)
}

/** Times on the wire have one form, so their order as text is that of time. */
function toStart(row: ResultRow): string {
  return row.window_start ?? ''
}

function toRowId(row: ResultRow): string {
  return JSON.stringify([row.window_start, row.key])
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
