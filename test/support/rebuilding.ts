/** A digest that goes on, for tests of rebuilds beside it. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runDigest } from '../../src/flow/digest.ts'
import { createHolds } from '../../src/flow/holds.ts'
import type { RebuildOptions, RebuildReport } from '../../src/flow/rebuild/rebuild.ts'
import { runRebuild } from '../../src/flow/rebuild/rebuild.ts'
import { openLake } from '../../src/lake/lake.ts'
import type { EventLog } from '../../src/log/log.ts'
import type { Catalog } from '../../src/model/catalog.ts'
import { shardsOf } from '../../src/model/catalog.ts'
import type { ObjectStore } from '../../src/model/object-store.ts'
import type { MetricPlan } from '../../src/model/plan.ts'
import type { ResultRow } from '../../src/model/result.ts'
import type { WindowRange } from '../../src/model/swap.ts'
import { createSystemClock } from '../../src/std/clock.ts'
import { createOutage } from '../../src/std/outage.ts'
import { HOUR_MS } from '../../src/std/units.ts'
import type { Store } from '../../src/store/store.ts'

export interface DigestingOptions {
  readonly log: EventLog
  readonly catalog: Catalog
  readonly plans: readonly MetricPlan[]
  readonly openStore: () => Promise<Store>
  readonly lake: ObjectStore
  readonly records: ObjectStore
  readonly directory: string
  readonly idsMemoryMax: number
  /** Bytes at which ranges are cut; of what is below nothing is archived before a rebuild. */
  readonly rangeBytesMax: number
}

export interface Digesting extends AsyncDisposable {
  /** Resolves when all that is in the log is digested. */
  caughtUp(): Promise<void>
  rebuild(given: Partial<RebuildOptions>): Promise<RebuildReport>
  rowsOf(plan: MetricPlan): Promise<readonly ResultRow[]>
  /** Loses all rows of a range. */
  damage(plans: readonly MetricPlan[], range: WindowRange): Promise<void>
}

const POLL_MS = 3
const SECRET = new Uint8Array(32).fill(7)
const clock = createSystemClock()
const { signal } = new AbortController()

export async function startDigesting(options: DigestingOptions): Promise<Digesting> {
  const { log, catalog, plans, directory, lake: objects, rangeBytesMax } = options
  await mkdir(directory, { recursive: true })
  const breathe = (): Promise<void> => clock.sleep(0, signal)
  const scratchDirectory = join(directory, 'scratch')
  const lake = await openLake({ objects, catalog, clock, rangeBytesMax, breathe, scratchDirectory })
  const drain = new AbortController()
  const holds = createHolds()
  const open: { store: Store | null } = { store: null }
  const store = (): Store => {
    if (open.store === null) throw new Error('the store is not open yet')
    return open.store
  }
  const digesting = runDigest({
    ...options,
    openStore: async () => {
      open.store = await options.openStore()
      return open.store
    },
    archive: { lake, bytesMax: rangeBytesMax, intervalMs: HOUR_MS, onOutage: () => undefined },
    holds,
    secret: SECRET,
    commitMs: 5,
    clock: { ...clock, now: () => 0 },
    shards: shardsOf(catalog),
    onCommit: () => undefined,
    outage: createOutage(() => undefined),
    drain: drain.signal,
    signal,
  })
  const watched = digesting.then(
    () => undefined,
    (error: unknown) => {
      throw error
    },
  )
  watched.catch(() => undefined)
  return {
    caughtUp: () => Promise.race([watched, waitUntilDigested(log, () => open.store)]),
    rebuild: given =>
      runRebuild({
        rebuild: 'tests',
        catalog,
        plans,
        range: { fromMs: null, toMs: null },
        mode: 'swap',
        secret: SECRET,
        lake: objects,
        lakeDirectory: null,
        temporary: join(directory, 'temporary'),
        records: options.records,
        audit: () => store().audit(),
        hold: work => holds.run(work),
        version: 'tests',
        clock,
        onProgress: () => undefined,
        onSwap: () => undefined,
        signal,
        ...given,
      }),
    damage: (lost, range) =>
      holds.run(async held => {
        const offsets = held.state.shards.flatMap(shard =>
          shard.partitions.map(({ topic, partition, offsetNext }) => {
            return { topic, partition, offset: offsetNext }
          }),
        )
        await held.store.swap({
          offsets,
          ids: [],
          metrics: lost.map(plan => ({ plan, range, rows: [] })),
        })
      }),
    rowsOf: async plan => {
      const question = { metric: plan.name, fromMs: null, toMs: null, limit: 100_000, cursor: null }
      return (await store().query(question)).rows
    },
    [Symbol.asyncDispose]: async () => {
      drain.abort()
      await digesting
      await lake[Symbol.asyncDispose]()
    },
  }
}

async function waitUntilDigested(log: EventLog, store: () => Store | null): Promise<void> {
  for (;;) {
    const bounds = await log.bounds(signal)
    const ledger = await store()
      ?.audit()
      .catch(() => null)
    const isDone = bounds.every(({ topic, partition, offsetEnd }) => {
      const line = ledger?.partitions.find(
        one => one.topic === topic && one.partition === partition,
      )
      return offsetEnd === 0 || line?.offset_next === offsetEnd
    })
    if (isDone && ledger !== null && ledger !== undefined) return
    await clock.sleep(POLL_MS, signal)
  }
}
