/**
 * Questions as SQL. One row comes back per window, key and currency, in the order of results; rows
 * of one window and key stand together and are turned into one by model/answer.ts.
 *
 * Numbers and names are ours and stand in the text; texts of readers and events are bound.
 */
import { keepsSet } from '../../model/answer.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { Ask, RowPlace } from '../question.ts'
import type { MetricTables } from './schema.ts'
import { keyColumns, measureColumns } from './schema.ts'

export interface Select {
  readonly sql: string
  /** `$1`, `$2`, … */
  readonly texts: readonly string[]
}

/**
 * The rows of a question; of one row more than asked for, to see whether there are more.
 * `currencyCount`: how many rows one window and key may have.
 */
export function selectRows(ask: Ask, tables: MetricTables, currencyCount: number): Select {
  const { plan } = ask
  const texts: string[] = []
  const bind = (text: string): string => `$${texts.push(text)}`
  const isRanked = plan.top !== null
  const start = `window_start ${ask.last === null ? '' : 'DESC '}NULLS FIRST`
  const inRange = rangeOf(ask)
  // What comes after the cursor can be told from a row alone, unless a rank is part of it.
  const inPage =
    isRanked || ask.after === null ? inRange : [...inRange, after(ask, ask.after, bind)]
  const group = ['window_start', ...keyColumns(plan)]
  const keys = keyColumns(plan).map(name => `${name} NULLS FIRST`)
  const order = [start, ...keys, 'currency']
  const steps = [`parts AS (${sumParts(plan, tables, inPage)})`]
  const sets = plan.measures.map((measure, index) => (keepsSet(measure) ? index : -1))
  const joins = sets
    .filter(index => index >= 0)
    .map(index => {
      steps.push(`d${index} AS (${countSet(group, index, `${tables.sets} ${where(inPage)}`)})`)
      const same = group.map(name => `d${index}.${name} IS NOT DISTINCT FROM parts.${name}`)
      return `LEFT JOIN d${index} ON ${same.join(' AND ')}`
    })
  const sizes = sets.map((index, at) => `${index < 0 ? 0 : `coalesce(d${at}.n, 0)`} AS n${at}`)
  steps.push(
    `answers AS (SELECT ${['parts.*', ...sizes].join(', ')} FROM parts ${joins.join(' ')})`,
  )
  const limit = `LIMIT ${(ask.limit + 1) * currencyCount}`
  const shown = [...columnsOf(plan), 'rank'].map(toShown).join(', ')
  if (plan.top === null) {
    const sql = `SELECT ${shown} FROM (SELECT *, 0 AS rank FROM answers)`
    return { sql: `WITH ${steps.join(', ')} ${sql} ORDER BY ${order.join(', ')} ${limit}`, texts }
  }
  steps.push(`ranked AS (${rank(plan, plan.top.by)})`)
  const page = ask.after === null ? [] : [after(ask, ask.after, bind)]
  const top = where([`place <= ${plan.top.limit}`, ...page])
  const sql = `WITH ${steps.join(', ')} SELECT ${shown} FROM ranked ${top}`
  return { sql: `${sql} ORDER BY ${start}, place, currency ${limit}`, texts }
}

/** Where the oldest of the newest `last` windows of a question begins; NULL: there is none. */
export function selectOldestStart(ask: Ask, tables: MetricTables, last: number): string {
  const starts = `SELECT DISTINCT window_start FROM ${tables.rows} ${where(rangeOf(ask))}
    ORDER BY window_start DESC LIMIT ${last}`
  return `SELECT min(window_start)::DOUBLE FROM (${starts})`
}

/** How many currencies the rows of a question have, 1 where the plan is not by currency. */
export function selectCurrencyCount(ask: Ask, tables: MetricTables): string {
  const rows = `${tables.rows} ${where(rangeOf(ask))}`
  return `SELECT greatest(count(DISTINCT currency), 1)::DOUBLE FROM ${rows}`
}

/** The columns of the answer, in this order; then `rank`, what a `top` metric ranks by. */
export function columnsOf(plan: MetricPlan): readonly string[] {
  return [
    'window_start',
    'window_end',
    ...keyColumns(plan),
    'currency',
    'misplaced',
    'late',
    'revision',
    ...measureColumns(plan).map(column => column.name),
    ...plan.measures.map((_, index) => `n${index}`),
  ]
}

/** Sums and extremes stay HUGEINT; all else is a text, or below 2^53 and exact as a double. */
function toShown(name: string): string {
  return /^(v\d+|k\d+|currency)$/.test(name) ? name : `${name}::DOUBLE AS ${name}`
}

function rangeOf(ask: Ask): readonly string[] {
  const from = ask.fromMs === null ? [] : [`window_start >= ${BigInt(Math.ceil(ask.fromMs))}`]
  const to = ask.toMs === null ? [] : [`window_start < ${BigInt(Math.ceil(ask.toMs))}`]
  const { windows } = ask
  if (windows === null) return [...from, ...to]
  const starts = windows.filter(Number.isSafeInteger)
  const among = starts.length === 0 ? 'false' : `window_start IN (${starts.join(', ')})`
  return [...from, ...to, among]
}

function where(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
}

function sumParts(plan: MetricPlan, tables: MetricTables, conditions: readonly string[]): string {
  const group = ['window_start', 'window_end', ...keyColumns(plan), 'currency']
  const sums = ['misplaced', 'late', 'revision'].map(name => `sum(${name}) AS ${name}`)
  const measures = measureColumns(plan).map(({ name, fold }) => `${fold}(${name}) AS ${name}`)
  const columns = [...group, ...sums, ...measures].join(', ')
  return `SELECT ${columns} FROM ${tables.rows} ${where(conditions)} GROUP BY ${group.join(', ')}`
}

function countSet(group: readonly string[], index: number, source: string): string {
  const columns = group.join(', ')
  const filter = `count(DISTINCT id) FILTER (WHERE measure = ${index}) AS n`
  return `SELECT ${columns}, ${filter} FROM ${source} GROUP BY ${columns}`
}

/** Rows of one window and key share their place in the window, whatever their currency. */
function rank(plan: MetricPlan, by: string): string {
  const index = plan.measures.findIndex(measure => measure.name === by)
  const keys = keyColumns(plan)
  const isSet = plan.measures.some((measure, at) => at === index && keepsSet(measure))
  const sum = plan.byCurrency
    ? `sum(v${index}) OVER (PARTITION BY ${['window_start', ...keys].join(', ')})`
    : `v${index}` // one row a key: a sum over it would be itself, and costs a fifth of the question
  const total = isSet ? `n${index}` : sum
  const order = ['rank DESC', ...keys.map(name => `${name} NULLS FIRST`)].join(', ')
  return `SELECT *, dense_rank() OVER (PARTITION BY window_start ORDER BY ${order}) AS place
    FROM (SELECT *, ${total} AS rank FROM answers)`
}

/** Whether a row comes after a place: by window, rank from the largest down, and key. */
function after({ plan, last }: Ask, place: RowPlace, bind: (text: string) => string): string {
  const onward = last === null ? '>' : '<'
  const fields: { readonly same: string; readonly past: string }[] = []
  if (Number.isFinite(place.windowStart)) {
    const start = BigInt(place.windowStart)
    fields.push({ same: `window_start = ${start}`, past: `window_start ${onward} ${start}` })
  }
  if (plan.top !== null) {
    fields.push({ same: `rank = ${place.rank}`, past: `rank < ${place.rank}` })
  }
  for (const [index, text] of place.key.entries()) {
    if (text === null) fields.push({ same: `k${index} IS NULL`, past: `k${index} IS NOT NULL` })
    else {
      const bound = `${bind(text)}::VARCHAR`
      fields.push({ same: `k${index} = ${bound}`, past: `k${index} > ${bound}` })
    }
  }
  const ways = fields.map(({ past }, index) =>
    [...fields.slice(0, index).map(field => field.same), past].join(' AND '),
  )
  if (ways.length === 0) return 'false'
  // The first condition alone lets a scan skip what lies before the window of the cursor.
  const least = Number.isFinite(place.windowStart)
    ? `window_start ${onward}= ${BigInt(place.windowStart)} AND `
    : ''
  return `${least}(${ways.map(way => `(${way})`).join(' OR ')})`
}
