/**
 * The store: partials, progress, seen ids, totals and quarantine, changed in one transaction per
 * step; it answers queries. After a crash at any instruction it is as after some earlier commit,
 * whole. Several adapters, one contract: `store.contract.ts`.
 *
 * Rows of the same window and key are appended, not updated; the store compacts them by rewriting,
 * on its own, between commits.
 */
import type { ArchiveAdvance, Place } from '../model/archive.ts'
import type { IdRun } from '../model/ids.ts'
import type { Ledger } from '../model/ledger.ts'
import type { RefusedCount, RefusedRange } from '../model/refused.ts'
import type { Question, RejectFilter, RejectPage, Result } from '../model/result.ts'
import type { ShardState, Step } from '../model/step.ts'
import type { Swap } from '../model/swap.ts'

export interface StoreState {
  /** Published progress, ms since the epoch; null: none yet. It never decreases. */
  readonly progress: number | null
  /** How many steps were committed, ever. */
  readonly sequence: number
  readonly shards: readonly ShardState[]
}

export interface Committed {
  readonly sequence: number
  readonly progress: number | null
  /** The new runs, one per sealed block, in the order of the step's shards and blocks. */
  readonly runs: readonly { readonly shard: number; readonly run: IdRun }[]
}

export interface RejectQuestion extends RejectFilter {
  readonly limit: number
  readonly cursor: string | null
}

/** What the digest needs of a store: its state, and a place for steps. */
export interface StepStore extends AsyncDisposable {
  /** The state as of the last commit. Called while none is under way. */
  load(): Promise<StoreState>

  /**
   * Commits a step whole and durably; calls do not overlap. Whether a row is late is decided here,
   * by the progress published before. Throws STORE_COMMIT_UNCERTAIN (it may or may not have taken
   * effect: close, open again, and read the offsets) or STORE_UNAVAILABLE (nothing changed).
   */
  commit(step: Step): Promise<Committed>

  /**
   * What was refused of a partition that is archived, as of the last commit: ranges in order, from
   * the one that holds `from` on, of some hundred KiB at most; empty: nothing is refused from there
   * on. Between two of them everything was accepted. Throws STORE_UNAVAILABLE.
   */
  refused(place: Place, from: number): Promise<readonly RefusedRange[]>

  /**
   * Notes that a range rests in the lake, in a commit of its own, and forgets its refusals, of
   * which it gives the count. Waits for a commit under way. Throws what `commit` throws.
   */
  archive(advance: ArchiveAdvance): Promise<RefusedCount>

  /** Answers as `query` does, and of a metric with `top` with all of its rows. */
  rows(question: Question): Promise<Result>

  /**
   * Puts rows in place of those of a range, with their ids, in one commit; the same again changes
   * nothing. Engines made of an earlier state are of no more use. Throws STORE_CONFLICT where the
   * offsets are not those of the swap, and then nothing changed; and what `commit` throws.
   */
  swap(swap: Swap): Promise<Committed>
}

/** What readers need of a store. */
export interface AnswerStore extends AsyncDisposable {
  /** Answers from one snapshot. Throws QUERY_INVALID for an unknown metric or a wrong cursor. */
  query(question: Question): Promise<Result>

  /** The ledger, read in one transaction. */
  audit(): Promise<Ledger>

  /** Quarantined records of a filter, newest arrival first. Throws QUERY_INVALID. */
  rejects(question: RejectQuestion): Promise<RejectPage>
}

export interface Store extends StepStore, AnswerStore {}
