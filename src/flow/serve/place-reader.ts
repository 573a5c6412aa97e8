/**
 * A results place, read: what the stream counted, and what batch runs did, as one source of
 * answers. And an API over it alone, for where there is no log and no process that goes on.
 */
import { createReaderApi } from '../../api/reader-api.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { Clock } from '../../std/clock.ts'
import { Fault, isFault } from '../../std/fault.ts'
import type { ResultsReader } from '../../store/results/results-reader.ts'
import { openResultsReader } from '../../store/results/results-reader.ts'
import type { ResultsLayout } from '../../store/results/root.ts'
import { createRunAnswers, withRuns } from '../../store/results/runs.ts'
import type { AnswerStore } from '../../store/store.ts'

export interface PlaceOptions {
  readonly objects: ObjectStore
  /** What can be asked for. */
  readonly plans: readonly MetricPlan[]
  /** What the place must have been made for; null: whatever it was. */
  readonly layout: ResultsLayout | null
  /** Rows, and ids of sets, that are kept in memory; else as the reader has it. */
  readonly viewSizeMax?: number
}

export interface PlaceReader extends AsyncDisposable {
  /** The stream's, and those of runs where a question names one. */
  readonly answers: AnswerStore
  readonly progress: number | null
  look(signal?: AbortSignal): Promise<void>
  refresh: ResultsReader['refresh']
}

/** Throws DATA_DIR_MISMATCH, STORE_UNAVAILABLE. */
export async function openPlaceReader(options: PlaceOptions): Promise<PlaceReader> {
  const { objects, plans } = options
  const reader = await openResultsReader(options)
  return {
    answers: withRuns(reader, createRunAnswers(objects, plans)),
    get progress() {
      return reader.progress
    },
    look: signal => reader.look(signal),
    refresh: signal => reader.refresh(signal),
    [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
  }
}

export interface PlaceApiOptions extends PlaceOptions {
  /** How old what was found may be, when a question comes. */
  readonly lookMsMax: number
  readonly clock: Clock
  readonly version: string
  /** Is told of bugs, and of Faults at which answers stay as they were. */
  readonly report: (error: unknown) => void
}

export interface PlaceApi {
  /** Answers a request; the first that asks for numbers opens the place. */
  fetch(request: Request): Promise<Response>
}

/** These need no place: they answer while it cannot be read, and cost nothing. */
const ALONE = /^\/(healthz|openapi\.json|docs|problems\/.*|v1\/metrics)$/

export function createPlaceApi(options: PlaceApiOptions): PlaceApi {
  const { plans, version, report } = options
  const place = createLook(options)
  const app = createReaderApi({
    plans,
    query: question => place.open().answers.query(question),
    audit: () => place.open().answers.audit(),
    status: () => {
      const reader = place.found()
      const phase = reader === null ? 'starting' : 'ready'
      return { phase, progress: reader?.progress ?? null, version }
    },
    report,
  })
  return {
    fetch: async request => {
      const { pathname } = new URL(request.url)
      if (!ALONE.test(pathname)) await place.look()
      return await app.fetch(request)
    },
  }
}

interface Look {
  /** Opens the place, or looks what is new in it, unless that was done just now. Never throws. */
  look(): Promise<void>
  found(): PlaceReader | null
  /** Throws what stood in the way when it was last tried. */
  open(): PlaceReader
}

function createLook(options: PlaceApiOptions): Look {
  const { lookMsMax, clock, report } = options
  let reader: PlaceReader | null = null
  let failure: unknown = new Fault('STORE_UNAVAILABLE', 'the results place was not opened yet')
  let lookedMs: number | null = null
  let looking: Promise<void> | null = null

  const lookNow = async (): Promise<void> => {
    try {
      if (reader === null) reader = await openPlaceReader(options)
      else await reader.look()
    } catch (error) {
      failure = error
      if (reader !== null || !isFault(error)) report(error)
    }
    lookedMs = clock.now()
    looking = null
  }
  // The wall clock: a function's other one may stand still while it sleeps.
  const isFresh = (): boolean =>
    lookedMs !== null && Math.abs(clock.now() - lookedMs) < lookMsMax && looking === null
  return {
    look: async () => {
      if (isFresh()) return
      looking ??= lookNow()
      await looking
    },
    found: () => reader,
    open: () => {
      if (reader === null) throw failure
      return reader
    },
  }
}
