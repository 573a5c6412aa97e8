/** Weir in one process: the embedded log, the store and the digest of one data directory. */
import { join } from 'node:path'
import type { Collector } from '../../collector/collector.ts'
import { COLLECTOR_LIMITS, createCollector } from '../../collector/collector.ts'
import { createChecker } from '../../engine/scan/check.ts'
import { runDigest } from '../../flow/digest.ts'
import type { EventLog } from '../../log/log.ts'
import { openSegmentLog } from '../../log/segment/segment-log.ts'
import { topicsOf } from '../../model/catalog.ts'
import type { Step } from '../../model/step.ts'
import { Fault } from '../../std/fault.ts'
import { openDuckDbStore } from '../../store/duckdb/duckdb.ts'
import type { Committed, Store } from '../../store/store.ts'
import type { CommandContext } from '../terminal/command.ts'
import { dataDirOf, makeDataDir, readSecret } from './data-dir.ts'

export interface Embedded extends AsyncDisposable {
  readonly log: EventLog
  readonly collector: Collector
  /** The store that is open now. Throws STORE_UNAVAILABLE between two lives of it. */
  store(): Store
  /** Resolves when the store is open for the first time. */
  readonly ready: Promise<void>
  /** Digests all that is in the log, commits it, and ends. A second call waits for the same end. */
  drain(): Promise<void>
}

export interface EmbeddedOptions {
  readonly context: CommandContext
  readonly onCommit: (committed: Committed, step: Step) => void
  /** Is told when the digest ends by a fault, so that the process can end too. */
  readonly onEnd: (error: unknown) => void
}

export async function openEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { context, onCommit, onEnd } = options
  const { config, clock, terminal } = context
  const { settings, catalog, plans } = config
  const directory = dataDirOf(settings.data)
  makeDataDir(directory)
  const secret = readSecret(directory)
  const openStore = (): Promise<Store> => openStoreOf(context)
  // Opened before the log: its lock tells whether another process holds the directory.
  let first: Store | null = await openStore()
  const log = await openSegmentLog({
    directory: directory.log,
    topics: topicsOf(catalog),
    partitions: catalog.partitions,
    clock,
    segmentBytes: settings.segmentBytes,
    retentionMs: settings.retention,
    retentionBytes: settings.retentionBytes,
    logBytesMax: settings.logBytesMax,
    crash: context.crash,
    onTornTail: ({ path, sizeBytes }) =>
      terminal.talk(
        `weir: cut ${sizeBytes} bytes that a crash left unfinished at the end of ${path}`,
      ),
  })
  const collector = createCollector({
    check: createChecker(catalog),
    append: (records, signal) => log.append(records, signal),
    catalog,
    clock,
    limits: COLLECTOR_LIMITS,
  })

  let current: Store | null = null
  const ready = Promise.withResolvers<void>()
  const drain = new AbortController()
  const stop = new AbortController()
  const digest = runDigest({
    log,
    openStore: async () => {
      const store = first ?? (await openStore())
      first = null
      return store
    },
    catalog,
    plans,
    secret,
    idsMemoryMax: settings.seenIdsMemoryMax,
    commitMs: settings.commitInterval,
    clock,
    onStore: store => {
      current = store
      ready.resolve()
    },
    onCommit,
    onOutage: fault =>
      terminal.talk(
        fault === null ? 'weir: digesting again' : `weir: digest waits: ${fault.message}`,
      ),
    drain: drain.signal,
    signal: stop.signal,
  }).catch((error: unknown) => {
    ready.reject(error)
    onEnd(error)
    throw error
  })
  // Whoever waits for `drain` or `ready` sees the error; nobody may.
  digest.catch(() => undefined)
  ready.promise.catch(() => undefined)

  return {
    log,
    collector,
    store: () => {
      if (current === null) throw new Fault('STORE_UNAVAILABLE', 'the store is not open yet')
      return current
    },
    ready: ready.promise,
    drain: async () => {
      drain.abort()
      await digest
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await digest.catch(() => undefined)
      await log[Symbol.asyncDispose]()
    },
  }
}

/** Opens the store of the context's data directory, as the only process that does. */
export async function openStoreOf(context: CommandContext): Promise<Store> {
  const { settings, plans, catalog } = context.config
  return await openDuckDbStore({
    directory: dataDirOf(settings.data).store,
    plans,
    shards: catalog.partitions,
    memoryMax: settings.storeMemoryMax,
    compactAfterRows: settings.compactAfterRows,
    crash: context.crash,
  })
}

/** Where the page's build lies: beside `src` in a checkout, beside `dist` in the package. */
export const PAGE_DIRECTORY: string = join(import.meta.dirname, '..', '..', '..', 'web', 'dist')
