/**
 * What a tick of the schedule does about a window: starts a run, goes on with one, or nothing. The
 * window that closed last is counted, and again if there is more for it. One before that is counted
 * if that was missed, or failed, or came too early: in a shop without visitors at night nobody
 * knows that the day is over until the first one comes. Pure.
 */
import type { LakeMark } from './lake-mark.ts'
import type { RunState } from './run-record.ts'

/** A run of the same window that was asked for before. */
export interface EarlierRun {
  readonly run: string
  /** From 1. */
  readonly number: number
  /** The tick that asked for it. */
  readonly tick: string
  /** What the lake held for the window when it was asked for. */
  readonly mark: LakeMark
  readonly state: RunState
  /** Whether it was published, and the window was closed for it. */
  readonly isFinal: boolean
}

export type Decision =
  | { readonly kind: 'start'; readonly number: number }
  /** It was asked for, and is not known to be started. */
  | { readonly kind: 'resume'; readonly run: string }
  | { readonly kind: 'skip'; readonly why: SkipReason; readonly run: string | null }

export type SkipReason =
  /** The lake has no event of the window's dates. */
  | 'empty'
  /** This tick has come before. */
  | 'same_tick'
  /** A run of the window lives. */
  | 'running'
  /** An earlier window, which is counted. */
  | 'counted'
  /** The lake has nothing that the last run of the window did not see. */
  | 'nothing_new'

export interface Situation {
  /** The time of the schedule, as it came. */
  readonly tick: string
  /** Whether it is the window that closed last. */
  readonly isNewest: boolean
  /** The last run of the window; null: there is none. */
  readonly last: EarlierRun | null
}

/** What needs no look at the lake; null: `decideByLake`. */
export function decide({ tick, isNewest, last }: Situation): Decision | null {
  if (last === null) return null
  const skip = (why: SkipReason): Decision => ({ kind: 'skip', why, run: last.run })
  if (last.state === 'asked') return { kind: 'resume', run: last.run }
  if (last.tick === tick) return skip('same_tick')
  if (last.state === 'started' || last.state === 'running') return skip('running')
  return last.isFinal && !isNewest ? skip('counted') : null
}

/** `mark`: null where the lake has nothing for the window. */
export function decideByLake({ last }: Situation, mark: LakeMark | null): Decision {
  const skip = (why: SkipReason): Decision => ({ kind: 'skip', why, run: last?.run ?? null })
  if (mark === null) return skip('empty')
  if (last === null) return { kind: 'start', number: 1 }
  if (last.state === 'published' && isSame(last, mark)) return skip('nothing_new')
  return { kind: 'start', number: last.number + 1 }
}

/** Later events tell nothing but that the window is closed. */
function isSame({ mark: before, isFinal }: EarlierRun, mark: LakeMark): boolean {
  const hasSameEvents = before.files === mark.files && before.digest === mark.digest
  return hasSameEvents && (isFinal || before.later_files === mark.later_files)
}
