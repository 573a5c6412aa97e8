/**
 * The tables that have the rows of a question: those that were settled, by window, or by key where
 * few keys are asked for, or added up where windows are of no account; and what came since.
 */
import type { WindowRange } from '../../../model/swap.ts'
import { DAY_MS } from '../../../std/units.ts'
import type { Ask } from '../../question.ts'
import type { Bind } from '../database/binding.ts'
import { where } from '../database/binding.ts'
import type { MetricTables } from '../tables/schema.ts'
import { inRange } from '../tables/schema.ts'
import type { Bounds } from '../tables/totals.ts'
import { partsOf } from '../tables/totals.ts'

/** The tables of a metric, and what is known of their rows. */
export interface Tables extends MetricTables {
  readonly ofRecent: Bounds
  /** Of those that there are totals of; null: this question needs none. */
  readonly ofSettled: Bounds | null
}

/** A table that has rows of a question, and which these are. */
interface Piece {
  readonly table: string
  readonly conditions: readonly string[]
}

/** Each row is in one of them, alone or in a total. */
export function piecesOf(ask: Ask, tables: Tables, bind: Bind): readonly Piece[] {
  const named = namedOf(ask, bind)
  const all = { table: tables.settled, conditions: [...inRange(ask), ...named] }
  const recent = hasRecent(ask, tables) ? [{ ...all, table: tables.recent }] : []
  const isOfKeys = ask.filters.some(({ index }) => index === 0)
  // In a large table those of one day are fewer than those to look through for a key.
  if (tables.byKey !== null && isOfKeys && !isOfDay(ask)) {
    return [{ ...all, table: tables.byKey }, ...recent]
  }
  const { totals, ofSettled } = tables
  if (totals === null || ofSettled === null || ask.windows !== null) return [all, ...recent]
  const parts = partsOf(ask, ofSettled).map(({ level, ...range }): Piece => {
    const conditions = [...inRange(range), ...named]
    if (level === null) return { table: tables.settled, conditions }
    return { table: totals, conditions: [`level = ${level}`, ...conditions] }
  })
  return [...parts, ...recent]
}

/** Whether a recent row may be of the question. */
export function hasRecent({ fromMs, toMs }: Ask, { ofRecent }: Tables): boolean {
  const { rowCount, firstMs, lastMs } = ofRecent
  if (rowCount === 0) return false
  const isBefore = lastMs !== null && fromMs !== null && lastMs < fromMs
  const isAfter = firstMs !== null && toMs !== null && firstMs >= toMs
  return !isBefore && !isAfter
}

/** Whether a range is so short that all of its rows are quickly looked at. */
export function isOfDay({ fromMs, toMs }: WindowRange): boolean {
  return fromMs !== null && toMs !== null && toMs - fromMs <= DAY_MS
}

/** Whether windows are put together to one that has no bounds. */
export function isEndless({ base, plan }: Ask): boolean {
  return plan.window.kind === 'all' && base.window.kind !== 'all'
}

/** What stands after FROM: these columns of the rows of all pieces. */
export function union(pieces: readonly Piece[], columns: readonly string[]): string {
  const selects = pieces.map(({ table, conditions }) => {
    return `SELECT ${columns.join(', ')} FROM ${table} ${where(conditions)}`
  })
  return `(${selects.join(' UNION ALL ')})`
}

/** Which rows are meant, as they are kept. */
export function meantOf(ask: Ask, bind: Bind): readonly string[] {
  return [...inRange(ask), ...namedOf(ask, bind)]
}

/** Those with some values of the key, and in some windows. */
function namedOf({ filters, windows }: Ask, bind: Bind): readonly string[] {
  const keys = filters.map(({ index, values }) => {
    const texts = [...values].filter(value => value !== null)
    const among = `k${index} IN (${texts.map(text => `${bind(text)}::VARCHAR`).join(', ')})`
    const ways = texts.length === 0 ? [] : [among]
    if (values.has(null)) ways.push(`k${index} IS NULL`)
    return ways.length === 0 ? 'false' : `(${ways.join(' OR ')})`
  })
  if (windows === null) return keys
  const starts = windows.filter(Number.isSafeInteger)
  const among = starts.length === 0 ? 'false' : `window_start IN (${starts.join(', ')})`
  return [...keys, among]
}
