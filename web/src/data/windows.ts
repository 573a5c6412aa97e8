/** From rows to what the page shows: which day is today, which minutes, products, searches. */
import type { ResultRow } from '../../../src/model/result.ts'
import { compareUtf8 } from '../../../src/std/bytes.ts'
import { MINUTE_MS } from '../../../src/std/units.ts'
import { windowStarts } from './rows.ts'

export interface Day {
  /** ISO instants, as served. */
  readonly start: string
  readonly end: string
  readonly status: ResultRow['status']
  /** A row that is null stands for an empty window: nothing was counted in it. */
  readonly sales: ResultRow | null
  readonly users: ResultRow | null
  /** The day that ends where this one starts, if it counted anything. */
  readonly before: Day | null
}

/** Starts of the days that either metric knows, oldest first. */
export function dayStarts(
  salesDaily: readonly ResultRow[],
  usersDaily: readonly ResultRow[],
): readonly string[] {
  return windowStarts([...salesDaily, ...usersDaily])
}

/** The day that starts then, and the day before it; null: it counted nothing. */
export function dayOf(
  salesDaily: readonly ResultRow[],
  usersDaily: readonly ResultRow[],
  start: string | undefined,
): Day | null {
  if (start === undefined) return null
  const day = toDay(salesDaily, usersDaily, row => row.window_start === start)
  if (day === null) return null
  return { ...day, before: toDay(salesDaily, usersDaily, row => row.window_end === start) }
}

function toDay(
  salesDaily: readonly ResultRow[],
  usersDaily: readonly ResultRow[],
  isWanted: (row: ResultRow) => boolean,
): Day | null {
  const sales = salesDaily.find(isWanted) ?? null
  const users = usersDaily.find(isWanted) ?? null
  const known = users ?? sales
  if (known === null || known.window_start === null || known.window_end === null) return null
  return {
    start: known.window_start,
    end: known.window_end,
    status: statusOf([sales, users].flatMap(row => row?.status ?? [])),
    sales,
    users,
    before: null,
  }
}

/** Of several rows of one window: open if any is, else revised if any is. */
function statusOf(statuses: readonly ResultRow['status'][]): ResultRow['status'] {
  if (statuses.includes('open')) return 'open'
  return statuses.includes('revised') ? 'revised' : 'final'
}

/** A count of a row; 0 where the window has no row, since an empty window gives none. */
export function countOf(row: ResultRow | null, measure: string): number {
  const value = row?.values[measure]
  return typeof value === 'number' ? value : 0
}

export interface Minute {
  readonly startMs: number
  /** null: there was no event, so there is no window. */
  readonly status: ResultRow['status'] | null
  readonly late: number
  readonly total: number
  /** Events by type, in the order of `Minutes.types`. */
  readonly counts: readonly number[]
  /** Whether minutes are left out between this one and the one before. */
  readonly afterGap: boolean
}

export interface Minutes {
  readonly types: readonly string[]
  /** Oldest first. */
  readonly minutes: readonly Minute[]
}

/** Types shown apart at most; the rest are added up as OTHER_TYPES. */
export const TYPES_MAX = 7
export const OTHER_TYPES = 'other types'

/** From the start of a visit to its end: the order in which types are stacked and listed. */
const TYPE_ORDER = [
  'page_view',
  'product_view',
  'search',
  'add_to_wishlist',
  'add_to_cart',
  'purchase',
]

/** Minutes in a row without an event that are shown as such; more are left out. */
export const EMPTY_MINUTES_MAX = 15

/** The newest `limit` minutes, short times without any event among them included. */
export function toMinutes(rows: readonly ResultRow[], limit: number): Minutes {
  const types = toTypes(rows)
  const groups = Map.groupBy(rows, row => row.window_start ?? '')
  const minutes: Minute[] = []
  let endBeforeMs: number | null = null
  for (const start of windowStarts(rows).slice(-limit)) {
    const group = groups.get(start) ?? []
    const startMs = Date.parse(start)
    const endMs = Date.parse(group[0]?.window_end ?? start)
    const empty = endBeforeMs === null ? [] : toEmptyMinutes(endBeforeMs, startMs, types)
    const afterGap = empty.length === 0 && endBeforeMs !== null && endBeforeMs !== startMs
    minutes.push(...empty, { ...toMinute(group, types), startMs, afterGap })
    endBeforeMs = endMs
  }
  return { types, minutes: minutes.slice(-limit) }
}

/** The minutes between two instants; none where there are too many. */
function toEmptyMinutes(fromMs: number, toMs: number, types: readonly string[]): readonly Minute[] {
  const size = Math.floor((toMs - fromMs) / MINUTE_MS)
  if (size > EMPTY_MINUTES_MAX) return []
  return Array.from({ length: size }, (_, index) => ({
    startMs: fromMs + index * MINUTE_MS,
    status: null,
    late: 0,
    total: 0,
    counts: types.map(() => 0),
    afterGap: false,
  }))
}

function toMinute(
  rows: readonly ResultRow[],
  types: readonly string[],
): Pick<Minute, 'status' | 'late' | 'total' | 'counts'> {
  const counts = types.map(() => 0)
  let late = 0
  for (const row of rows) {
    const place = types.indexOf(row.key['event_type'] ?? '')
    const index = place === -1 ? types.length - 1 : place
    counts[index] = (counts[index] ?? 0) + countOf(row, 'events')
    late += row.late
  }
  return {
    status: statusOf(rows.map(row => row.status)),
    late,
    total: counts.reduce((sum, count) => sum + count, 0),
    counts,
  }
}

function toTypes(rows: readonly ResultRow[]): readonly string[] {
  const rank = (type: string): number =>
    TYPE_ORDER.includes(type) ? TYPE_ORDER.indexOf(type) : TYPE_ORDER.length
  const types = [...new Set(rows.map(row => row.key['event_type'] ?? ''))].sort(
    (left, right) => rank(left) - rank(right) || compareUtf8(left, right),
  )
  return types.length <= TYPES_MAX ? types : [...types.slice(0, TYPES_MAX - 1), OTHER_TYPES]
}

/**
 * A colour's number for each type, TYPES_MAX of them. A type of the shop has its own, whatever else
 * is shown; others take those that are left.
 */
export function toSlots(types: readonly string[]): readonly number[] {
  const free = [...Array(TYPES_MAX).keys()].filter(
    slot => slot >= TYPE_ORDER.length || !types.includes(TYPE_ORDER[slot] ?? ''),
  )
  return types.map(type => {
    const own = TYPE_ORDER.indexOf(type)
    return own === -1 ? (free.pop() ?? TYPES_MAX - 1) : own
  })
}

export interface ProductLine {
  readonly product: string | null
  readonly views: number
}

/** Most viewed first; equal counts in the order of their keys' bytes, null first. */
export function topProducts(rows: readonly ResultRow[], limit: number): readonly ProductLine[] {
  return rows
    .map(row => ({ product: row.key['product_id'] ?? null, views: countOf(row, 'views') }))
    .sort(
      (left, right) =>
        right.views - left.views || compareUtf8(left.product ?? '', right.product ?? ''),
    )
    .slice(0, limit)
}

export interface SearchLine {
  readonly query: string | null
  readonly searches: number
  readonly noResults: number
}

/** Queries that found nothing, over all windows given, most often first. */
export function fruitlessSearches(
  rows: readonly ResultRow[],
  limit: number,
): readonly SearchLine[] {
  const lines = new Map<string | null, SearchLine>()
  for (const row of rows) {
    const query = row.key['query'] ?? null
    const line = lines.get(query)
    lines.set(query, {
      query,
      searches: (line?.searches ?? 0) + countOf(row, 'searches'),
      noResults: (line?.noResults ?? 0) + countOf(row, 'no_results'),
    })
  }
  return [...lines.values()]
    .filter(line => line.noResults > 0)
    .sort(
      (left, right) =>
        right.noResults - left.noResults || compareUtf8(left.query ?? '', right.query ?? ''),
    )
    .slice(0, limit)
}
