/** What a rebuild says on a terminal. */

import type { Difference } from '../../flow/rebuild/compare.ts'
import type { RebuildReport } from '../../flow/rebuild/rebuild.ts'
import type { Value } from '../../model/result.ts'
import { toTable, toValueText } from '../terminal/table.ts'

/** Differing rows that are shown; --json tells more. */
const ROWS_SHOWN = 50
const NOTHING = '–'

export function toRebuildLines(report: RebuildReport): readonly string[] {
  const { metrics, differences, swapped, shadow, lake } = report
  const total = metrics.reduce((sum, one) => sum + one.changed + one.new + one.gone, 0)
  const shown = differences.slice(0, ROWS_SHOWN)
  const table =
    shown.length === 0
      ? []
      : [
          ...toTable(['metric', 'window', 'key', 'published', 'recounted'], shown.map(toCells)),
          ...(total > shown.length ? [`… and ${total - shown.length} rows more`] : []),
          '',
        ]
  const counts = metrics.map(one =>
    [one.metric, one.same, one.changed, one.new, one.gone].map(String),
  )
  return [
    ...table,
    ...toTable(['metric', 'same', 'changed', 'new', 'gone'], counts),
    '',
    ...report.left_out.map(name => `${name}: left out, its one window has no start; give no range`),
    `recounted ${lake.rows} events of the lake, ${toFilesText(lake.files)}: ${shadow.rows} rows, ` +
      `sha256 ${shadow.sha256}`,
    swapped
      ? `rebuilt: what is published is as it was recounted; record ${report.rebuild}`
      : 'nothing was changed',
  ]
}

function toFilesText(count: number): string {
  return count === 1 ? '1 file' : `${count} files`
}

function toCells(one: Difference): readonly string[] {
  const { published, recounted } = one
  const names = Object.keys(published ?? recounted ?? {})
  // Of rows on both sides only what differs.
  const told = names.filter(
    name =>
      published === null ||
      recounted === null ||
      JSON.stringify(published[name]) !== JSON.stringify(recounted[name]),
  )
  const toText = (values: { readonly [name: string]: Value } | null): string =>
    values === null
      ? NOTHING
      : told.map(name => `${name} ${toValueText(values[name] ?? null)}`).join(', ')
  return [
    one.metric,
    one.window_start ?? 'all',
    Object.values(one.key)
      .map(value => value ?? NOTHING)
      .join(', '),
    toText(published),
    toText(recounted),
  ]
}
