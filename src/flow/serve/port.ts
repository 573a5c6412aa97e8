/** The port of a process: its front door, where it has one, and what is counted there. */
import type { Door, HttpServer, ServeOptions } from '../../api/node/http.ts'
import { serveHttp } from '../../api/node/http.ts'
import type { Counters } from '../../api/scrape.ts'
import type { Collector } from '../../collector/collector.ts'
import { createCollectorHandler } from '../../collector/http.ts'
import type { SegmentPlan } from '../../collector/segment-plan.ts'
import type { Clock } from '../../std/clock.ts'

export type Phase = 'starting' | 'ready' | 'draining'

export interface PortOptions {
  /** null: no events are taken here. */
  readonly collector: Collector | null
  /** What calls of Segment's libraries become, where events are taken. */
  readonly segment: SegmentPlan
  /** The built SDK, which pages load where events are taken. */
  readonly sdkDirectory: string
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

export interface Port {
  /** What was counted here since the process started. */
  counters(): Pick<Counters, 'startMs' | 'residentBytes' | 'collector' | 'refusals'>
  /** Throws ADDRESS_IN_USE, CONFIG_INVALID for a host that is not here, FILE_UNREADABLE. */
  open(what: Pick<ServeOptions, 'app' | 'liveHandler' | 'staticDirectory'>): Promise<HttpServer>
}

export function createPort(options: PortOptions): Port {
  const { collector, clock, host, port, door, report, signal } = options
  const segment = { plan: options.segment, checkKey: door.doorman.checkKey, clock }
  const intake =
    collector === null ? null : createCollectorHandler({ collector, segment, signal, report })
  const refusals = new Map<string, number>()
  const startMs = clock.now()
  return {
    counters: () => ({
      startMs,
      residentBytes: options.residentBytes(),
      collector: intake?.counters() ?? null,
      refusals,
    }),
    open: what =>
      serveHttp({
        ...what,
        ...door,
        collectorHandler: intake?.handle ?? null,
        sharedDirectory: intake === null ? null : options.sdkDirectory,
        host,
        port,
        clock,
        onRefusal: code => refusals.set(code, (refusals.get(code) ?? 0) + 1),
        report,
      }),
  }
}
