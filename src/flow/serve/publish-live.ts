/**
 * Commits → the live stream: what steps changed is gathered, and at most once a second the rows of
 * the changed windows are asked of the store and published, with the ledger. Rows are read, never
 * added up here, so status, revision and lateness are the store's own.
 */

import type { LogState } from '../../api/api.ts'
import { toAuditAnswer, toRejectAnswer } from '../../api/api.ts'
import type { RejectAnswer } from '../../api/contract.ts'
import type { LiveEvent, LiveHub } from '../../live/live.ts'
import type { Ledger } from '../../model/ledger.ts'
import { invalidTotal } from '../../model/ledger.ts'
import type { Change, News } from '../../model/news.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { Question, RejectPage, Result } from '../../model/result.ts'
import { toMillisecondText, toSecondText } from '../../model/time.ts'
import type { Clock } from '../../std/clock.ts'
import { isFault } from '../../std/fault.ts'
import { SECOND_MS } from '../../std/units.ts'
import type { StoreState } from '../../store/store.ts'
import { createChanges } from './changes.ts'

export interface LivePublisher {
  /** Notes how far the store was when it was opened. */
  begin(state: Pick<StoreState, 'sequence' | 'progress'>): void
  /** Notes what a commit changed. */
  note(news: News): void
  /** What a new client gets: the ledger and the newest rejects; results it asks for itself. */
  snapshot(): Promise<readonly LiveEvent[]>
  /** Publishes every second what was noted, until the signal aborts. */
  run(hub: LiveHub, signal: AbortSignal): Promise<void>
}

export interface LivePublisherOptions {
  readonly plans: readonly MetricPlan[]
  readonly clock: Clock
  query(question: Question): Promise<Result>
  audit(): Promise<Ledger>
  logState(ledger: Ledger): Promise<LogState | null>
  rejects(question: { readonly limit: number; readonly cursor: null }): Promise<RejectPage>
}

const PUBLISH_MS = SECOND_MS
/** Rows of one metric that are told at a time; a client reads more of them itself. */
export const ROWS_MAX = 1_000
const REJECTS_SHOWN = 20

export function createLivePublisher(options: LivePublisherOptions): LivePublisher {
  const { clock } = options
  const changes = createChanges(options.plans)
  let at: Pick<StoreState, 'sequence' | 'progress'> = { sequence: 0, progress: null }
  let progressTold: number | null = null
  /** Whether a client may know rows that are not among the changes. */
  let isKnown = false
  let isMoved = false
  let hasRejects = false

  const publish = async (hub: LiveHub): Promise<void> => {
    if (!isMoved) return
    const id = String(at.sequence)
    if (isKnown) changes.addFinal(progressTold, at.progress)
    isKnown = true
    progressTold = at.progress
    const taken = changes.take()
    const withRejects = hasRejects
    isMoved = false
    hasRejects = false
    try {
      for (const change of taken) hub.publish(await toResultEvent(options, id, change))
      if (withRejects) hub.publish(await toRejectsEvent(options, id))
      hub.publish(await toLedgerEvent(options, id, at.progress))
    } catch (error) {
      // Told twice does no harm; what is not told must be told later.
      changes.add(taken)
      hasRejects ||= withRejects
      isMoved = true
      throw error
    }
  }

  return {
    begin: state => {
      at = { sequence: state.sequence, progress: state.progress }
      progressTold = state.progress
      isKnown = state.sequence > 0
    },
    note: news => {
      at = news
      isMoved = true
      changes.add(news.changes)
      hasRejects ||= news.hasRejects
    },
    snapshot: async () => {
      const id = String(at.sequence)
      return await Promise.all([
        toLedgerEvent(options, id, at.progress),
        toRejectsEvent(options, id),
      ])
    },
    run: async (hub, signal) => {
      while (!signal.aborted) {
        await clock.sleep(PUBLISH_MS, signal)
        try {
          await publish(hub)
        } catch (error) {
          // The store is being opened again, or closed: it is tried again in a second.
          if (!isFault(error)) throw error
        }
      }
    },
  }
}

/** The rows of the changed windows; where they, or their rows, are too many: that they are. */
async function toResultEvent(
  options: LivePublisherOptions,
  id: string,
  { plan, starts }: Change,
): Promise<LiveEvent> {
  const stale: LiveEvent = { id, name: 'stale', data: { metric: plan.name } }
  if (starts === null) return stale
  const isAll = plan.window.kind === 'all'
  const ascending = [...starts].toSorted((left, right) => left - right)
  const { rows, next } = await options.query({
    metric: plan.name,
    fromMs: null,
    toMs: null,
    limit: ROWS_MAX,
    cursor: null,
    windows: isAll ? null : ascending,
  })
  if (next !== null) return stale
  const windows = isAll ? [null] : ascending.map(toSecondText)
  return { id, name: 'result', data: { metric: plan.name, windows, rows } }
}

async function toRejectsEvent(options: LivePublisherOptions, id: string): Promise<LiveEvent> {
  const page = await options.rejects({ limit: REJECTS_SHOWN, cursor: null })
  const rejects = page.rejects.map(reject => toRejectPlace(toRejectAnswer(reject)))
  return { id, name: 'rejects', data: { rejects } }
}

/** Where and why, without the bytes: who may hear of counts need not see what visitors sent. */
function toRejectPlace({ topic, partition, offset, arrival, code, pointer }: RejectAnswer): object {
  return { topic, partition, offset, arrival, code, pointer }
}

async function toLedgerEvent(
  options: LivePublisherOptions,
  id: string,
  progress: number | null,
): Promise<LiveEvent> {
  const ledger = await options.audit()
  const { partitions, lag } = toAuditAnswer(ledger, await options.logState(ledger), progress)
  const sum = (countOf: (line: (typeof partitions)[number]) => number): number =>
    partitions.reduce((total, line) => total + countOf(line), 0)
  const data = {
    balanced: ledger.balanced,
    accepted: sum(line => line.accepted),
    duplicate: sum(line => line.duplicate),
    invalid: sum(invalidTotal),
    lag,
    progress: progress === null ? null : toMillisecondText(progress),
  }
  return { id, name: 'ledger', data }
}
