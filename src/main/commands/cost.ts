/** `weir cost`: what a deployment on AWS costs in a month, before there is one. */
import { readFileSync } from 'node:fs'
import type { PricedLine } from '../../cost/bill.ts'
import type { Estimate } from '../../cost/cost.ts'
import { estimateCost } from '../../cost/cost.ts'
import type { CostLoad } from '../../cost/load.ts'
import { LOAD_DEFAULT } from '../../cost/load.ts'
import type { FieldName, Given } from '../../cost/load-fields.ts'
import { FIELD_NAMES, FIELDS, parseLoad } from '../../cost/load-fields.ts'
import type { How } from '../../cost/prices.ts'
import { PRICES, REGIONS } from '../../cost/prices.ts'
import { Fault, messageOf } from '../../std/fault.ts'
import { SECOND_MS } from '../../std/units.ts'
import type { Command, CommandContext, Flag, Terminal } from '../terminal/command.ts'
import { toTable } from '../terminal/table.ts'

export const costCommand: Command = {
  name: 'cost',
  about: 'estimates what a deployment on AWS costs in a month',
  positionals: [],
  flags: {
    ...Object.fromEntries(FIELD_NAMES.map(name => [toFlagName(name), toFlag(name)])),
    settings: { value: 'FILE', about: 'settings of the stacks, as infra/weir.aws.json' },
    lines: { value: null, about: 'every line of the bill' },
    prices: { value: null, about: 'the prices, with where and when they were taken' },
    json: { value: null, about: 'as JSON' },
  },
  settings: ['partitions', 'commitInterval'],
  examples: [
    'weir cost',
    'weir cost --events-per-day 5000000 --region eu-central-1 --lines',
    'weir cost --settings infra/weir.aws.json --json',
  ],
  run: async context => {
    const { terminal } = context
    if (context.isSet('prices')) {
      printPrices(context)
      return 0
    }
    const estimate = estimateCost(readLoad(context))
    if (context.isSet('json')) terminal.print(JSON.stringify(estimate))
    else printEstimate(terminal, estimate, context.isSet('lines'))
    return 0
  },
}

function toFlagName(name: FieldName): string {
  return name.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}

function toFlag(name: FieldName): Flag {
  const { value, about } = FIELDS[name]
  return { value, about: `${about} (${toText(LOAD_DEFAULT[name])})` }
}

function toText(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (value === null) return 'off'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** A flag goes before the file, and the file before the default. */
function readLoad(context: CommandContext): CostLoad {
  const path = context.flag('settings')
  const file = path === undefined ? {} : readSettings(path)
  const texts = new Map<FieldName, { text: string; what: string }>()
  for (const name of FIELD_NAMES) {
    const flag = context.flag(toFlagName(name))
    const written = file[name]
    if (flag !== undefined) texts.set(name, { text: flag, what: `--${toFlagName(name)}` })
    else if (written !== undefined) {
      texts.set(name, { text: toText(written), what: `${name} of ${path}` })
    }
  }
  // A region is left out where the credentials say it.
  if (texts.get('region')?.text === 'off') texts.delete('region')
  return parseLoad(texts, givenOf(context, file['partitions']))
}

function givenOf({ config }: CommandContext, written: unknown): Pick<CostLoad, Given> {
  const { settings, sources } = config
  const isDefault = (name: string): boolean =>
    sources.some(source => source.name === name && source.source === 'default')
  return {
    partitions:
      typeof written === 'number' && isDefault('partitions') ? written : settings.partitions,
    // Ten seconds in a bucket, unless it is set.
    commitS: isDefault('commitInterval')
      ? LOAD_DEFAULT.commitS
      : settings.commitInterval / SECOND_MS,
  }
}

function readSettings(path: string): { readonly [name: string]: unknown } {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof value === 'object' && value !== null) return { ...value }
    throw new Error('it is no object')
  } catch (cause) {
    throw new Fault('FILE_UNREADABLE', `settings ${path} cannot be read: ${messageOf(cause)}`, {
      cause,
    })
  }
}

function printEstimate(terminal: Terminal, estimate: Estimate, isLong: boolean): void {
  const { stacks, usd, usdPerMillionEvents, load, remarks } = estimate
  const rows = stacks.flatMap(({ stack, usd: stackUsd, lines }) => [
    ...(isLong ? lines.map(line => toRow(stack, line)) : []),
    [stack, isLong ? 'together' : '', '', '', toUsd(stackUsd)],
  ])
  const all = [...rows, ['All', '', '', '', toUsd(usd)]]
  const picked = isLong ? all : all.map(([stack = '', , , , amount = '']) => [stack, amount])
  const head = isLong ? ['stack', 'what', 'how much', 'each USD', 'USD'] : ['stack', 'USD a month']
  for (const line of toTable(head, picked)) terminal.print(line)
  terminal.print('')
  if (usdPerMillionEvents !== null) {
    const each = toUsd(usdPerMillionEvents)
    terminal.print(`${each} USD for a million events, at ${load.eventsPerDay} a day`)
  }
  for (const remark of remarks) terminal.print(`! ${remark}`)
  const taken = PRICES.brokerSmall.taken
  terminal.print(
    `List prices of ${load.region}, entered ${taken}, not asked of AWS; no taxes, no free tier.`,
  )
  terminal.print('~ is a guess; weir cost --prices has the pages to compare with.')
}

function toRow(stack: string, line: PricedLine): readonly string[] {
  const mark = line.basis === 'guessed' ? '~' : ''
  const quantity = `${mark}${toQuantity(line.quantity)} ${line.unit}`
  const unitUsd = toPriceText(line.unitUsd, line.how)
  return [stack, line.name, quantity, unitUsd, toUsd(line.usd)]
}

/** `~0.2` is derived, and nothing at hand repeated `0.2?`. */
function toPriceText(usd: number, how: How): string {
  if (how === 'derived') return `~${usd}`
  return how === 'known' ? `${usd}?` : String(usd)
}

function toUsd(usd: number): string {
  return usd.toFixed(2)
}

function toQuantity(quantity: number): string {
  if (quantity === 0 || quantity >= 100) return quantity.toFixed(0)
  return quantity >= 1 ? quantity.toFixed(1) : quantity.toPrecision(2)
}

function printPrices(context: CommandContext): void {
  const { terminal } = context
  if (context.isSet('json')) {
    terminal.print(JSON.stringify(PRICES))
    return
  }
  const rows = Object.entries(PRICES).map(([name, { unit, usd, how, taken, source }]) => [
    name,
    ...REGIONS.map(region => toPriceText(usd[region], how[region])),
    unit,
    taken,
    source,
  ])
  const head = ['price', ...REGIONS, 'for a', 'taken', 'source']
  for (const line of toTable(head, rows)) terminal.print(line)
  terminal.print('')
  terminal.print('? nothing at hand repeated it that day; ~ derived from another price')
}
