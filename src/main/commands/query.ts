import type { Question, Result } from '../../model/result.ts'
import { LAST_MAX, LIMIT_DEFAULT, LIMIT_MAX } from '../../model/result.ts'
import { parseBound } from '../../model/time.ts'
import { Fault } from '../../std/fault.ts'
import type { Command, CommandContext } from '../terminal/command.ts'
import { toTable, toValueText } from '../terminal/table.ts'
import { askQuestion } from './ask.ts'

export const queryCommand: Command = {
  name: 'query',
  about: 'shows the results of a metric',
  positionals: ['METRIC'],
  flags: {
    from: { value: 'TIME', about: 'windows that begin at this time or later' },
    to: { value: 'TIME', about: 'windows that begin before this time' },
    last: { value: 'N', about: 'the newest N windows only, newest first' },
    limit: { value: 'N', about: `rows at most (${LIMIT_DEFAULT})` },
    cursor: { value: 'NEXT', about: 'goes on where the last page ended' },
    json: { value: null, about: 'the answer of the API, as it is' },
  },
  settings: ['data'],
  examples: [
    'weir query top_products',
    'weir query sales_daily --last 7',
    'weir query sales_daily --from 2024-09-01 --to 2024-10-01',
    'weir query product_views --from 2024-09-03T10:00:00Z --limit 10 --json',
  ],
  run: async context => {
    const result = await askQuestion(context, parseQuestion(context))
    if (context.isSet('json')) context.terminal.print(JSON.stringify(result))
    else printResult(context, result)
    return 0
  },
}

function parseQuestion(context: CommandContext): Question {
  const fromMs = parseTime(context, 'from')
  const toMs = parseTime(context, 'to')
  if (fromMs !== null && toMs !== null && fromMs > toMs) {
    throw new Fault('USAGE', '--from is after --to; windows begin at --from or later, before --to')
  }
  return {
    metric: context.positionals[0] ?? '',
    fromMs,
    toMs,
    last: parseWhole('last', context.flag('last'), LAST_MAX),
    limit: parseWhole('limit', context.flag('limit'), LIMIT_MAX) ?? LIMIT_DEFAULT,
    cursor: context.flag('cursor') ?? null,
  }
}

function parseTime(context: CommandContext, name: string): number | null {
  const text = context.flag(name)
  if (text === undefined) return null
  const timeMs = parseBound(text)
  if (timeMs !== null) return timeMs
  throw new Fault(
    'USAGE',
    `--${name} is '${text}', which is no time; write 2024-09-03 or 2024-09-03T10:00:00Z`,
  )
}

function parseWhole(name: string, text: string | undefined, max: number): number | null {
  if (text === undefined) return null
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (value >= 1 && value <= max) return value
  throw new Fault('USAGE', `--${name} is '${text}', not a whole number 1..${max}`)
}

function printResult({ terminal }: CommandContext, result: Result): void {
  const [first] = result.rows
  if (first === undefined) {
    terminal.talk(`${result.metric}: no window of this range has events`)
    return
  }
  const keys = Object.keys(first.key)
  const measures = Object.keys(first.values)
  const rows = result.rows.map(row => [
    row.window_start ?? 'all',
    ...keys.map(name => row.key[name] ?? '∅'),
    ...measures.map(name => toValueText(row.values[name] ?? null)),
    row.status + (row.late > 0 ? ` (${row.late} late)` : '') + (row.exact ? '' : ' inexact'),
  ])
  for (const line of toTable(['window', ...keys, ...measures, 'status'], rows)) terminal.print(line)
  if (result.next !== null) terminal.talk(`there is more: --cursor ${result.next}`)
}
