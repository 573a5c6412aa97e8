import type { KeyFilter, Question, Result, RollUp } from '../../model/result.ts'
import { LAST_MAX, LIMIT_DEFAULT, LIMIT_MAX, ROLL_UPS } from '../../model/result.ts'
import { Fault } from '../../std/fault.ts'
import type { Command, CommandContext } from '../terminal/command.ts'
import { parseTimeFlag } from '../terminal/flags.ts'
import { toResultLines } from '../terminal/results.ts'
import { askQuestion } from './ask.ts'

export const queryCommand: Command = {
  name: 'query',
  about: 'shows the results of a metric',
  positionals: ['METRIC'],
  flags: {
    from: { value: 'TIME', about: 'windows that begin at this time or later' },
    to: { value: 'TIME', about: 'windows that begin before this time' },
    last: { value: 'N', about: 'the newest N windows only, newest first' },
    key: { value: 'NAME=VALUE', about: 'only rows of this key; several with & between' },
    group: { value: 'NAMES', about: "fields of the key to keep, as a,b; '' for none" },
    window: { value: 'WINDOW', about: `larger windows: ${ROLL_UPS.join(', ')}` },
    measures: { value: 'NAMES', about: 'only these measures, as a,b' },
    order: {
      value: 'NAME',
      about: 'window_start, key or a measure; --order=-NAME: the largest first',
    },
    limit: { value: 'N', about: `rows at most (${LIMIT_DEFAULT})` },
    cursor: { value: 'NEXT', about: 'goes on where the last page ended' },
    source: { value: 'RUN', about: 'what a batch run counted; else what the stream did' },
    json: { value: null, about: 'the answer of the API, as it is' },
  },
  settings: ['data', 'results'],
  examples: [
    'weir query top_products',
    'weir query sales_daily --last 7',
    'weir query sales_daily --from 2024-09-01 --to 2024-10-01',
    'weir query product_views --key product_id=p1 --last 24',
    'weir query cart_adds --window day --group product_id --order=-adds --limit 10',
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
  const fromMs = parseTimeFlag(context, 'from')
  const toMs = parseTimeFlag(context, 'to')
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
    source: context.flag('source') ?? null,
    keys: parseKeys(context.flag('key')),
    group: parseNames(context.flag('group')),
    measures: parseNames(context.flag('measures')),
    window: parseWindow(context.flag('window')),
    order: context.flag('order') ?? null,
  }
}

/** `a=x&a=y&b=z`; & and = of values are written %26 and %3D. */
function parseKeys(text: string | undefined): readonly KeyFilter[] {
  const parameters = new URLSearchParams(text ?? '')
  return [...new Set(parameters.keys())].map(name => {
    return { name, values: parameters.getAll(name) }
  })
}

function parseNames(text: string | undefined): readonly string[] | null {
  return text === undefined ? null : text.split(',').filter(name => name !== '')
}

function parseWindow(text: string | undefined): RollUp | null {
  if (text === undefined) return null
  const window = ROLL_UPS.find(one => one === text)
  if (window !== undefined) return window
  throw new Fault('USAGE', `--window is '${text}'; there are ${ROLL_UPS.join(', ')}`)
}

function parseWhole(name: string, text: string | undefined, max: number): number | null {
  if (text === undefined) return null
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (value >= 1 && value <= max) return value
  throw new Fault('USAGE', `--${name} is '${text}', not a whole number 1..${max}`)
}

function printResult({ terminal }: CommandContext, result: Result): void {
  if (result.rows.length === 0) {
    terminal.talk(`${result.metric}: no window of this range has events`)
    return
  }
  for (const line of toResultLines(result.rows)) terminal.print(line)
  if (result.next !== null) terminal.talk(`there is more: --cursor ${result.next}`)
}
