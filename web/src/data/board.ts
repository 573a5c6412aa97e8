/** All that the page knows, as one value that is replaced and never changed. */

import type { AuditAnswer, RejectAnswer } from '../../../src/api/contract.ts'
import type { Result, ResultRow } from '../../../src/model/result.ts'
import { keepNewest, mergeRows } from './rows.ts'
import type { ResultChange } from './wire.ts'

/** How the page hears of changes. */
export type Link =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'polling'; readonly atMs: number }
  /** `atMs`: when the server last gave what was asked; null: never. */
  | { readonly kind: 'stale'; readonly atMs: number | null; readonly message: string }

/** One part of the page: not read yet, not readable, or read; `problem`: a later reading failed. */
export type Part<T> =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'ready'; readonly value: T; readonly problem: string | null }

export interface MetricRows {
  readonly zone: string
  readonly rows: readonly ResultRow[]
  /** false: there were more rows than the page reads. */
  readonly complete: boolean
}

/** The metrics shown, with how many of their newest windows are kept: a time and the one before. */
export const WINDOWS_MAX = {
  sales_daily: 62,
  unique_users_daily: 62,
  sales: 48,
  unique_users_hourly: 48,
  events_per_minute: 60,
  top_products: 1,
  searches: 24,
} as const

export type MetricName = keyof typeof WINDOWS_MAX

export const METRIC_NAMES = Object.keys(WINDOWS_MAX) as readonly MetricName[]

export interface Board {
  readonly link: Link
  readonly metrics: { readonly [Name in MetricName]: Part<MetricRows> }
  readonly audit: Part<AuditAnswer>
}

const LOADING = { kind: 'loading' } as const

export const EMPTY_BOARD: Board = {
  link: { kind: 'connecting' },
  metrics: {
    sales_daily: LOADING,
    unique_users_daily: LOADING,
    sales: LOADING,
    unique_users_hourly: LOADING,
    events_per_minute: LOADING,
    top_products: LOADING,
    searches: LOADING,
  },
  audit: LOADING,
}

/** A part after it was read. */
export function toReady<T>(value: T): Part<T> {
  return { kind: 'ready', value, problem: null }
}

/** A part after a reading failed: what is known stays, with the problem beside it. */
export function toFailed<T>(part: Part<T>, message: string): Part<T> {
  if (part.kind === 'ready') return { ...part, problem: message }
  return { kind: 'failed', message }
}

export function toMetricRows(name: MetricName, result: Result): MetricRows {
  return {
    zone: result.zone,
    rows: keepNewest(result.rows, WINDOWS_MAX[name]),
    complete: result.next === null,
  }
}

/** A change of a metric that is not shown, or not read yet, changes nothing. */
export function applyResult(board: Board, change: ResultChange): Board {
  const name = METRIC_NAMES.find(shown => shown === change.metric)
  if (name === undefined) return board
  const part = board.metrics[name]
  if (part.kind !== 'ready') return board
  const rows = mergeRows(part.value.rows, change, WINDOWS_MAX[name])
  return {
    ...board,
    metrics: { ...board.metrics, [name]: { ...part, value: { ...part.value, rows } } },
  }
}

export function toRejectId(reject: RejectAnswer): string {
  return `${reject.topic}/${reject.partition}/${reject.offset}`
}

/** Whether all was read and nothing was ever received. */
export function isUntouched(board: Board): boolean {
  return (
    board.audit.kind === 'ready' &&
    board.audit.value.partitions.every(partition => partition.consumed + (partition.lag ?? 0) === 0)
  )
}
