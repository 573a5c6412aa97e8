/**
 * Commits → the live stream: which windows of which metrics a step changed is gathered, and at most
 * once a second their rows are asked of the store and published, with the ledger.
 */

import { toAuditAnswer, toRejectAnswer } from '../api/api.ts'
import type { LiveEvent, LiveHub } from '../live/live.ts'
import type { Ledger } from '../model/ledger.ts'
import { invalidTotal } from '../model/ledger.ts'
import type { MetricPlan } from '../model/plan.ts'
import type { PartitionBounds } from '../model/record.ts'
import type { Question, RejectPage, Result } from '../model/result.ts'
import type { Step } from '../model/step.ts'
import { toMillisecondText } from '../model/time.ts'
import type { Clock } from '../std/clock.ts'
import { isFault } from '../std/fault.ts'
import { SECOND_MS } from '../std/units.ts'
import type { Committed } from '../store/store.ts'

export interface LivePublisher {
  /** Notes what a commit changed. */
  note(committed: Committed, step: Step): void
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
  bounds(): Promise<readonly PartitionBounds[]>
  rejects(question: { readonly limit: number; readonly cursor: null }): Promise<RejectPage>
}

const PUBLISH_MS = SECOND_MS
/** Rows of one metric that are published at a time; a client asks for the rest itself. */
const ROWS_MAX = 1_000
const REJECTS_SHOWN = 20

interface Change {
  fromMs: number
  toMs: number
}

export function createLivePublisher(options: LivePublisherOptions): LivePublisher {
  const { clock } = options
  let changes = new Map<string, Change>()
  let hasRejects = false
  let sequence = 0
  let progress: number | null = null

  const ledgerEvent = async (id: string): Promise<LiveEvent> => {
    const [ledger, bounds] = await Promise.all([options.audit(), options.bounds()])
    const { partitions } = toAuditAnswer(ledger, bounds, progress)
    const sum = (countOf: (line: (typeof partitions)[number]) => number): number =>
      partitions.reduce((total, line) => total + countOf(line), 0)
    const data = {
      balanced: ledger.balanced,
      accepted: sum(line => line.accepted),
      duplicate: sum(line => line.duplicate),
      invalid: sum(invalidTotal),
      lag: sum(line => line.lag),
      progress: progress === null ? null : toMillisecondText(progress),
    }
    return { id, name: 'ledger', data }
  }
  const rejectsEvent = async (id: string): Promise<LiveEvent> => {
    const page = await options.rejects({ limit: REJECTS_SHOWN, cursor: null })
    return { id, name: 'rejects', data: { rejects: page.rejects.map(toRejectAnswer) } }
  }
  const resultEvent = async (id: string, name: string, change: Change): Promise<LiveEvent> => {
    const isWhole = change.fromMs === Number.NEGATIVE_INFINITY
    const { rows } = await options.query({
      metric: name,
      fromMs: isWhole ? null : change.fromMs,
      toMs: isWhole ? null : change.toMs,
      limit: ROWS_MAX,
      cursor: null,
    })
    return { id, name: 'result', data: { metric: name, replace: isWhole, rows } }
  }
  const publish = async (hub: LiveHub): Promise<void> => {
    if (changes.size === 0 && !hasRejects) return
    const taken = changes
    const withRejects = hasRejects
    changes = new Map()
    hasRejects = false
    const id = String(sequence)
    for (const [name, change] of taken) hub.publish(await resultEvent(id, name, change))
    if (withRejects) hub.publish(await rejectsEvent(id))
    hub.publish(await ledgerEvent(id))
  }

  return {
    note: (committed, step) => {
      sequence = committed.sequence
      progress = committed.progress
      for (const shard of step.shards) {
        hasRejects ||= shard.rejects.length > 0
        for (const partial of shard.partials) {
          widen(changes, partial.plan.name, partial.windowStart)
        }
      }
    },
    snapshot: async () => {
      const id = String(sequence)
      return await Promise.all([ledgerEvent(id), rejectsEvent(id)])
    },
    run: async (hub, signal) => {
      while (!signal.aborted) {
        await clock.sleep(PUBLISH_MS, signal)
        try {
          await publish(hub)
        } catch (error) {
          // The store is being opened again, or closed: what changed is told with the next commits.
          if (!isFault(error)) throw error
        }
      }
    },
  }
}

/** Widens the noted range of a metric to the windows that begin at `starts`. */
function widen(changes: Map<string, Change>, metric: string, starts: readonly number[]): void {
  const change = changes.get(metric) ?? {
    fromMs: Number.POSITIVE_INFINITY,
    toMs: Number.NEGATIVE_INFINITY,
  }
  for (const start of starts) {
    change.fromMs = Math.min(change.fromMs, start)
    change.toMs = Math.max(change.toMs, start + 1)
  }
  changes.set(metric, change)
}
