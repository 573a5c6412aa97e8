/**
 * Where the rows of a question come from: a table, without the rows that are not meant, with the
 * key fields and windows of the answer in the place of those that are kept.
 */
import { isDerived } from '../../model/shape.ts'
import type { Ask } from '../question.ts'
import type { Stretch } from './larger.ts'
import { GRAIN, toLarger } from './larger.ts'
import { measureColumns } from './schema.ts'

export interface Select {
  readonly sql: string
  /** `$1`, `$2`, … */
  readonly texts: readonly string[]
}

/** Takes a text, and gives what stands for it. */
export type Bind = (text: string) => string

export function createBinding(): { readonly texts: readonly string[]; readonly bind: Bind } {
  const texts: string[] = []
  return { texts, bind: text => `$${texts.push(text)}` }
}

export interface SourceOptions {
  /** Of the larger windows of all rows; empty where windows stay as they are. */
  readonly stretches: readonly Stretch[]
  readonly what: 'rows' | 'sets'
  readonly bind: Bind
}

/** What stands after FROM. */
export function sourceOf(ask: Ask, table: string, options: SourceOptions): string {
  const meant = where(meantOf(ask, options.bind))
  if (!isDerived(ask)) return `(FROM ${table} ${meant})`
  const { base, kept, plan, windowing } = ask
  const others = measureColumns(base).map(column => column.name)
  const counted =
    options.what === 'rows' ? ['currency', ...TOLD_TALLIES, ...others] : ['measure', 'id']
  const keys = kept.map((from, to) => `k${from} AS k${to}`)
  if (windowing === null) {
    const columns = ['window_start', 'window_end', ...keys, ...counted]
    return `(SELECT ${columns.join(', ')} FROM ${table} ${meant})`
  }
  if (plan.window.kind === 'all') {
    const endless = ['NULL::BIGINT AS window_start', 'NULL::BIGINT AS window_end']
    return `(SELECT ${[...endless, ...keys, ...counted].join(', ')} FROM ${table} ${meant})`
  }
  const { start, end } = toLarger(options.stretches)
  const larger = [`${start} AS window_start`, `${end} AS window_end`]
  return `(SELECT ${[...larger, ...keys, ...counted].join(', ')} FROM (FROM ${table} ${meant}))`
}

/** What is told of every row beside its measures. */
export const TOLD_TALLIES = ['misplaced', 'late', 'revision'] as const

/** The grains that the rows of a question are in. */
export function selectGrains(ask: Ask, table: string): Select {
  const { texts, bind } = createBinding()
  const meant = where(meantOf(ask, bind))
  return { sql: `SELECT DISTINCT ${GRAIN} FROM ${table} ${meant}`, texts }
}

/** Which rows are meant, as they are kept. */
export function meantOf(ask: Ask, bind: Bind): readonly string[] {
  const from = ask.fromMs === null ? [] : [`window_start >= ${BigInt(Math.ceil(ask.fromMs))}`]
  const to = ask.toMs === null ? [] : [`window_start < ${BigInt(Math.ceil(ask.toMs))}`]
  const keys = ask.filters.map(({ index, values }) => {
    const texts = [...values].filter(value => value !== null)
    const among = `k${index} IN (${texts.map(text => `${bind(text)}::VARCHAR`).join(', ')})`
    const ways = texts.length === 0 ? [] : [among]
    if (values.has(null)) ways.push(`k${index} IS NULL`)
    return ways.length === 0 ? 'false' : `(${ways.join(' OR ')})`
  })
  const { windows } = ask
  if (windows === null) return [...from, ...to, ...keys]
  const starts = windows.filter(Number.isSafeInteger)
  const among = starts.length === 0 ? 'false' : `window_start IN (${starts.join(', ')})`
  return [...from, ...to, ...keys, among]
}

export function where(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
}
