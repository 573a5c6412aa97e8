/** What a repair came to, for people and for programs. */
import type {
  DryRunReport,
  MetricDifference,
  RepairCounts,
  ReplayReport,
} from '../../flow/repair/repair.ts'
import type { Reject } from '../../model/step.ts'
import { toTable, toValueText } from '../terminal/table.ts'
import { toSafeText } from '../terminal/terminal.ts'
import { toShortText } from './quarantine-bytes.ts'

/** Rows of one metric that are printed; --json gives more. */
const ROWS_SHOWN = 5
/** Signs of an event that are printed. */
const EXAMPLE_LENGTH_MAX = 400

export function toDryRunLines(report: DryRunReport, path: string): readonly string[] {
  const { duplicates, examples, differences, valid } = report
  const again = duplicates === 0 ? '' : `, ${duplicates} of them the same event as another`
  return [
    `${report.chosen} chosen; nothing was sent`,
    `  ${valid} would be valid${again}`,
    ...toCountLines(report),
    ...examples.flatMap(({ reject, after }) => [
      '',
      toSafeText(`${toPlace(reject)}  ${reject.code} ${reject.pointer}`.trimEnd()),
      `  - ${toShortText(reject.value, EXAMPLE_LENGTH_MAX)}`,
      `  + ${toShortText(after, EXAMPLE_LENGTH_MAX)}`,
    ]),
    ...differences.flatMap(toDifferenceLines),
    '',
    valid === 0
      ? 'Nothing would be sent.'
      : `To send them: weir quarantine replay ${toSafeText(path)}`,
  ]
}

function toPlace({ topic, partition, offset }: Reject): string {
  return `${topic}/${partition}/${offset}`
}

function toCountLines(counts: RepairCounts): readonly string[] {
  const { repairedBefore, stillInvalid, unfit } = counts
  return [
    ...(repairedBefore === 0 ? [] : [`  ${repairedBefore} were repaired before`]),
    ...Object.entries(stillInvalid).map(([code, count]) => `  ${count} stay invalid: ${code}`),
    ...Object.entries(unfit).map(
      ([why, count]) => `  ${count} stay as they are: ${toSafeText(why)}`,
    ),
  ]
}

function toDifferenceLines({ metric, rows, atMost, isCut }: MetricDifference): readonly string[] {
  const [first] = rows
  if (first === undefined) return []
  const keys = Object.keys(first.key)
  const measures = Object.keys(first.values)
  const cells = rows.slice(0, ROWS_SHOWN).map(row => [
    row.window_start ?? 'all',
    ...keys.map(name => row.key[name] ?? '∅'),
    ...measures.map(name => {
      const text = toValueText(row.values[name] ?? null)
      return atMost.includes(name) ? `≤ ${text}` : text
    }),
  ])
  const more = rows.length > ROWS_SHOWN || isCut ? ['  … more rows: see --json'] : []
  const table = toTable(['window', ...keys, ...measures], cells)
  return ['', `${metric} would get`, ...table.map(line => `  ${line}`), ...more]
}

export function toReplayLines(report: ReplayReport, path: string): readonly string[] {
  const { chosen, sent, resumed } = report
  return [
    `${chosen} chosen by ${toSafeText(path)}, ${sent} sent`,
    ...(resumed === 0 ? [] : [`  ${resumed} of them from a replay that was broken off`]),
    ...toCountLines(report),
  ]
}
