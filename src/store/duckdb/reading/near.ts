/**
 * The windows that a page may be of. Where an answer goes from window to window, the first rows of
 * it are of the first windows: what is far beyond the page is not added up to be left out.
 */
import type { Ask } from '../../question.ts'
import type { Select } from '../database/binding.ts'
import { createBinding, where } from '../database/binding.ts'
import { inRange } from '../tables/schema.ts'
import type { Tables } from './pieces.ts'
import { isOfDay, meantOf, piecesOf, union } from './pieces.ts'

/** Rows of a metric that are quickly added up. */
const NEAR_ROWS_MIN = 4_096
/** Several rows may be of one place, and one more tells that there are others. */
const ROWS_PER_PLACE = 4
/** Where they were too few for the page, more are looked at than they let expect. */
const MARGIN = 2
/** Of so few windows most metrics have no more rows than are added up while their edge is found. */
const FEW_WINDOWS = 24
/** Unless all of it is so much. */
const ROWS_MANY = 1_000_000

/** How many rows to look at for a page, at first; `rowCount`, of the metric: all. */
export function nearCountOf(ask: Ask, rowCount: number): number {
  if (!isByWindow(ask) || (isShort(ask) && rowCount < ROWS_MANY)) return rowCount
  return Math.max(NEAR_ROWS_MIN, ROWS_PER_PLACE * (ask.limit + 1))
}

function isShort({ fromMs, toMs, last }: Ask): boolean {
  if (last !== null) return last <= FEW_WINDOWS
  return isOfDay({ fromMs, toMs })
}

/** How many, when `count` rows made so many of the answer, which was not enough. */
export function nextNearCount({ limit }: Ask, count: number, answered: number): number {
  return Math.ceil((MARGIN * count * (limit + 1)) / Math.max(1, answered))
}

/** Whether the windows of a page are the first ones of a question, or the last. */
function isByWindow({ base, plan, order, filters, windows }: Ask): boolean {
  if (base.window.kind === 'all' || plan.window.kind === 'all') return false
  // Of filters and lists nobody knows how many rows they leave.
  return order.kind === 'window' && filters.length === 0 && windows === null
}

/**
 * The window of the last of the first `count` settled rows; none: there are fewer. They lie in the
 * order of windows, and are counted off.
 */
export function selectSettledEdge(ask: Ask, { settled }: Tables, count: number): Select {
  const { texts, bind } = createBinding()
  const rest = beyondCursor(ask)
  const isBackwards = isDescending(ask)
  const boundMs = isBackwards ? rest.toMs : rest.fromMs
  const first = boundMs === null && !isBackwards ? '0' : selectBelow(settled, boundMs)
  const nth = isBackwards ? `${first} - ${count}` : `${first} + ${count - 1}`
  const meant = where([`rowid = ${nth}`, ...meantOf(rest, bind)])
  return { sql: `SELECT window_start::DOUBLE FROM ${settled} ${meant}`, texts }
}

/** The same of all rows, which are put in order. NULL: there are fewer. */
export function selectEdge(ask: Ask, tables: Tables, count: number): Select {
  const { texts, bind } = createBinding()
  const [order, edge] = isDescending(ask) ? ['DESC', 'min'] : ['ASC', 'max']
  const starts = union(piecesOf(beyondCursor(ask), tables, bind), ['window_start'])
  const first = `FROM ${starts} ORDER BY window_start ${order} LIMIT ${count}`
  const sql = `SELECT CASE WHEN count(*) = ${count} THEN ${edge}(window_start) END::DOUBLE
    FROM (${first})`
  return { sql, texts }
}

/** How many rows come before a bound. */
function selectBelow(table: string, boundMs: number | null): string {
  const below = where(inRange({ fromMs: null, toMs: boundMs }))
  return `(SELECT count(*) FROM ${table} ${below})`
}

/** The same question of the windows up to an edge, each of them whole. */
export function toNear(ask: Ask, edgeMs: number): Ask {
  const rest = beyondCursor(ask)
  const edge = ask.windowing?.(edgeMs) ?? { start: edgeMs, end: edgeMs + 1 }
  if (isDescending(ask)) return { ...rest, fromMs: Math.max(edge.start, rest.fromMs ?? edge.start) }
  return { ...rest, toMs: Math.min(edge.end, rest.toMs ?? edge.end) }
}

/** Without the windows that the pages before were of. */
function beyondCursor(ask: Ask): Ask {
  if (ask.after === null) return ask
  const { windowStart } = ask.after
  if (!isDescending(ask)) {
    return { ...ask, fromMs: Math.max(windowStart, ask.fromMs ?? windowStart) }
  }
  const end = ask.windowing?.(windowStart).end ?? windowStart + 1
  return { ...ask, toMs: Math.min(end, ask.toMs ?? end) }
}

/** Whether the newest windows come first. */
export function isDescending({ order }: Ask): boolean {
  return order.kind === 'window' && order.isDescending
}
