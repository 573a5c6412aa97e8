/**
 * A deployment whose processes run apart, over real brokers: collect, serve, and any number of
 * digest workers, with visitors at the door for as long as it is open. In the end its answers are
 * held to what the brokers have.
 */
import { join } from 'node:path'
import type { Judged } from '../oracle/judge.ts'
import { assertStored } from './against-oracle.ts'
import { createPrefix } from './broker.ts'
import { assertAsOracle } from './kafka-corridor.ts'
import { createPlace } from './place.ts'
import type { Settings, WeirChild, WeirProcess } from './process.ts'
import { spawnCommand, whenReady } from './process.ts'
import type { ProgressWatch } from './progress-watch.ts'
import { watchProgress } from './progress-watch.ts'
import type { Answered } from './visitors.ts'
import { createVisitors } from './visitors.ts'

/** A worker, and the directory that is its disk. */
export interface FleetWorker extends WeirProcess {
  readonly disk: string
}

export interface Fleet extends AsyncDisposable {
  /** The disk of each process is a folder in it: `serve-1`, `digest-2`, … */
  readonly directory: string
  /** Of its topics. */
  readonly prefix: string
  readonly collect: WeirProcess
  readonly serve: WeirProcess
  /** Those that live, the longest first. */
  readonly workers: readonly FleetWorker[]
  readonly watch: ProgressWatch
  /** What requests at the door came to. */
  readonly answers: readonly Answered[]
  /** One more worker; resolves when it has a share. `WEIR_DATA` is its disk; else a new one. */
  join(settings?: Settings): Promise<FleetWorker>
  /** One that may die before it has a share. */
  spawnWorker(settings: Settings): WeirChild
  /** The last words of every process, for people. */
  log(): string
  /**
   * Sends the visitors home, waits until all is counted, and compares. Throws where an item that
   * was acknowledged is lost, or any number is not the oracle's.
   */
  settle(): Promise<Settled>
}

export interface Settled {
  /** Items that were acknowledged. */
  readonly acknowledgedCount: number
  /** What the brokers have, as the oracle judges it. */
  readonly judged: readonly Judged[]
}

export interface FleetOptions {
  readonly bootstrap: string
  readonly seed: number
  /** At the beginning. */
  readonly workers: number
  /** After so much silence a worker is taken for dead: as Weir's setting is written. */
  readonly session: string
  /** Of every process; WEIR_RESULTS is a directory unless it is here. */
  readonly settings?: Settings
  /** Of workers, besides. */
  readonly workerSettings?: Settings
}

const UNPARSED = 'weir.unparsed'
/** Nobody of these visitors sends it. */
const UNUSED = 'add_to_wishlist'
/** Four connections: some 400 events a second. */
const PAUSE_MS_MAX = 300
const LOG_CHARACTERS_MAX = 3_000

/** Throws an Error with what a process said that was never ready. */
export async function openFleet(options: FleetOptions): Promise<Fleet> {
  const owned = new AsyncDisposableStack()
  return await open(options, owned).catch(async (error: unknown) => {
    await owned.disposeAsync()
    throw error
  })
}

async function open(options: FleetOptions, owned: AsyncDisposableStack): Promise<Fleet> {
  const place = owned.use(await createPlace())
  const prefix = createPrefix()
  const settings: Settings = {
    WEIR_KAFKA: options.bootstrap,
    WEIR_KAFKA_GROUP: `${prefix}workers`,
    WEIR_KAFKA_SESSION: options.session,
    WEIR_TOPIC_PREFIX: prefix,
    WEIR_RESULTS: join(place.directory, 'results'),
    WEIR_PORT: '0',
    ...options.settings,
  }
  const children: { readonly name: string; readonly child: WeirChild }[] = []
  const spawn = (command: string, own: Settings): WeirChild => {
    const name = `${command}-${children.length}`
    const data = { WEIR_DATA: join(place.directory, name) }
    const child = owned.use(spawnCommand([command], { ...settings, ...data, ...own }))
    children.push({ name, child })
    return child
  }
  const all: FleetWorker[] = []
  const spawnWorker = (own: Settings): WeirChild =>
    spawn('digest', { ...options.workerSettings, ...own })
  const newDisk = (): string => join(place.directory, `digest-${children.length}`)
  const admit = async (own: Settings = {}): Promise<FleetWorker> => {
    const { WEIR_DATA: disk = newDisk() } = own
    const worker = { ...(await whenReady(spawnWorker({ ...own, WEIR_DATA: disk }))), disk }
    all.push(worker)
    return worker
  }
  const [collect, serve] = await Promise.all([
    whenReady(spawn('collect', {})),
    whenReady(spawn('serve', {})),
    ...Array.from({ length: options.workers }, () => admit()),
  ])
  const isBusy = (topic: string): boolean => !topic.endsWith(UNPARSED) && !topic.endsWith(UNUSED)
  const watch = owned.use(watchProgress(serve.url, isBusy))
  const answers: Answered[] = []
  const onAnswer = (answered: Answered): void => void answers.push(answered)
  const visitors = createVisitors(options.seed, { pauseMsMax: PAUSE_MS_MAX, onAnswer })
  const home = new AbortController()
  const visit = visitors.visit(collect.url, home.signal)
  owned.defer(async () => {
    home.abort()
    await visit.catch(() => undefined)
  })
  return {
    directory: place.directory,
    prefix,
    collect,
    serve,
    get workers() {
      return all.filter(worker => !worker.gone.aborted)
    },
    watch,
    answers,
    join: admit,
    log: () =>
      children
        .map(({ name, child }) => `--- ${name}\n${child.stderr().slice(-LOG_CHARACTERS_MAX)}`)
        .join('\n'),
    spawnWorker,
    settle: async () => {
      home.abort()
      await visit
      await watch.digested()
      const judged = await assertAsOracle({ prefix, serve }, options.bootstrap)
      assertStored(
        visitors.acknowledged,
        judged.map(({ record }) => record),
      )
      return { acknowledgedCount: visitors.acknowledged.size, judged }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
