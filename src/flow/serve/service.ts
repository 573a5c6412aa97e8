/** A process that answers no questions: its front door, its health, and its counters. */
import { createServiceApi } from '../../api/api.ts'
import type { Counters } from '../../api/scrape.ts'
import type { Phase, PortOptions } from './port.ts'
import { createPort } from './port.ts'

export interface ServiceOptions extends PortOptions {
  readonly worker: () => Counters['worker']
  readonly freshnessS: () => number | null
}

export interface Service extends AsyncDisposable {
  readonly url: string
  setPhase(phase: Phase): void
  /** What it counted since it started. */
  counters(): Counters
}

/** Throws ADDRESS_IN_USE, CONFIG_INVALID for a host that is not here. */
export async function openService(options: ServiceOptions): Promise<Service> {
  const port = createPort(options)
  let phase: Phase = 'starting'
  const counters = (): Counters => ({
    ...port.counters(),
    freshnessS: options.freshnessS(),
    live: null,
    worker: options.worker(),
  })
  const app = createServiceApi({
    status: () => ({ phase, progress: null, version: options.version }),
    counters,
    report: options.report,
  })
  const server = await port.open({ app, liveHandler: null, staticDirectory: null })
  return {
    url: server.url,
    setPhase: next => {
      phase = next
    },
    counters,
    [Symbol.asyncDispose]: () => server.close(),
  }
}
