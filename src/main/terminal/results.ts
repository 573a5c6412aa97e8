/** Rows of a result as a table. */
import type { ResultRow } from '../../model/result.ts'
import { toTable, toValueText } from './table.ts'

/** There is at least one row. */
export function toResultLines(rows: readonly ResultRow[]): readonly string[] {
  const keys = Object.keys(rows[0]?.key ?? {})
  const measures = Object.keys(rows[0]?.values ?? {})
  const cells = rows.map(row => [
    row.window_start ?? 'all',
    ...keys.map(name => row.key[name] ?? '∅'),
    ...measures.map(name => toValueText(row.values[name] ?? null)),
    row.status + (row.late > 0 ? ` (${row.late} late)` : '') + (row.exact ? '' : ' inexact'),
  ])
  return toTable(['window', ...keys, ...measures, 'status'], cells)
}
