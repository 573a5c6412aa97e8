/**
 * Serve: results and the log → the API, the live stream and the page, on one port, with the front
 * door where this process has one. It only asks; what is open at the moment of a question answers.
 */
import type { LogState, QuarantineQuestion } from '../../api/api.ts'
import { createApi, toAuditAnswer } from '../../api/api.ts'
import type { AuditAnswer } from '../../api/contract.ts'
import type { MetricsSample } from '../../api/emf.ts'
import type { RebuildSource } from '../../api/rebuilds.ts'
import type { Counters } from '../../api/scrape.ts'
import { createChecker } from '../../engine/scan/check.ts'
import { createLive } from '../../live/live.ts'
import type { EventLog } from '../../log/log.ts'
import type { Catalog } from '../../model/catalog.ts'
import type { Ledger } from '../../model/ledger.ts'
import type { News } from '../../model/news.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { Question } from '../../model/result.ts'
import type { RepairView } from '../../repair/repair.ts'
import { isFault, messageOf } from '../../std/fault.ts'
import { MIB, SECOND_MS } from '../../std/units.ts'
import type { AnswerStore, StoreState } from '../../store/store.ts'
import { findReject, withRepairs } from '../repair/rejects.ts'
import type { RepairSources } from '../repair/repair-answer.ts'
import { createRunRepair } from '../repair/repair-answer.ts'
import type { OpenTrialBench } from '../repair/trial.ts'
import { createTrace } from '../trace/trace.ts'
import type { TraceLake } from '../trace/trace-lake.ts'
import { createKnownAnswers } from './known-answers.ts'
import { createLogState } from './log-state.ts'
import type { Phase, PortOptions } from './port.ts'
import { createPort } from './port.ts'
import { createLivePublisher } from './publish-live.ts'
import { sampleLog } from './sample.ts'
import { tailLog } from './tail.ts'

export interface ServeOptions extends PortOptions {
  readonly catalog: Catalog
  readonly plans: readonly MetricPlan[]
  readonly log: EventLog
  /** What answers now. Throws STORE_UNAVAILABLE between two lives of a store. */
  readonly store: () => AnswerStore
  /** What was repaired and sent again. */
  readonly repairs: RepairView
  /** Remembers repairs, and sends what they mend; null: nothing is sent from here. */
  readonly repairing: Pick<RepairSources, 'book' | 'send'> | null
  /** Where accepted events rest; null: nowhere. */
  readonly lake: TraceLake | null
  /** What events would count is seen on it. */
  readonly bench: OpenTrialBench
  /** Rebuilds of the store; null: they are asked of no process. */
  readonly rebuilds: RebuildSource | null
  /** The built page; null: none. */
  readonly pageDirectory: string | null
  /** Aborted: nothing more is taken in or streamed; questions are answered until it is closed. */
  readonly signal: AbortSignal
}

export interface Serving extends AsyncDisposable {
  /** Where it can be called on this machine, without a slash at the end. */
  readonly url: string
  /** `starting` at first; `/readyz` tells it. */
  setPhase(phase: Phase): void
  /** The published progress, ms since the epoch; null: none yet. */
  readonly progress: number | null
  /** Tells where counting goes on from, whenever the store was opened. */
  begin(state: Pick<StoreState, 'sequence' | 'progress'>): void
  /** Tells what was committed, so that what it changed is published. */
  note(news: News): void
  /** What `GET /metrics` tells, now. */
  sample(): Promise<MetricsSample>
  /** Publishes what changed, every second, until the signal aborts. */
  run(): Promise<void>
}

const LIVE_CLIENTS_MAX = 200
const LIVE_BUFFER_BYTES_MAX = 4 * MIB

/** Throws ADDRESS_IN_USE, CONFIG_INVALID for a host that is not here, FILE_UNREADABLE. */
export async function openServing(options: ServeOptions): Promise<Serving> {
  const { catalog, plans, log, store, repairs, clock, report, signal } = options
  // Questions are answered until the very end.
  const never = new AbortController().signal
  const logState = createLogState(log, clock)
  const known = createKnownAnswers(question => store().query(question))
  const sources = {
    query: (question: Question) => known.query(question),
    audit: () => store().audit(),
    rejects: (question: QuarantineQuestion) => withRepairs(store(), repairs, question),
    logState: async (ledger: Ledger) => {
      const state = await orUnknown(logState(ledger, never))
      return state === null ? null : { ...state, repaired: await repairs.counts() }
    },
  }
  let phase: Phase = 'starting'
  let progress: number | null = null
  let freshnessS: number | null = null
  const publisher = createLivePublisher({ plans, clock, ...sources })
  const hub = createLive({
    clock,
    clientCountMax: LIVE_CLIENTS_MAX,
    bufferBytesMax: LIVE_BUFFER_BYTES_MAX,
    onConnect: () => publisher.snapshot(),
    report,
  })
  const port = createPort(options)
  const counters = (): Counters => ({
    ...port.counters(),
    freshnessS,
    live: hub.counters(),
    worker: null,
  })
  const check = createChecker(catalog)
  const trace = createTrace({ ...options, check })
  const { repairing, bench } = options
  const app = createApi({
    plans,
    ...sources,
    rebuilds: options.rebuilds,
    tail: (backCount, left) =>
      tailLog({ log, check, backCount, signal: AbortSignal.any([left, signal]) }),
    sample: (types, left) => {
      const isMeant = createTopicFilter(catalog, types)
      return sampleLog({ log, check, clock, isMeant, signal: AbortSignal.any([left, signal]) })
    },
    trace: (question, left) => trace(question, AbortSignal.any([left, signal])),
    reject: place => findReject(options, place),
    repair:
      repairing === null
        ? null
        : createRunRepair({ ...repairing, store, bench, check, catalog, plans, clock }),
    status: () => ({ phase, progress, version: options.version }),
    counters,
    report,
  })
  const pages = { liveHandler: hub.handle, staticDirectory: options.pageDirectory }
  const server = await port.open({ app, ...pages }).catch(async (error: unknown) => {
    await hub[Symbol.asyncDispose]()
    throw error
  })
  return {
    url: server.url,
    setPhase: next => {
      phase = next
    },
    get progress() {
      return progress
    },
    begin: state => {
      known.forget()
      progress = state.progress
      publisher.begin(state)
    },
    note: news => {
      known.forget()
      progress = news.progress
      if (news.arrivalMs !== null) freshnessS = (clock.now() - news.arrivalMs) / SECOND_MS
      publisher.note(news)
    },
    sample: async () => ({
      atMs: clock.now(),
      audit: await auditOrNull(sources),
      counters: counters(),
    }),
    run: () => publisher.run(hub, signal),
    [Symbol.asyncDispose]: async () => {
      await hub[Symbol.asyncDispose]()
      await server.close()
    },
  }
}

/** A log that does not answer leaves the ledger what it is: what was counted. */
async function orUnknown(state: Promise<LogState>): Promise<LogState | null> {
  try {
    return await state
  } catch (error) {
    if (isFault(error, 'LOG_UNAVAILABLE')) return null
    throw error
  }
}

/** null: the store does not answer now. */
async function auditOrNull(sources: {
  readonly audit: () => Promise<Ledger>
  readonly logState: (ledger: Ledger) => Promise<LogState | null>
}): Promise<AuditAnswer | null> {
  try {
    const ledger = await sources.audit()
    return toAuditAnswer(ledger, await sources.logState(ledger), null)
  } catch (error) {
    if (isFault(error)) return null
    throw error
  }
}

/** Event types are told by their own names, or by those of their topics; null: all. */
function createTopicFilter(
  catalog: Catalog,
  types: ReadonlySet<string> | null,
): (topic: string) => boolean {
  if (types === null) return () => true
  return topic => types.has(topic) || types.has(topic.slice(catalog.topicPrefix.length))
}

/** What is told of an error by a server that goes on. */
export function toReportText(error: unknown): string {
  return isFault(error) ? error.message : `internal error: ${messageOf(error)}`
}
