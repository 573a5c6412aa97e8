/**
 * Logs that are digested and archived, for tests: until all that is digested rests in the lake.
 */
import { join } from 'node:path'
import { runDigest } from '../../src/flow/digest.ts'
import { openLake } from '../../src/lake/lake.ts'
import type { EventLog } from '../../src/log/log.ts'
import type { Catalog } from '../../src/model/catalog.ts'
import { shardsOf } from '../../src/model/catalog.ts'
import type { Ledger } from '../../src/model/ledger.ts'
import type { ObjectStore } from '../../src/model/object-store.ts'
import type { MetricPlan } from '../../src/model/plan.ts'
import { createSystemClock } from '../../src/std/clock.ts'
import type { Fault } from '../../src/std/fault.ts'
import { createOutage } from '../../src/std/outage.ts'
import { MIB } from '../../src/std/units.ts'
import type { Store } from '../../src/store/store.ts'

export interface ArchivedOptions {
  readonly log: EventLog
  readonly catalog: Catalog
  readonly plans: readonly MetricPlan[]
  readonly openStore: () => Promise<Store>
  readonly objects: ObjectStore
  /** For files on their way. */
  readonly directory: string
  readonly rangeBytesMax?: number
  /** Bytes of one pull of the digest. */
  readonly pullBytesMax?: number
  readonly onOutage?: (fault: Fault | null) => void
}

const POLL_MS = 5
const clock = createSystemClock()

/** Gives the ledger once everything is archived. Throws what ends the digest. */
export async function archiveAll(options: ArchivedOptions): Promise<Ledger> {
  const { objects, catalog, rangeBytesMax = 64 * MIB } = options
  const scratchDirectory = join(options.directory, 'scratch')
  const breathe = (): Promise<void> => clock.sleep(0, new AbortController().signal)
  const parts = { objects, catalog, clock, rangeBytesMax, breathe }
  await using lake = await openLake({ ...parts, scratchDirectory })
  const drain = new AbortController()
  const { signal } = new AbortController()
  const open: { store: Store | null } = { store: null }
  const digesting = runDigest({
    ...options,
    openStore: async () => {
      open.store = await options.openStore()
      return open.store
    },
    archive: {
      lake,
      bytesMax: rangeBytesMax,
      intervalMs: 0,
      onOutage: options.onOutage ?? (() => undefined),
    },
    secret: new Uint8Array(32).fill(7),
    idsMemoryMax: MIB,
    commitMs: 5,
    clock,
    shards: shardsOf(catalog),
    onCommit: () => undefined,
    outage: createOutage(() => undefined),
    drain: drain.signal,
    signal,
  })
  const ended = new AbortController()
  const watching = watch(options.log, () => open.store, ended.signal)
  const ledger = await Promise.race([watching, digesting.then(() => null)]).finally(() => {
    ended.abort()
  })
  drain.abort()
  await digesting
  if (ledger === null) throw new Error('the digest ended by itself')
  return ledger
}

/** Waits until the ledger says that all of the log is digested and archived. */
async function watch(
  log: EventLog,
  store: () => Store | null,
  signal: AbortSignal,
): Promise<Ledger | null> {
  while (!signal.aborted) {
    await clock.sleep(POLL_MS, signal)
    const bounds = await log.bounds(signal)
    const ledger = await store()
      ?.audit()
      .catch(() => null)
    if (ledger === null || ledger === undefined) continue
    const isDone = bounds.every(({ topic, partition, offsetEnd }) => {
      const line = ledger.partitions.find(one => one.topic === topic && one.partition === partition)
      return offsetEnd === 0 || line?.archived_offset === offsetEnd
    })
    if (isDone) return ledger
  }
  return null
}
