/**
 * The port of a process that answers no questions: the front door where it has one, its health, and
 * its counters.
 */
import { createServiceApi } from '../../api/api.ts'
import type { Door } from '../../api/node/http.ts'
import { serveHttp } from '../../api/node/http.ts'
import type { Counters } from '../../api/scrape.ts'
import type { Collector } from '../../collector/collector.ts'
import { createCollectorHandler } from '../../collector/http.ts'
import type { SegmentPlan } from '../../collector/segment-plan.ts'
import type { Clock } from '../../std/clock.ts'
import type { Phase } from './serve.ts'

export interface ServiceOptions {
  /** null: no events are taken here. */
  readonly collector: Collector | null
  /** What calls of Segment's libraries become, where events are taken. */
  readonly segment: SegmentPlan
  /** The built SDK, which pages load where events are taken. */
  readonly sdkDirectory: string
  readonly worker: () => Counters['worker']
  readonly freshnessS: () => number | null
  readonly clock: Clock
  readonly version: string
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  readonly door: Door
  readonly residentBytes: () => number
  /** Is told of every error that is no Fault: a bug. */
  readonly report: (error: unknown) => void
  /** Aborted: nothing more is taken in. */
  readonly signal: AbortSignal
}

export interface Service extends AsyncDisposable {
  readonly url: string
  setPhase(phase: Phase): void
  /** What it counted since it started. */
  counters(): Counters
}

/** Throws ADDRESS_IN_USE, CONFIG_INVALID for a host that is not here. */
export async function openService(options: ServiceOptions): Promise<Service> {
  const { collector, clock, report, signal } = options
  const { checkKey } = options.door.doorman
  const segment = { plan: options.segment, checkKey, clock }
  const intake =
    collector === null ? null : createCollectorHandler({ collector, segment, signal, report })
  const startMs = clock.now()
  let phase: Phase = 'starting'
  const refusals = new Map<string, number>()
  const counters = (): Counters => ({
    startMs,
    residentBytes: options.residentBytes(),
    freshnessS: options.freshnessS(),
    live: null,
    worker: options.worker(),
    collector: intake?.counters() ?? null,
    refusals,
  })
  const app = createServiceApi({
    status: () => ({ phase, progress: null, version: options.version }),
    counters,
    report,
  })
  const server = await serveHttp({
    app,
    collectorHandler: intake?.handle ?? null,
    liveHandler: null,
    staticDirectory: null,
    sharedDirectory: intake === null ? null : options.sdkDirectory,
    host: options.host,
    port: options.port,
    ...options.door,
    clock,
    onRefusal: code => refusals.set(code, (refusals.get(code) ?? 0) + 1),
    report,
  })
  return {
    url: server.url,
    setPhase: next => {
      phase = next
    },
    counters,
    [Symbol.asyncDispose]: () => server.close(),
  }
}
