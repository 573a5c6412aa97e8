/** What is explored: read off the URL of the page, and turned into a question to the API. */
import type { MetricAnswer } from '../../../../src/api/contract.ts'
import type { ResultRow, Value } from '../../../../src/model/result.ts'
import type { LineView } from '../../chart/lines.ts'
import { escapeText } from '../../text/escape.ts'

export interface Ask {
  readonly metric: MetricAnswer
  /** Its own, or a larger one. */
  readonly window: string
  /** Fields of the key that are kept. */
  readonly group: readonly string[]
  readonly filters: readonly Filter[]
  /** The newest so many windows; '' where a range is given. */
  readonly last: string
  readonly from: string
  readonly to: string
  readonly order: string
  /** Only these, with commas between; '' is all. */
  readonly measures: string
  /** What the chart draws, as `views` or `revenue.EUR`; '' is the first. */
  readonly draw: string
}

/** null: the field is absent. */
export interface Filter {
  readonly name: string
  readonly value: string | null
}

const LAST_DEFAULT = '48'
export const ROWS_MAX = 1_000
/** Lines that can be told apart. */
export const LINES_MAX = 6
/** In the URL a key's field is `key.NAME`, its absence `no_key=NAME`. */
const KEY = 'key.'

/** null: there is no metric at all. */
export function parseAsk(params: URLSearchParams, metrics: readonly MetricAnswer[]): Ask | null {
  const metric = metrics.find(one => one.name === params.get('metric')) ?? metrics[0]
  if (metric === undefined) return null
  const group = params.get('group')
  const from = params.get('from') ?? ''
  const to = params.get('to') ?? ''
  const isRange = from !== '' || to !== ''
  return {
    metric,
    window: params.get('window') ?? metric.window,
    group: group === null ? metric.group_by : group.split(',').filter(name => name !== '-'),
    filters: [
      ...[...params].flatMap(([name, value]) =>
        name.startsWith(KEY) ? [{ name: name.slice(KEY.length), value }] : [],
      ),
      ...params.getAll('no_key').map(name => ({ name, value: null })),
    ],
    last: isRange ? '' : (params.get('last') ?? LAST_DEFAULT),
    from,
    to,
    order: params.get('order') ?? '',
    measures: params.get('measures') ?? '',
    draw: params.get('draw') ?? '',
  }
}

/** The path of the question; `format` is `csv` for a download of all its rows. */
export function toPath(
  ask: Ask,
  format: 'json' | 'csv' = 'json',
  cursor: string | null = null,
): string {
  const query = new URLSearchParams()
  const { metric } = ask
  if (ask.from !== '') query.set('from', ask.from)
  if (ask.to !== '') query.set('to', ask.to)
  if (ask.last !== '' && ask.window !== 'all') query.set('last', ask.last)
  if (ask.window !== metric.window) query.set('window', ask.window)
  if (ask.group.length < metric.group_by.length) query.set('group', ask.group.join(','))
  for (const { name, value } of ask.filters) {
    if (value === null) query.append('no_key', name)
    else query.append(`${KEY}${name}`, value)
  }
  if (ask.measures !== '') query.set('measures', ask.measures)
  if (ask.order !== '') query.set('order', ask.order)
  query.set('limit', String(format === 'csv' ? 1_000_000 : ROWS_MAX))
  if (format === 'csv') query.set('format', 'csv')
  if (cursor !== null) query.set('cursor', cursor)
  return `v1/metrics/${encodeURIComponent(metric.name)}?${query}`
}

/** The columns of values: one for each measure, of money one for each currency that came. */
export function listColumns(metric: MetricAnswer, rows: readonly ResultRow[]): readonly string[] {
  const told = metric.measures.filter(({ name }) => rows.some(row => name in row.values))
  return told.flatMap(({ name }) => {
    const currencies = new Set<string>()
    let isMoney = false
    for (const { values } of rows) {
      const value = values[name]
      if (typeof value !== 'object' || value === null) continue
      isMoney = true
      for (const currency of Object.keys(value)) currencies.add(currency)
    }
    return isMoney ? [...currencies].sort().map(currency => `${name}.${currency}`) : [name]
  })
}

/** The value of a column; a measure's own name may hold a dot. */
export function readValue(row: ResultRow, column: string): Value | undefined {
  const whole = row.values[column]
  if (whole !== undefined) return whole
  const dot = column.lastIndexOf('.')
  const money = row.values[column.slice(0, dot)]
  if (typeof money !== 'object' || money === null) return undefined
  return money[column.slice(dot + 1)]
}

export function toKeyText(key: ResultRow['key'], names: readonly string[]): string {
  return names.map(name => toFieldText(key[name])).join(' · ')
}

export function toFieldText(value: string | null | undefined): string {
  return value === null || value === undefined ? 'none' : escapeText(value)
}

export interface Drawn {
  readonly view: LineView
  /** Keys that are not drawn, since there are more than LINES_MAX. */
  readonly hiddenCount: number
}

/** One line for each key, those with the largest sums first; null: there is no time to draw along. */
export function toLines(rows: readonly ResultRow[], ask: Ask, column: string): Drawn | null {
  const starts = [...new Set(rows.flatMap(row => row.window_start ?? []))].sort()
  if (starts.length === 0) return null
  const startsMs = starts.map(start => Date.parse(start))
  const place = new Map(starts.map((start, index) => [start, index]))
  /** By key, since different keys may look the same. */
  const lines = new Map<string, { label: string; values: (number | null)[] }>()
  const statuses: (ResultRow['status'] | null)[] = starts.map(() => null)
  for (const row of rows) {
    const index = place.get(row.window_start ?? '')
    if (index === undefined) continue
    const label = ask.group.length === 0 ? column : toKeyText(row.key, ask.group)
    const key = JSON.stringify(ask.group.map(name => row.key[name] ?? null))
    const line = lines.get(key) ?? { label, values: starts.map(() => null) }
    lines.set(key, line)
    line.values[index] = toNumber(readValue(row, column))
    statuses[index] = worse(statuses[index] ?? null, row.status)
  }
  const ranked = [...lines.values()].sort((left, right) => sumOf(right.values) - sumOf(left.values))
  const shown = ranked.slice(0, LINES_MAX)
  return {
    view: {
      startsMs,
      statuses,
      lines: shown.map(({ label, values }, index) => ({ label, slot: SLOTS[index] ?? 6, values })),
    },
    hiddenCount: ranked.length - shown.length,
  }
}

/** Neighbours differ in lightness too. */
const SLOTS = [1, 4, 5, 2, 0, 6]

function toNumber(value: Value | undefined): number | null {
  const number = typeof value === 'string' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : null
}

function sumOf(values: readonly (number | null)[]): number {
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0)
}

/** Of one window: open if any row is, else revised if any is. */
function worse(known: ResultRow['status'] | null, next: ResultRow['status']): ResultRow['status'] {
  if (known === 'open' || next === 'open') return 'open'
  return known === 'revised' || next === 'revised' ? 'revised' : 'final'
}
