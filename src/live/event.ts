/** What is published, to be sent to those who want it. */
import type { ResultRow } from '../model/result.ts'

/** Several events may have one id, as those of one commit do; ids of later ones differ. */
export type LiveEvent =
  | { readonly id: string; readonly name: 'result'; readonly data: ResultChange }
  | { readonly id: string; readonly name: 'stale'; readonly data: StaleMetric }
  | { readonly id: string; readonly name: 'ledger'; readonly data: LedgerSummary }
  | { readonly id: string; readonly name: 'rejects'; readonly data: NewestRejects }

export interface ResultChange {
  readonly metric: string
  /** The windows that are told anew, by their start; null is the one of `all`. */
  readonly windows: readonly (string | null)[]
  /** All rows of these windows: a client forgets what it had of them. */
  readonly rows: readonly ResultRow[]
}

/** More has changed than is told: a client that shows the metric reads it again. */
export interface StaleMetric {
  readonly metric: string
}

export interface LedgerSummary {
  readonly balanced: boolean
  readonly accepted: number
  readonly duplicate: number
  readonly invalid: number
  /** Records in the log that are not digested yet; null: the log does not answer. */
  readonly lag: number | null
  /** RFC 3339, or null. */
  readonly progress: string | null
}

export interface NewestRejects {
  /** Where they are and why they were refused, without their bytes; newest first. */
  readonly rejects: readonly object[]
}
