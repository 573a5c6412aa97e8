/** Questions and answers: what a reader asks of a metric and gets, on the wire. */
import type { Reject } from './step.ts'
import type { InvalidCode } from './verdict.ts'

export const LIMIT_DEFAULT = 1_000
export const LIMIT_MAX = 1_000_000
/** Newest windows that can be asked for: a week of minutes. */
export const LAST_MAX = 10_080

/** Windows that smaller ones can be put together to. */
export const ROLL_UPS = ['hour', 'day', 'week', 'month', 'all'] as const
export type RollUp = (typeof ROLL_UPS)[number]

/** The source of rows that no batch run counted. */
export const STREAM = 'stream'

export interface Question {
  readonly metric: string
  /** `fromMs ≤ window start < toMs`; null: no bound. `all` has no start and passes only without. */
  readonly fromMs: number | null
  readonly toMs: number | null
  /** Rows at most, 1..LIMIT_MAX. */
  readonly limit: number
  /** `next` of the page before, or null. */
  readonly cursor: string | null
  /**
   * Only the newest so many windows that have rows, 1..LAST_MAX, and newest first, so that rows
   * beyond the limit are of the oldest ones. Without it: all windows, oldest first.
   */
  readonly last?: number | null
  /** Only windows that begin at one of these instants; of `all` none does. Without it: any. */
  readonly windows?: readonly number[] | null
  /** `stream`, or the name of a batch run. Without it: `stream`. */
  readonly source?: string | null
  /** Only rows of these keys. */
  readonly keys?: readonly KeyFilter[]
  /** Names of the key's fields to keep; over the others rows add up. Without it: all. */
  readonly group?: readonly string[] | null
  /**
   * Larger windows of the same zone that the metric's are put together to. `all` is what the range
   * holds; of others those are told that begin within the range, whole.
   */
  readonly window?: RollUp | null
  /** Names of the measures to tell. Without it: all. */
  readonly measures?: readonly string[] | null
  /**
   * `window_start`, `-window_start`, `key`, or a measure: `views`, from the largest down `-views`,
   * of money `-revenue.EUR`. Rows without a value come last.
   */
  readonly order?: string | null
  /** Only the best of each window. Without it: as the metric says. */
  readonly top?: { readonly by: string; readonly limit: number } | null
}

export interface KeyFilter {
  /** As in the keys of rows. */
  readonly name: string
  /** Any of them; null is absence. */
  readonly values: readonly (string | null)[]
}

/** A count is a number, a decimal or ratio a string, money a map, no value null. */
export type Value = number | string | null | { readonly [currency: string]: string | null }

export interface ResultRow {
  /** `YYYY-MM-DDTHH:MM:SSZ`; null for `all`. */
  readonly window_start: string | null
  readonly window_end: string | null
  readonly key: { readonly [name: string]: string | null }
  readonly values: { readonly [name: string]: Value }
  readonly status: 'open' | 'final' | 'revised'
  /** How many commits changed the window after it was final, and with how many events. */
  readonly revision: number
  readonly late: number
  /** false: misplaced records touch a distinct or once value, which may then count too much. */
  readonly exact: boolean
  /** true: the metric was declared after this window began, so that its start is not counted. */
  readonly partial: boolean
  /** `stream`, or a run's id. */
  readonly source: string
}

export interface Result {
  readonly metric: string
  readonly zone: string
  /**
   * By window start (of `last`: newest first), then key (`top`: measure descending, then key);
   * nulls first.
   */
  readonly rows: readonly ResultRow[]
  /** Asks for the rows after these; null: there are none. */
  readonly next: string | null
}

/** Which rejects are meant; what is left out, or null, does not matter. */
export interface RejectFilter {
  readonly code?: InvalidCode | null
  readonly topic?: string | null
  readonly partition?: number | null
  readonly offset?: number | null
  /** `fromMs ≤ arrival < toMs`; a record without arrival is in no range. */
  readonly fromMs?: number | null
  readonly toMs?: number | null
}

/** A reject in quarantine, with what became of it since, where that is known. */
export interface KeptReject extends Reject {
  /** When it was repaired and sent again; null: it was not. */
  readonly repairedMs?: number | null
}

export interface RejectPage {
  readonly rejects: readonly KeptReject[]
  readonly next: string | null
}
