/** The reference pages, each made from the table in the source that the program itself reads. */
import { COMMANDS } from '../../src/main/commands/commands.ts'
import type { Setting } from '../../src/main/config/settings.ts'
import { SETTING_NAMES, SETTINGS, toFlag, toVariable } from '../../src/main/config/settings.ts'
import { toCommandHelp } from '../../src/main/terminal/command.ts'
import type { EventSchema } from '../../src/model/event.ts'
import type { Field, FieldMap } from '../../src/model/field.ts'
import type { Measure, Metric } from '../../src/model/metric.ts'
import { listProblems } from '../../src/model/problem.ts'
import { SHOP_EVENTS } from '../../src/model/shop-events.ts'
import { SHOP_METRICS } from '../../src/model/shop-metrics.ts'
import { INVALID_CODES } from '../../src/model/verdict.ts'
import { unreachable } from '../../src/std/assert.ts'
import { FAULTS } from '../../src/std/fault.ts'
import { toApiPage } from './api-page.ts'
import { code, list, paragraph, toPage, toTable } from './markdown.ts'
import { toSegmentPage } from './segment-page.ts'

/** Path under docs/reference to what it holds. */
export function toReferencePages(): ReadonlyMap<string, string> {
  return new Map([
    ['api.md', toApiPage()],
    ['cli.md', toCliPage()],
    ['events.md', toEventsPage()],
    ['faults.md', toFaultsPage()],
    ['metrics.md', toMetricsPage()],
    ['problems.md', toProblemsPage()],
    ['segment.md', toSegmentPage()],
    ['settings.md', toSettingsPage()],
    ['verdicts.md', toVerdictsPage()],
  ])
}

const RETRY_TEXT = {
  never: 'does not help',
  'at-once': 'at once',
  'with-backoff': 'after a while',
} as const

function toFaultsPage(): string {
  const rows = Object.entries(FAULTS).map(([name, { retry, when }]) => [
    code(name),
    when,
    RETRY_TEXT[retry],
  ])
  return toPage('Faults', 'src/std/fault.ts', [
    paragraph(
      'What can be wrong with the world: a disk, a file, a setting, a port. The ' +
        'command line prints the message with its code at the end, `[LOG_FULL]`, and ' +
        'never a stack trace. A bad event is no fault but a [verdict](verdicts.md); ' +
        'over HTTP a fault is a [problem](problems.md).',
    ),
    toTable(['code', 'when', 'trying again'], rows),
  ])
}

function toVerdictsPage(): string {
  const rows = Object.entries(INVALID_CODES).map(([name, text]) => [code(name), text])
  return toPage('Verdicts', 'src/model/verdict.ts', [
    'Every record of the log gets exactly one verdict.',
    list([
      '`accepted`: it counts, once, in the windows of its timestamp.',
      '`duplicate`: an earlier record of its partition with the same topic, `user_id` and ' +
        '`event_id`, at most `dedupDays` UTC days away, was accepted.',
      '`invalid`: it is kept in quarantine as it came, with a reason of the list below and a ' +
        'JSON pointer (RFC 6901) to the field at fault. See `GET /v1/quarantine`.',
    ]),
    paragraph(
      'A verdict depends on the records of the partition up to it and on the ' +
        'settings, on nothing else. An event with several faults always gets the same ' +
        'one: what is wrong with the whole goes first, then the fields in the order of ' +
        'their declaration, and its time against its arrival last.',
    ),
    toTable(['code', 'why'], rows),
  ])
}

function toProblemsPage(): string {
  const rows = listProblems().map(({ code: name, status, when }) => [
    code(name),
    String(status),
    when,
  ])
  return toPage('Problems', 'src/model/problem.ts and src/std/fault.ts', [
    paragraph(
      'How a refusal looks over HTTP: `application/problem+json` (RFC 9457) with ' +
        '`type`, `title`, `status`, `code` and `detail`. Read `code`, which is stable; ' +
        '`detail` says what happened to what, and how to mend it. `type` is the path of a ' +
        'page of the process that answered, `/problems/CODE`. Every 429 and 503 carries ' +
        '`Retry-After`.',
    ),
    toTable(['code', 'status', 'when'], rows),
  ])
}

function toSettingsPage(): string {
  const rows = SETTING_NAMES.map(name => {
    const setting: Setting<unknown> = SETTINGS[name]
    const written = setting.default === '' ? 'empty' : code(setting.default)
    return [code(name), code(toFlag(name)), code(toVariable(name)), written, setting.about]
  })
  return toPage('Settings', 'src/main/config/settings.ts', [
    paragraph(
      'Each setting is a flag of every command, a variable of the environment, and a ' +
        'name in `weir.config.ts`; the first of these that is there wins. `weir config ' +
        '--sources` tells which it was. Durations are a whole number and `ms`, `s`, ' +
        '`m`, `h` or `d`; sizes a whole number and `B`, `KiB`, `MiB` or `GiB`.',
    ),
    paragraph(
      'Beside them, `--config FILE` or `WEIR_CONFIG` names the config file. A ' +
        'variable that begins with `WEIR_` and is no setting is an error, so that a ' +
        'misspelt one is not silent.',
    ),
    toTable(['setting', 'flag', 'variable', 'default', 'what it is'], rows),
  ])
}

function toMetricsPage(): string {
  const rows = SHOP_METRICS.map(metric => [
    code(metric.name),
    metric.from === null ? 'all events' : metric.from.map(code).join(', '),
    metric.window,
    metric.groupBy.map(code).join(', '),
    Object.entries(metric.measures).map(toMeasureText).join('; '),
    toExtras(metric),
  ])
  return toPage('Metrics', 'src/model/shop-metrics.ts', [
    paragraph(
      'What is counted from the start. [The guide](../guides/config.md) shows how to ' +
        'add your own. An hour, a day, a week or a month is one of the zone of the ' +
        'config.',
    ),
    toTable(['metric', 'of', 'window', 'by', 'values', ''], rows),
    paragraph(
      'Counts are JSON numbers. Money is a map from currency to decimal text, ' +
        '`{"USD":"599.99"}`: currencies are never added up. Other sums and ratios are ' +
        'decimal text.',
    ),
  ])
}

function toMeasureText([name, measure]: readonly [string, Measure]): string {
  switch (measure.kind) {
    case 'count':
      return measure.where === null
        ? `${code(name)} count`
        : `${code(name)} count where ${code(toWhereText(measure.where))}`
    case 'count_distinct':
      return `${code(name)} distinct ${code(measure.field)}`
    case 'ratio':
      return `${code(name)} = ${code(measure.numerator)} / ${code(measure.denominator)}`
    case 'sum':
    case 'min':
    case 'max':
      return `${code(name)} ${measure.kind} of ${code(measure.field)}`
    default:
      return unreachable(measure)
  }
}

function toWhereText(where: NonNullable<Metric['where']>): string {
  return Object.entries(where)
    .map(([path, value]) => `${path} = ${JSON.stringify(value)}`)
    .join(' and ')
}

function toExtras({ once, top }: Metric): string {
  const parts = [
    ...(once === null ? [] : [`a user's ${code(once)} counts once`]),
    ...(top === null ? [] : [`the ${top.limit} with most ${code(top.by)}`]),
  ]
  return parts.join('; ')
}

function toEventsPage(): string {
  return toPage('Events', 'src/model/shop-events.ts', [
    'An event is a JSON object of at most 64 KiB.',
    toTable(
      ['field', '', 'what it is'],
      [
        ['`event_id`', 'required', 'text of 1 to 256 bytes; the same event has the same id'],
        ['`event_type`', 'required', 'one of the types below, or of your config'],
        ['`user_id`', 'required', 'text of 1 to 256 bytes'],
        ['`timestamp`', 'required', 'RFC 3339 with `Z` or an offset, to the millisecond'],
        ['`session_id`', 'optional', 'text'],
        ['`data`', 'by type', 'an object with the fields below'],
        ['`data.currency`', 'optional', 'code of ISO 4217; else the `currency` of the config'],
      ],
    ),
    paragraph(
      '`null` counts as absent. Fields that are not listed are kept with the event ' +
        'and not looked at. Of a key that stands twice in an object, the last counts. ' +
        'What a bad event is told is listed under [verdicts](verdicts.md). `weir config ' +
        '--schemas` prints the JSON Schema of every type, those of your config ' +
        'included.',
    ),
    SHOP_EVENTS.map(toEventSection),
  ])
}

function toEventSection(event: EventSchema): string {
  const table = toTable(['field', '', 'what it is'], toFieldRows('data', event.data))
  return `## ${event.name}\n\n${table}`
}

function toFieldRows(path: string, fields: FieldMap): readonly (readonly string[])[] {
  return Object.entries(fields).flatMap(([name, field]) => [
    [code(`${path}.${name}`), field.optional ? 'optional' : 'required', toTypeText(field)],
    ...(field.kind === 'list' ? toFieldRows(`${path}.${name}[]`, field.fields) : []),
  ])
}

function toTypeText(field: Field): string {
  switch (field.kind) {
    case 'string':
      return 'text'
    case 'integer':
      return `integer${toRangeText(field.min, field.max)}`
    case 'decimal':
      return `number with at most ${field.scale} decimals`
    case 'money':
      return "number with at most the currency's decimals"
    case 'boolean':
      return '`true` or `false`'
    case 'list':
      return 'list of objects'
    default:
      return unreachable(field)
  }
}

function toRangeText(min: number, max: number): string {
  const from = min === Number.MIN_SAFE_INTEGER ? '' : ` from ${min}`
  return max === Number.MAX_SAFE_INTEGER ? from : `${from} to ${max}`
}

function toCliPage(): string {
  const sections = COMMANDS.map(
    command => `## weir ${command.name}\n\n\`\`\`text\n${toCommandHelp(command)}\n\`\`\``,
  )
  return toPage('Command line', 'src/main/commands/', [
    'In a checkout `./weir` is `weir`; where the package is installed it is `npx weir`.',
    paragraph(
      'Data goes to stdout and talk to stderr. Beside a running Weir on the same ' +
        '`--data`, commands ask it over HTTP; else they open the data themselves.',
    ),
    toTable(
      ['exit code', 'meaning'],
      [
        ['0', 'done'],
        [
          '1',
          'failed; also: the ledger does not balance, a check failed, or lines with `--strict`',
        ],
        ['2', 'wrong usage or settings'],
        ['130', 'interrupted'],
      ],
    ),
    sections,
  ])
}
