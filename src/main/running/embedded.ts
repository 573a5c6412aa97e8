/** Weir in one process: the log, the store and the digest of one data directory. */
import { join } from 'node:path'
import type { Collector } from '../../collector/collector.ts'
import { runDigest } from '../../flow/digest.ts'
import type { Holds } from '../../flow/holds.ts'
import { createHolds } from '../../flow/holds.ts'
import { createIngest } from '../../flow/ingest.ts'
import { createPublishRejects } from '../../flow/publish-rejects.ts'
import type { EventLog } from '../../log/log.ts'
import { rejectsTopicOf, shardsOf } from '../../model/catalog.ts'
import type { Step } from '../../model/step.ts'
import { Fault } from '../../std/fault.ts'
import { createOutage } from '../../std/outage.ts'
import { openDuckDbStore } from '../../store/duckdb/duckdb.ts'
import type { Committed, Store, StoreState } from '../../store/store.ts'
import type { CommandContext } from '../terminal/command.ts'
import { openArchive } from './archive.ts'
import { dataDirOf, holdLayout, makeDataDir, readSecret } from './data-dir.ts'
import type { End } from './end.ts'
import { createEnd } from './end.ts'
import { openLog, openRejects } from './open-log.ts'
import { createVoice } from './voice.ts'

export interface Embedded extends AsyncDisposable {
  readonly log: EventLog
  readonly collector: Collector
  /** The store that is open now. Throws STORE_UNAVAILABLE between two lives of it. */
  store(): Store
  /** Does work that has the store to itself, between two steps. Called after `begin`. */
  readonly hold: Holds['run']
  /** Begins to digest. Called once; resolves when the store is loaded for the first time. */
  begin(listeners: EmbeddedListeners): Promise<void>
  /** Digests all that is in the log, commits it, and ends. Called after `begin`. */
  drain(): Promise<void>
}

export interface EmbeddedListeners {
  /** Is told how far the store was, whenever it was opened. */
  readonly onLoad: (state: StoreState) => void
  readonly onCommit: (committed: Committed, step: Step) => void
  /** Is told when the digest ends by a fault, so that the process can end too. */
  readonly onEnd: (error: unknown) => void
}

const LOG_WAITS = 'events are answered with 503 and counting waits'

/** Opens store and log of the context's data directory, which is made where it is missing. */
export async function openEmbedded(context: CommandContext): Promise<Embedded> {
  const { config, clock } = context
  const { settings, catalog } = config
  const directory = dataDirOf(settings.data)
  makeDataDir(directory)
  const secret = readSecret(directory)
  // Opened before the log: its lock tells whether another process holds the directory.
  const first = await openStoreOf(context)
  const voice = createVoice(context.terminal, 'counting again')
  const log = await openLog(context, voice.of(LOG_WAITS))
  const rejects = await openRejects(context)
  const archive = await openArchive(context, join(directory.scratch, 'start'))
  const openNext = openFirst(first, context)
  let current: Store | null = null
  let digest: Promise<void> | null = null
  const drain = new AbortController()
  const stop = new AbortController()
  const holds = createHolds()
  return {
    log,
    collector: createIngest({ log, catalog, clock }),
    store: () => {
      if (current === null) throw new Fault('STORE_UNAVAILABLE', 'the store is not open yet')
      return current
    },
    hold: work => holds.run(work),
    begin: async listeners => {
      const loaded = Promise.withResolvers<void>()
      digest = runDigest({
        log,
        openStore: async () => {
          current = await openNext()
          return current
        },
        shards: shardsOf(catalog),
        catalog,
        plans: config.plans,
        secret,
        idsMemoryMax: settings.seenIdsMemoryMax,
        commitMs: settings.commitInterval,
        clock,
        onLoad: state => {
          listeners.onLoad(state)
          loaded.resolve()
        },
        onCommit: listeners.onCommit,
        holds,
        ...(archive === null ? {} : { archive: archive.settings, onPull: archive.onPull }),
        ...(rejects === null
          ? {}
          : { publishRejects: createPublishRejects(rejects, rejectsTopicOf(catalog), clock) }),
        outage: createOutage(voice.of('counting waits')),
        drain: drain.signal,
        signal: stop.signal,
      })
      digest.catch((error: unknown) => {
        loaded.reject(error)
        listeners.onEnd(error)
      })
      await loaded.promise
    },
    drain: async () => {
      drain.abort()
      await digest
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      if (digest === null) await first[Symbol.asyncDispose]()
      else await digest.catch(() => undefined)
      await archive?.[Symbol.asyncDispose]()
      await rejects?.[Symbol.asyncDispose]()
      await log[Symbol.asyncDispose]()
    },
  }
}

/** Gives the store that is open already, and later ones as they are asked for. */
function openFirst(first: Store, context: CommandContext): () => Promise<Store> {
  let next: Store | null = first
  return async () => {
    const store = next ?? (await openStoreOf(context))
    next = null
    return store
  }
}

/** Opens the store of the context's data directory, as the only process that does. */
export async function openStoreOf(context: CommandContext): Promise<Store> {
  const { settings, plans, catalog } = context.config
  const { partitions, partitioner, topicPrefix } = catalog
  const log = context.config.kafka === null ? 'segments' : 'kafka'
  holdLayout(dataDirOf(settings.data), { partitions, partitioner, topicPrefix, log })
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

/** Begins for a command that nobody asks anything meanwhile. */
export async function beginAlone(embedded: Embedded, signal: AbortSignal): Promise<End> {
  const end = createEnd(signal)
  await embedded.begin({
    onLoad: () => undefined,
    onCommit: () => undefined,
    onEnd: error => end.fail(error),
  })
  return end
}
