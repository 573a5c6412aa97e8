/**
 * Ingest: the front door → the log. Every item becomes a record, and is answered once it is
 * durable.
 */
import type { Collector } from '../collector/collector.ts'
import { COLLECTOR_LIMITS, createCollector } from '../collector/collector.ts'
import { createChecker } from '../engine/scan/check.ts'
import type { EventLog } from '../log/log.ts'
import type { Catalog } from '../model/catalog.ts'
import type { Clock } from '../std/clock.ts'

export interface IngestOptions {
  readonly log: EventLog
  readonly catalog: Catalog
  readonly clock: Clock
}

export function createIngest({ log, catalog, clock }: IngestOptions): Collector {
  return createCollector({
    check: createChecker(catalog),
    append: (records, signal) => log.append(records, signal),
    catalog,
    clock,
    limits: COLLECTOR_LIMITS,
  })
}
