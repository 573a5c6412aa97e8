/**
 * The corridor in one call, in process: records go into an embedded log, through engines, into a
 * store; out come every metric's rows and the ledger. Tests say how all of it is cut into batches.
 */
import { basename, join } from 'node:path'
import { COLLECTOR_LIMITS, createCollector } from '../../src/collector/collector.ts'
import { createChecker } from '../../src/engine/scan/check.ts'
import { runDigest } from '../../src/flow/digest.ts'
import { openImportSource } from '../../src/importer/importer.ts'
import type { EventLog } from '../../src/log/log.ts'
import { openMemoryLog } from '../../src/log/memory/memory-log.ts'
import { openSegmentLog } from '../../src/log/segment/segment-log.ts'
import type { Catalog } from '../../src/model/catalog.ts'
import { createCatalog, shardsOf, topicsOf } from '../../src/model/catalog.ts'
import type { Ledger } from '../../src/model/ledger.ts'
import type { Metric } from '../../src/model/metric.ts'
import type { MetricPlan } from '../../src/model/plan.ts'
import { planMetrics } from '../../src/model/plan.ts'
import type { NewRecord } from '../../src/model/record.ts'
import type { Result, ResultRow } from '../../src/model/result.ts'
import { openMemoryObjects } from '../../src/objects/memory/memory-objects.ts'
import { unreachable } from '../../src/std/assert.ts'
import type { Clock } from '../../src/std/clock.ts'
import { createSystemClock } from '../../src/std/clock.ts'
import { createOutage } from '../../src/std/outage.ts'
import { openDuckDbStore } from '../../src/store/duckdb/duckdb.ts'
import { createMemoryDisk, openMemoryStore } from '../../src/store/memory/memory.ts'
import { openPlaced } from '../../src/store/results/placed.contract.ts'
import type { Store } from '../../src/store/store.ts'

export interface Append {
  /** The append clock at this append; never less than at the one before. */
  readonly arrivalMs: number
  readonly records: readonly NewRecord[]
}

export interface RiverOptions {
  /** An empty directory for the log and the store. */
  readonly directory: string
  readonly catalog: Omit<Catalog, 'version'>
  readonly metrics: readonly Metric[]
  readonly zone: string
  /** The most bytes of one pull from the log. */
  readonly bytesMaxPerPull: number
  /** A commit after each so many pulls, and one at the end. */
  readonly commitEvery: number
  /** The memory adapters where they are asked for; else those on the disk. */
  readonly log?: 'memory'
  /** `results`: a results place, with a worker for each shard. */
  readonly store?: 'memory' | 'results'
}

export interface RiverResult {
  /** All rows of every metric, in the order of the answer, by the metric's name. */
  readonly results: ReadonlyMap<string, readonly ResultRow[]>
  readonly ledger: Ledger
  /** Where the log's segments are, of a log on the disk: `<topic>-<partition>/<offset>.log`. */
  readonly logDirectory: string
}

/** Appends one after the other, digests all of it, and asks for everything. */
export async function runRiver(
  appends: readonly Append[],
  options: RiverOptions,
): Promise<RiverResult> {
  return await flow(options, async ({ log, setClock, signal }) => {
    for (const { arrivalMs, records } of appends) {
      setClock(arrivalMs)
      await log.append(records, signal)
    }
  })
}

/** The same with what the importer makes of a file, as the command `import` would. */
export async function importFile(file: string, options: RiverOptions): Promise<RiverResult> {
  return await flow(options, async ({ log, catalog, clock, signal }) => {
    const collector = createCollector({
      check: createChecker(catalog),
      append: (records, abort) => log.append(records, abort),
      catalog,
      clock,
      limits: COLLECTOR_LIMITS,
    })
    await using source = await openImportSource({ path: file, mapping: null, from: null, signal })
    for await (const { items } of source) {
      const named = items.map(({ value, reason, line }) => {
        return { bytes: value, origin: { reason, line, cut: null, file: basename(file) } }
      })
      await collector.collect(named, signal)
    }
  })
}

interface Source {
  readonly log: EventLog
  readonly catalog: Catalog
  readonly clock: Clock
  readonly setClock: (nowMs: number) => void
  readonly signal: AbortSignal
}

/** From what `fill` appends to the answers. */
async function flow(
  options: RiverOptions,
  fill: (source: Source) => Promise<void>,
): Promise<RiverResult> {
  const { directory, metrics, zone } = options
  const catalog = createCatalog(options.catalog)
  const plans = planMetrics(metrics, catalog, { zone, graceMs: GRACE_MS })
  const logDirectory = join(directory, 'log')
  const system = createSystemClock()
  let nowMs = system.now()
  const clock: Clock = { ...system, now: () => nowMs }
  const { signal } = new AbortController()
  const parts = { topics: topicsOf(catalog), partitions: catalog.partitions, clock }
  await using log =
    options.log === 'memory'
      ? await openMemoryLog(parts)
      : await openSegmentLog({
          ...parts,
          directory: logDirectory,
          segmentBytes: SEGMENT_BYTES,
          retentionBytes: null,
          retentionMs: null,
          logBytesMax: Number.MAX_SAFE_INTEGER,
        })
  const setClock = (arrivalMs: number): void => {
    nowMs = arrivalMs
  }
  await fill({ log, catalog, clock, setClock, signal })
  const openStore = createStores(options, plans, catalog.partitions)
  await digestAll({ log, openStore, catalog, plans }, options, signal)
  await using store = await openStore()
  const results = new Map<string, readonly ResultRow[]>()
  for (const { name } of plans) results.set(name, await readAll(store, name))
  return { results, ledger: await store.audit(), logDirectory }
}

/** Opens the same store again and again. */
function createStores(
  { directory, store }: RiverOptions,
  plans: readonly MetricPlan[],
  shards: number,
): () => Promise<Store> {
  const disk = createMemoryDisk()
  const objects = openMemoryObjects()
  switch (store) {
    case 'memory':
      return async () => openMemoryStore({ plans, shards, disk })
    case 'results': {
      const cache = join(directory, 'cache')
      const options = { objects, directory: cache, plans, shards, crowd: RESULTS_CROWD }
      return () => openPlaced({ ...options, writers: 'many' })
    }
    case undefined: {
      const path = join(directory, 'store')
      const compactAfterRows = COMPACT_AFTER_ROWS
      return () => openDuckDbStore({ directory: path, plans, shards, compactAfterRows })
    }
    default:
      return unreachable(store)
  }
}

const GRACE_MS = 600_000
/** Small, so that logs of a few hundred records have several segments and are compacted. */
const SEGMENT_BYTES = 4_096
const COMPACT_AFTER_ROWS = 60
const RESULTS_CROWD = 2
/** Small too, so that ids are sealed into runs on disk. */
const IDS_MEMORY_MAX = 1 << 16
const PAGE_ROWS = 1_000

interface Corridor {
  readonly log: EventLog
  readonly openStore: () => Promise<Store>
  readonly catalog: Catalog
  readonly plans: readonly MetricPlan[]
}

/** The product's own digest, until it has read all that the log holds. */
async function digestAll(
  corridor: Corridor,
  { bytesMaxPerPull, commitEvery }: RiverOptions,
  signal: AbortSignal,
): Promise<void> {
  await runDigest({
    ...corridor,
    secret: new Uint8Array(32).fill(7),
    idsMemoryMax: IDS_MEMORY_MAX,
    // One tick of this clock a pull, so that a commit comes after every so many.
    clock: createTickClock(),
    commitMs: commitEvery,
    pullBytesMax: bytesMaxPerPull,
    shards: shardsOf(corridor.catalog),
    onCommit: () => undefined,
    outage: createOutage(fault => {
      if (fault !== null) throw fault
    }),
    drain: AbortSignal.abort(),
    signal,
  })
}

function createTickClock(): Clock {
  let ticks = 0
  return {
    now: () => 0,
    monotonic: () => {
      ticks += 1
      return ticks
    },
    sleep: async () => undefined,
  }
}

async function readAll(store: Store, metric: string): Promise<readonly ResultRow[]> {
  const rows: ResultRow[] = []
  let cursor: string | null = null
  do {
    const question = { metric, fromMs: null, toMs: null, limit: PAGE_ROWS, cursor }
    const page: Result = await store.query(question)
    rows.push(...page.rows)
    cursor = page.next
  } while (cursor !== null)
  return rows
}
