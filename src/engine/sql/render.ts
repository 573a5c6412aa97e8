/**
 * A lake query as SQL, the same for every engine but for quotes: common table expressions, one a
 * step, in the order in which the incremental engine works. Only what DuckDB and Spark agree on is
 * used: integers and DECIMAL(18, s), whose sums are DECIMAL and never wrap around; exact distinct
 * counts; texts compared by their UTF-8 bytes, nulls first where it is said.
 *
 * Spark must run it with ANSI on, as `spark/job.py` does: overflow is then an error, and a decimal
 * is written with all of its digits.
 */

import type { MetricPlan } from '../../model/plan.ts'
import { runColumnsOf } from '../../model/run.ts'
import { toMillisecondText } from '../../model/time.ts'
import { present } from '../../std/assert.ts'
import type { Naming } from './condition.ts'
import { toConditionsSql } from './condition.ts'
import type { Dialect } from './dialect.ts'
import type { LakeQuery } from './lake-query.ts'
import { toMeasureColumns } from './measure-columns.ts'
import type { Segment, TimeRange } from './window-rule.ts'

/** One statement, without a semicolon; its columns are told by model/run.ts. */
export function renderQuery(query: LakeQuery, dialect: Dialect): string {
  const { plan, windows } = query
  const steps = [
    ...(windows.kind === 'segments' ? [step('segments', renderSegments(windows.segments))] : []),
    ...(plan.once === null ? [] : [step('firsts', renderFirsts(query, dialect))]),
    step('events', renderEvents(query, dialect)),
    step('placed', renderPlaced(query, dialect)),
    step('counted', renderCounted(query, dialect)),
    ...(plan.top === null ? [] : [step('ranked', renderRanked(plan, dialect))]),
  ]
  return [...renderHead(query), `WITH ${steps.join(',\n')}`, renderRows(plan, dialect)].join('\n')
}

function step(name: string, body: string): string {
  return `${name} AS (\n${indent(body)}\n)`
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}

function renderHead({ plan, starts, events }: LakeQuery): readonly string[] {
  const bounds = starts ?? events
  const range = [bounds.fromMs, bounds.toMs].map(toMillisecondText).join(' to ')
  const window = plan.window.kind === 'fixed' ? `${plan.window.durationMs} ms` : plan.window.kind
  return [`-- ${plan.name}, plan ${plan.hash}: by ${window}, ${plan.zone}`, `-- ${range}`]
}

/** Runs of instants with one offset from UTC; where a window is not regular, it is told. */
function renderSegments(segments: readonly Segment[]): string {
  const rows = segments.map(({ fromMs, toMs, offsetMs, window }) => {
    const given = window === null ? 'NULL, NULL' : `${window.start}, ${window.end}`
    return `(${fromMs}, ${toMs}, ${offsetMs}, ${given})`
  })
  const columns = ['from_ms', 'to_ms', 'offset_ms', 'start_ms', 'end_ms']
  const casts = columns.map(column => `CAST(${column} AS BIGINT) AS ${column}`)
  return [
    `SELECT ${casts.join(',\n  ')}`,
    'FROM (VALUES',
    indent(rows.join(',\n')),
    `) AS given (${columns.join(', ')})`,
  ].join('\n')
}

/** Where each user's first event with a value of the `once` field stands, over the whole lake. */
function renderFirsts(query: LakeQuery, dialect: Dialect): string {
  const { plan, views } = query
  const { quote } = dialect
  const naming = toViewNaming(query, dialect, 0)
  const column = naming(plan.once?.path ?? '')
  const place = `${quote('partition')}, ${quote('offset')}`
  const conditions = toWhere(query, dialect, naming)
  return [
    `SELECT ${place}`,
    'FROM (',
    `  SELECT ${place},`,
    `    ROW_NUMBER() OVER (PARTITION BY ${quote('user_id')}, ${column} ORDER BY ${place}) AS nth`,
    `  FROM ${present(views[0], 'a view').name}`,
    `  WHERE ${[`${column} IS NOT NULL`, ...conditions].join(' AND ')}`,
    ') AS numbered',
    'WHERE nth = 1',
  ].join('\n')
}

function toWhere({ plan }: LakeQuery, dialect: Dialect, naming: Naming): readonly string[] {
  return plan.where.length === 0 ? [] : [toConditionsSql(plan.where, dialect, naming)]
}

/** Fields as a view calls them. */
function toViewNaming({ views, fields }: LakeQuery, dialect: Dialect, place: number): Naming {
  const columns = new Map(
    fields.map(field => [field.path, present(field.columns[place], 'a name')]),
  )
  return path => {
    if (path === 'event_type') return dialect.text(present(views[place], 'a view').type)
    return dialect.quote(present(columns.get(path), `the column of ${path}`))
  }
}

/** Fields as the query calls them once they are read. */
function toNaming({ fields }: LakeQuery, { quote }: Dialect): Naming {
  const names = new Map(fields.map(field => [field.path, field.name]))
  return path => (path === 'event_type' ? path : quote(present(names.get(path), path)))
}

/** The events of the range that hold the condition, numbers in one exact type. */
function renderEvents(query: LakeQuery, dialect: Dialect): string {
  const { plan, views, fields, events } = query
  const { quote, text } = dialect
  const own = [
    'timestamp_ms',
    ...(plan.byCurrency ? ['currency'] : []),
    ...(plan.once === null ? [] : ['partition', 'offset']),
  ].map(quote)
  const scans = views.map(({ type, name }, place) => {
    const naming = toViewNaming(query, dialect, place)
    const columns = fields.map(field => {
      const value = naming(field.path)
      const exact = field.scale === null ? value : `CAST(${value} AS DECIMAL(18, ${field.scale}))`
      return exact === quote(field.name) ? exact : `${exact} AS ${quote(field.name)}`
    })
    const conditions = [...toRangeSql(events, dialect), ...toWhere(query, dialect, naming)]
    return [
      `SELECT ${[`${text(type)} AS event_type`, ...own, ...columns].join(',\n  ')}`,
      `FROM ${name}`,
      `WHERE ${conditions.join('\n  AND ')}`,
    ].join('\n')
  })
  return scans.join('\nUNION ALL\n')
}

/** Folders of dates outside the range are not opened. */
function toRangeSql({ fromMs, toMs }: TimeRange, { quote }: Dialect): readonly string[] {
  const [first, last] = [fromMs, toMs - 1].map(timeMs => toMillisecondText(timeMs).slice(0, 10))
  const [date, time] = [quote('event_date'), quote('timestamp_ms')]
  return [
    `${date} >= '${first}' AND ${date} <= '${last}'`,
    `${time} >= ${fromMs} AND ${time} < ${toMs}`,
  ]
}

/** Each event with its window and its key as text; of `once` only firsts, and those without. */
function renderPlaced(query: LakeQuery, dialect: Dialect): string {
  const { plan, windows } = query
  const { quote } = dialect
  const [start, end] = toWindowSql(query)
  const naming = toNaming(query, dialect)
  const keys = runColumnsOf(plan).keys.map((name, index) => {
    const { path, type } = present(plan.groupBy[index], 'a field of the key')
    const value = path === 'event_type' ? path : `events.${naming(path)}`
    return `${type.kind === 'text' ? value : `CAST(${value} AS STRING)`} AS ${quote(name)}`
  })
  const columns = ['events.*', `${start} AS window_start`, `${end} AS window_end`, ...keys]
  const lines = [`SELECT ${columns.join(',\n  ')}`, 'FROM events']
  if (windows.kind === 'segments') {
    lines.push(
      'JOIN segments ON timestamp_ms >= segments.from_ms AND timestamp_ms < segments.to_ms',
    )
  }
  if (plan.once !== null) {
    const places = ['partition', 'offset'].map(name => {
      return `events.${quote(name)} = firsts.${quote(name)}`
    })
    const once = naming(plan.once.path)
    lines.push(`LEFT JOIN firsts ON ${places.join(' AND ')}`)
    lines.push(`WHERE events.${once} IS NULL OR firsts.${quote('offset')} IS NOT NULL`)
  }
  return lines.join('\n')
}

/** Where the window of an event starts and ends. */
function toWindowSql({ windows }: LakeQuery): readonly [string, string] {
  if (windows.kind === 'one') {
    const bound = (ms: number | null): string => `CAST(${ms ?? 'NULL'} AS BIGINT)`
    return [bound(windows.start), bound(windows.end)]
  }
  const { unitMs, anchorMs } = windows
  const isLocal = windows.kind === 'segments'
  const anchor = anchorMs === 0 ? '' : ` + ${anchorMs}`
  const local = `(timestamp_ms${isLocal ? ' + segments.offset_ms' : ''}${anchor})`
  // The remainder of a negative number is negative: before 1970 it is moved up.
  const start = `timestamp_ms\n      - (${local} % ${unitMs} + ${unitMs}) % ${unitMs}`
  if (!isLocal) return [start, `${start} + ${unitMs}`]
  return [
    `COALESCE(segments.start_ms,\n    ${start}\n  )`,
    `COALESCE(segments.end_ms,\n    ${start} + ${unitMs}\n  )`,
  ]
}

/** One row a window and key; where there is money, also one a currency. */
function renderCounted(query: LakeQuery, dialect: Dialect): string {
  const { plan, starts } = query
  const { quote } = dialect
  const keys = ['window_start', 'window_end', ...runColumnsOf(plan).keys.map(quote)]
  const currency = plan.byCurrency ? ['currency'] : []
  const columns = [
    ...keys,
    ...currency,
    'COUNT(*) AS events',
    ...toMeasureColumns(plan, dialect, toNaming(query, dialect)),
  ]
  const whole = keys.join(', ')
  return [
    `SELECT ${columns.join(',\n  ')}`,
    'FROM placed',
    ...(starts === null
      ? []
      : [`WHERE window_start >= ${starts.fromMs} AND window_start < ${starts.toMs}`]),
    plan.byCurrency
      ? `GROUP BY GROUPING SETS ((${whole}, currency), (${whole}))`
      : `GROUP BY ${whole}`,
  ].join('\n')
}

/** How each key stands within its window: most first, ties by key. */
function renderRanked(plan: MetricPlan, { quote }: Dialect): string {
  const { keys, measures } = runColumnsOf(plan)
  const by = quote(measures.find(one => one.name === plan.top?.by)?.column ?? 'events')
  const partition = ['window_start', ...keys.map(quote)].join(', ')
  const order = ['total DESC', ...keys.map(key => `${quote(key)} NULLS FIRST`)].join(', ')
  // The row of all currencies has the most.
  return [
    'SELECT *,',
    '  DENSE_RANK() OVER (',
    `    PARTITION BY window_start ORDER BY ${order}`,
    '  ) AS place',
    'FROM (',
    '  SELECT *,',
    `    MAX(${by}) OVER (PARTITION BY ${partition}) AS total`,
    '  FROM counted',
    ') AS totals',
  ].join('\n')
}

function renderRows(plan: MetricPlan, { quote }: Dialect): string {
  const { keys, measures } = runColumnsOf(plan)
  const named = measures.flatMap(({ column }, index) => {
    if (column === null) return []
    const isSum = plan.measures[index]?.kind === 'sum'
    return isSum ? [quote(column), quote(`${column}_carriers`)] : [quote(column)]
  })
  const currency = plan.byCurrency ? ['currency'] : []
  const places = ['window_start', ...keys.map(quote), ...currency]
  const columns = [
    'window_start',
    'window_end',
    ...keys.map(quote),
    ...currency,
    'events',
    ...named,
  ]
  return [
    `SELECT ${columns.join(', ')}`,
    plan.top === null ? 'FROM counted' : `FROM ranked WHERE place <= ${plan.top.limit}`,
    `ORDER BY ${places.map(place => `${place} NULLS FIRST`).join(', ')}`,
  ].join('\n')
}
