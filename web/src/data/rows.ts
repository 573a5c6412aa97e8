/** Rows that change: a live change is merged into what was read, and old windows are let go. */
import type { ResultRow } from '../../../src/model/result.ts'
import type { ResultChange } from './wire.ts'

/** Rows kept of one metric at most, whatever its windows hold. */
export const ROWS_MAX = 20_000

/** The rows after a change, which tells whole windows anew; of the newest `windowsMax` windows. */
export function mergeRows(
  rows: readonly ResultRow[],
  change: Pick<ResultChange, 'windows' | 'rows'>,
  windowsMax: number,
): readonly ResultRow[] {
  const told = new Set(change.windows.map(start => start ?? ''))
  const others = rows.filter(row => !told.has(toStart(row)))
  return keepNewest([...others, ...change.rows], windowsMax)
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

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
