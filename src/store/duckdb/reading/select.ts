/**
 * Questions as SQL. One row comes back per window, key and currency, in the order of results; rows
 * of one window and key stand together, and become one in groups.ts.
 *
 * Rows of other keys or windows than those of the answer are left out, and put together, where they
 * are read. Numbers and names are ours and stand in the text; texts of readers and events are
 * bound.
 */
import { keepsSet } from '../../../model/answer.ts'
import type { MeasurePlan, MetricPlan } from '../../../model/plan.ts'
import { isMoney } from '../../../model/plan.ts'
import { present } from '../../../std/assert.ts'
import type { Ask } from '../../question.ts'
import type { Bind, Select } from '../database/binding.ts'
import { createBinding, where } from '../database/binding.ts'
import type { MeasureColumn } from '../tables/schema.ts'
import { keyColumns, measureColumns } from '../tables/schema.ts'
import { GRAIN } from './larger.ts'
import { afterPlace, orderOf } from './order.ts'
import type { Tables } from './pieces.ts'
import { piecesOf, union } from './pieces.ts'
import type { Kept } from './source.ts'
import { idsOf, sourceOf, TOLD_TALLIES } from './source.ts'

/**
 * The rows of a question; of one row more than asked for, or several, to see whether there are
 * more.
 * `currencyCount`: how many rows one window and key may have.
 */
export function selectRows(ask: Ask, kept: Kept, currencyCount: number): Select {
  const { plan, after } = ask
  const { texts, bind } = createBinding()
  const { sql: rows, isSettled } = sourceOf(ask, kept, bind)
  // What comes after the cursor can be told from a row alone, unless a rank is part of it.
  const page = after === null ? [] : [afterPlace(ask, after, bind)]
  const inPage = isRanked(ask) ? [] : page
  const inRows = `${rows} ${where(inPage)}`
  let from = isSettled ? `(FROM ${inRows})` : `(${sumParts(ask, inRows)})`
  const sets = neededSets(ask)
  if (sets.length > 0) {
    const ids = `${idsOf(ask, kept, bind)} ${where(inPage)}`
    from = withSizes(plan, from, { sets, ids })
  }
  if (isRanked(ask)) from = ranked(ask, from, bind)
  const shown = columnsOf(ask).map(({ name, sql }) => `${sql} AS ${name}`)
  const order = [...orderOf(ask), ...(plan.byCurrency ? ['currency'] : [])]
  const inRank = where(isRanked(ask) ? page : [])
  const by = order.length === 0 ? '' : `ORDER BY ${order.join(', ')}`
  const limit = `LIMIT ${roundUp((ask.limit + 1) * currencyCount)}`
  return { sql: `SELECT ${shown.join(', ')} FROM ${from} ${inRank} ${by} ${limit}`, texts }
}

/** Questions that differ by their limits alone are planned as one; what is too much is left out. */
function roundUp(limit: number): number {
  return 2 ** Math.ceil(Math.log2(limit))
}

/** Where the oldest of the newest `last` windows of a question begins; NULL: there is none. */
export function selectOldestStart(ask: Ask, kept: Kept, last: number): Select {
  const { texts, bind } = createBinding()
  const { sql: rows } = sourceOf(ask, kept, bind)
  if (last === 1) return { sql: `SELECT max(window_start)::DOUBLE FROM ${rows}`, texts }
  const starts = `SELECT DISTINCT window_start FROM ${rows}
    ORDER BY window_start DESC LIMIT ${last}`
  return { sql: `SELECT min(window_start)::DOUBLE FROM (${starts})`, texts }
}

/** The grains that the rows of a question are in. */
export function selectGrains(ask: Ask, tables: Tables): Select {
  const { texts, bind } = createBinding()
  const starts = union(piecesOf(ask, tables, bind), ['window_start'])
  return { sql: `SELECT DISTINCT ${GRAIN} FROM ${starts}`, texts }
}

/** How many currencies the rows of a question have, 1 where the plan is not by currency. */
export function selectCurrencyCount(ask: Ask, kept: Kept): Select {
  const { texts, bind } = createBinding()
  const { sql: rows } = sourceOf(ask, kept, bind)
  return { sql: `SELECT greatest(count(DISTINCT currency), 1)::DOUBLE FROM ${rows}`, texts }
}

/** A column of the answer: its name, and what is selected as it. */
interface Shown {
  readonly name: string
  readonly sql: string
}

/** The columns of the answer, in this order. What is the same in all rows has none. */
export function columnsOf(ask: Ask): readonly Shown[] {
  const { plan } = ask
  const window = plan.window.kind === 'all' ? [] : ['window_start', 'window_end']
  const currency = plan.byCurrency ? ['currency'] : []
  const measures = neededColumns(ask)
  const units = measures.filter(column => column.type === 'HUGEINT').map(column => column.name)
  const counts = measures.filter(column => column.type === 'BIGINT').map(column => column.name)
  const sets = neededSets(ask).map(index => `n${index}`)
  const numbers = [...window, ...TOLD_TALLIES, ...counts, ...sets]
  return [
    ...[...keyColumns(plan), ...currency, ...units].map(name => ({ name, sql: name })),
    // All of them are below 2^53.
    ...numbers.map(name => ({ name, sql: `${name}::DOUBLE` })),
    ...(isRanked(ask) ? [{ name: 'rank', sql: 'rank::HUGEINT' }] : []),
  ]
}

/** Whether rows come by what one of their measures is. */
function isRanked({ plan, order }: Ask): boolean {
  return plan.top !== null || order.kind === 'measure'
}

function neededColumns(ask: Ask): readonly MeasureColumn[] {
  const { measures } = ask.plan
  return measureColumns(ask.plan).filter(({ measure }) =>
    isNeeded(present(measures[measure], 'the measure of a column'), ask),
  )
}

/** The measures whose ids are counted. */
function neededSets(ask: Ask): readonly number[] {
  return [...ask.plan.measures.entries()]
    .filter(([, measure]) => keepsSet(measure) && isNeeded(measure, ask))
    .map(([index]) => index)
}

function sumParts(ask: Ask, source: string): string {
  const { plan } = ask
  // What is the same in all rows is not grouped by: each such column is hashed.
  const isEndless = plan.window.kind === 'all'
  const window = isEndless ? [] : ['window_start', 'window_end']
  const group = [...window, ...keyColumns(plan), ...(plan.byCurrency ? ['currency'] : [])]
  const columns = isEndless ? ['NULL::BIGINT AS window_start', ...group] : group
  const sums = TOLD_TALLIES.map(name => `sum(${name}) AS ${name}`)
  const measures = neededColumns(ask).map(({ name, fold }) => `${fold}(${name}) AS ${name}`)
  const by = group.length === 0 ? 'HAVING count(*) > 0' : `GROUP BY ${group.join(', ')}`
  return `SELECT ${[...columns, ...sums, ...measures].join(', ')} FROM ${source} ${by}`
}

/** Whether a measure is looked at: it is shown, a part of what is, or what rows are ordered by. */
function isNeeded({ name }: MeasurePlan, { plan, shown, order }: Ask): boolean {
  if (shown === null || shown.has(name) || plan.top?.by === name) return true
  if (order.kind === 'measure' && order.name === name) return true
  return plan.measures.some(
    one =>
      one.kind === 'ratio' &&
      shown.has(one.name) &&
      (one.numerator === name || one.denominator === name),
  )
}

/** How many ids each row has of the measures that keep them, `n3` of that at 3. */
function withSizes(
  plan: MetricPlan,
  parts: string,
  { sets, ids }: { readonly sets: readonly number[]; readonly ids: string },
): string {
  const group = ['window_start', ...keyColumns(plan)]
  const columns = group.join(', ')
  const joins = sets.map(index => {
    const size = `count(DISTINCT id) FILTER (WHERE measure = ${index}) AS n`
    const same = group.map(name => `d${index}.${name} IS NOT DISTINCT FROM parts.${name}`)
    return `LEFT JOIN (SELECT ${columns}, ${size} FROM ${ids} GROUP BY ${columns}) AS d${index}
      ON ${same.join(' AND ')}`
  })
  const sizes = sets.map(index => `coalesce(d${index}.n, 0) AS n${index}`)
  return `(SELECT ${['parts.*', ...sizes].join(', ')} FROM ${parts} AS parts ${joins.join(' ')})`
}

/** With what rows are ordered by as `rank`, of `top` the best of each window. */
function ranked({ plan, order }: Ask, rows: string, bind: Bind): string {
  const { top } = plan
  let [from, rank] = [rows, 'best']
  if (top !== null) {
    const best = rankOf(plan, { name: top.by, currency: null }, bind)
    from = bestOf(plan, `(SELECT *, ${best} AS best FROM ${rows})`, top.limit)
  }
  if (order.kind === 'measure') rank = rankOf(plan, order, bind)
  return `(SELECT *, ${rank} AS rank FROM ${from})`
}

/** The best `limit` keys of each window. */
function bestOf(plan: MetricPlan, measured: string, limit: number): string {
  const order = ['best DESC', ...keyColumns(plan).map(name => `${name} NULLS FIRST`)].join(', ')
  // Of one window, and of one row a key, they are kept while the rows pass, and none is sorted.
  if (plan.window.kind === 'all' && !plan.byCurrency) {
    return `(SELECT * FROM ${measured} ORDER BY ${order} LIMIT ${limit})`
  }
  const place = `dense_rank() OVER (PARTITION BY window_start ORDER BY ${order})`
  return `(SELECT * FROM (SELECT *, ${place} AS place FROM ${measured}) WHERE place <= ${limit})`
}

/** Rows of one window and key share what they are ordered by, whatever their currency. */
function rankOf(
  plan: MetricPlan,
  { name, currency }: { readonly name: string; readonly currency: string | null },
  bind: Bind,
): string {
  const index = plan.measures.findIndex(measure => measure.name === name)
  const measure = plan.measures[index]
  if (measure !== undefined && keepsSet(measure)) return `n${index}`
  // One row a key: a fold over it would be itself, and costs a fifth of the question.
  if (!plan.byCurrency) return `v${index}`
  const over = `OVER (PARTITION BY ${['window_start', ...keyColumns(plan)].join(', ')})`
  if (currency !== null && measure !== undefined && isMoney(measure)) {
    const has = measure.kind === 'sum' ? ` AND c${index} > 0` : ''
    return `max(v${index}) FILTER (WHERE currency = ${bind(currency)}${has}) ${over}`
  }
  const fold = measure?.kind === 'min' || measure?.kind === 'max' ? measure.kind : 'sum'
  return `${fold}(v${index}) ${over}`
}
