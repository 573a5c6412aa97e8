/** `weir compile METRIC`: what an engine is asked for a metric. */
import { compileMetric, toLakeQuery } from '../../engine/sql/sql.ts'
import { Fault } from '../../std/fault.ts'
import { findPlan, parseRange } from '../running/lake.ts'
import type { Command, CommandContext } from '../terminal/command.ts'

const TARGETS = ['duckdb', 'spark', 'plan'] as const

export const compileCommand: Command = {
  name: 'compile',
  about: 'prints a metric as SQL over the lake, or as the plan behind it',
  positionals: ['METRIC'],
  flags: {
    to: { value: 'ENGINE', about: 'duckdb (default), spark, or plan: plain JSON' },
    from: { value: 'TIME', about: 'windows that begin at this time or later; else this year' },
    until: { value: 'TIME', about: 'windows that begin before this time' },
  },
  settings: ['zone'],
  examples: [
    'weir compile sales_daily --to spark',
    'weir compile top_products --to plan',
    'weir compile sales_daily --zone Europe/Berlin --from 2024-03-01 --until 2024-04-01',
  ],
  run: async context => {
    const { config, terminal } = context
    const plan = findPlan(config.plans, context.positionals[0] ?? '')
    const target = TARGETS.find(one => one === (context.flag('to') ?? 'duckdb'))
    if (target === undefined) {
      throw new Fault('USAGE', `--to is '${context.flag('to')}'; write ${TARGETS.join(', ')}`)
    }
    const range = parseRange(context, ['from', 'until']) ?? thisYear(context)
    const whole = { ...range, isWhole: false }
    terminal.print(
      target === 'plan'
        ? JSON.stringify(toLakeQuery(plan, config.catalog, whole), null, 2)
        : compileMetric(plan, config.catalog, { range: whole, engine: target }),
    )
    return 0
  },
}

function thisYear({ clock }: CommandContext): { readonly fromMs: number; readonly toMs: number } {
  const year = new Date(clock.now()).getUTCFullYear()
  return { fromMs: Date.UTC(year, 0, 1), toMs: Date.UTC(year + 1, 0, 1) }
}
