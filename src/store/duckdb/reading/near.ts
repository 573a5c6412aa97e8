/**
 * The windows that a page may be of. Where an answer goes from window to window, the first rows of
 * it are of the first windows: what is far beyond the page is not added up to be left out.
 */
import type { Ask } from '../../question.ts'
import { isPlain } from '../../view/places.ts'
import type { Select } from '../database/binding.ts'
import { createBinding } from '../database/binding.ts'
import type { Tables } from './pieces.ts'
import { isOfDay, piecesOf, union } from './pieces.ts'
import type { SparseIndex } from './sparse-index.ts'
import { edgeOf } from './sparse-index.ts'

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

/** Of how many places of the answer to look for the rows at first; Infinity: of all. */
export function nearPlacesOf(ask: Ask): number {
  return isByWindow(ask) ? ask.limit + 1 : Number.POSITIVE_INFINITY
}

/** How many, when the rows of `places` made so many of the answer, which was not enough. */
export function nextNearPlaces({ limit }: Ask, places: number, answered: number): number {
  return Math.ceil((MARGIN * places * (limit + 1)) / Math.max(1, answered))
}

/** How many rows the places of an answer may have. */
export function rowsOf(places: number): number {
  return Math.max(NEAR_ROWS_MIN, ROWS_PER_PLACE * places)
}

/** The same of those that were settled, which are mostly one row each. */
export function settledRowsOf(ask: Ask, places: number): number {
  const isOneRow = isPlain(ask) && ask.plan.top === null && !ask.plan.byCurrency
  return isOneRow ? places : rowsOf(places)
}

/** Whether a question of a metric with so many rows is as quickly answered as its edge is found. */
export function isShort({ fromMs, toMs, last }: Ask, rowCount: number): boolean {
  if (rowCount >= ROWS_MANY) return false
  return last === null ? isOfDay({ fromMs, toMs }) : last <= FEW_WINDOWS
}

/** Whether the windows of a page are the first ones of a question, or the last. */
function isByWindow({ base, plan, order, filters, windows }: Ask): boolean {
  if (base.window.kind === 'all' || plan.window.kind === 'all') return false
  // Of filters and lists nobody knows how many rows they leave.
  return order.kind === 'window' && filters.length === 0 && windows === null
}

/** The window that the first `count` settled rows reach to; null: they may be fewer. */
export function settledEdgeOf(ask: Ask, index: SparseIndex, count: number): number | null {
  const { fromMs, toMs } = beyondCursor(ask)
  return edgeOf(index, { fromMs, toMs, isDescending: isDescending(ask) }, count)
}

/** The window of the last of the first `count` of all rows. NULL: there are fewer. */
export function selectEdge(ask: Ask, tables: Tables, count: number): Select {
  const { texts, bind } = createBinding()
  const [order, edge] = isDescending(ask) ? ['DESC', 'min'] : ['ASC', 'max']
  const starts = union(piecesOf(beyondCursor(ask), tables, bind), ['window_start'])
  const first = `FROM ${starts} ORDER BY window_start ${order} LIMIT ${count}`
  const sql = `SELECT CASE WHEN count(*) = ${count} THEN ${edge}(window_start) END::DOUBLE
    FROM (${first})`
  return { sql, texts }
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
