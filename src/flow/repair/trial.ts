/**
 * A trial: events through engines and a store of their own, to see what they would count. By the
 * same code that counts, so that nobody has to know its rules a second time.
 */
import type { EventLog } from '../../log/log.ts'
import type { Catalog } from '../../model/catalog.ts'
import { shardsOf } from '../../model/catalog.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { Clock } from '../../std/clock.ts'
import { createOutage } from '../../std/outage.ts'
import { MIB } from '../../std/units.ts'
import type { Store } from '../../store/store.ts'
import { runDigest } from '../digest.ts'

/** A log and a store, in memory, empty. */
export interface TrialBench extends AsyncDisposable {
  readonly log: EventLog
  readonly store: () => Promise<Store>
  readonly secret: Uint8Array
}

/** `clock` stamps arrivals. */
export type OpenTrialBench = (clock: Clock) => Promise<TrialBench>

export interface TrialOptions extends Pick<TrialBench, 'log' | 'store' | 'secret'> {
  readonly catalog: Catalog
  readonly plans: readonly MetricPlan[]
  readonly clock: Clock
  readonly signal: AbortSignal
}

const IDS_MEMORY_MAX = 64 * MIB
const COMMIT_MS = 50

/** Digests all that the log holds; the store then tells what it came to. */
export async function digestTrial(options: TrialOptions): Promise<void> {
  const { log, catalog, plans, secret, clock, signal } = options
  await runDigest({
    log,
    openStore: options.store,
    shards: shardsOf(catalog),
    catalog,
    plans,
    secret,
    idsMemoryMax: IDS_MEMORY_MAX,
    commitMs: COMMIT_MS,
    clock,
    onCommit: () => undefined,
    outage: createOutage(fault => {
      if (fault !== null) throw fault
    }),
    drain: AbortSignal.abort(),
    signal,
  })
}
