/**
 * `weir start`: visitors → collector → log → engine → store → results, API and page, in one
 * process.
 */
import { existsSync } from 'node:fs'
import process from 'node:process'
import { createApi } from '../../api/api.ts'
import type { HttpServer } from '../../api/node/http.ts'
import { serveHttp } from '../../api/node/http.ts'
import { createCollectorHandler } from '../../collector/http.ts'
import { createLivePublisher } from '../../flow/publish-live.ts'
import { createLive } from '../../live/live.ts'
import { Fault, isFault, messageOf } from '../../std/fault.ts'
import { MIB, SECOND_MS } from '../../std/units.ts'
import { dataDirOf, removeNote, writeNote } from '../running/data-dir.ts'
import type { Embedded } from '../running/embedded.ts'
import { openEmbedded, PAGE_DIRECTORY } from '../running/embedded.ts'
import { findPeer } from '../running/peer.ts'
import { toReportLine } from '../running/report.ts'
import { runTraffic } from '../running/traffic.ts'
import { VERSION } from '../running/version.ts'
import type { Command, CommandContext } from '../terminal/command.ts'
import { importInto } from './import.ts'

export const startCommand: Command = {
  name: 'start',
  about: 'runs everything in one process, with synthetic visitors',
  positionals: [],
  flags: {
    import: { value: 'FILE', about: 'also imports a file of events' },
    mapping: { value: 'FILE', about: 'how the columns of a CSV file become events' },
  },
  settings: ['port', 'data', 'traffic', 'host'],
  examples: [
    'weir start',
    'weir start --traffic 0 --port 9000 --data /var/lib/weir',
    'weir start --traffic 0 --import events.ndjson',
  ],
  run: runStart,
}

const REPORT_MS = 5 * SECOND_MS
const REPORT_FIRST_MS = 2 * SECOND_MS
const LIVE_CLIENTS_MAX = 200
const LIVE_BUFFER_BYTES_MAX = 4 * MIB

interface Running {
  phase: 'starting' | 'ready' | 'draining'
  progress: number | null
  freshnessS: number | null
}

async function runStart(context: CommandContext): Promise<number> {
  const { config, clock, terminal, signal } = context
  const directory = dataDirOf(config.settings.data)
  const peer = await findPeer(directory, signal)
  if (peer !== null) {
    throw new Fault('DATA_DIR_BUSY', `weir runs already on ${directory.path}, at ${peer.url}`)
  }
  const startMs = clock.now()
  const running: Running = { phase: 'starting', progress: null, freshnessS: null }
  const end = new AbortController()
  let failure: unknown = null
  const fail = (error: unknown): void => {
    failure = error
    end.abort()
  }
  const ended = AbortSignal.any([signal, end.signal])
  // Questions are answered until the very end.
  const closed = new AbortController()
  const report = (error: unknown): void => terminal.talk(`weir: ${toBugText(error)}`)

  let noteCommit: Parameters<typeof openEmbedded>[0]['onCommit'] = () => undefined
  const embedded = await openEmbedded({
    context,
    onCommit: (committed, step) => noteCommit(committed, step),
    onEnd: fail,
  })
  await using _embedded = embedded
  const publisher = createLivePublisher({
    plans: config.plans,
    clock,
    ...createSources(embedded, closed.signal),
  })
  noteCommit = (committed, step) => {
    running.progress = committed.progress
    const arrivals = step.shards.flatMap(shard => shard.arrivalMs ?? [])
    if (arrivals.length > 0) running.freshnessS = (clock.now() - Math.min(...arrivals)) / SECOND_MS
    publisher.note(committed, step)
  }
  await using hub = createLive({
    clock,
    clientCountMax: LIVE_CLIENTS_MAX,
    bufferBytesMax: LIVE_BUFFER_BYTES_MAX,
    onConnect: () => publisher.snapshot(),
    report,
  })
  const collectorHandler = createCollectorHandler({
    collector: embedded.collector,
    signal: ended,
    report,
  })
  const app = createApi({
    plans: config.plans,
    ...createSources(embedded, closed.signal),
    status: () => ({ phase: running.phase, progress: running.progress, version: VERSION }),
    counters: () => ({
      startMs,
      residentBytes: process.memoryUsage.rss(),
      freshnessS: running.freshnessS,
      live: hub.counters(),
      collector: collectorHandler.counters(),
    }),
    report,
  })
  const server = await serveHttp({
    app,
    collectorHandler: collectorHandler.handle,
    liveHandler: hub.handle,
    staticDirectory: existsSync(PAGE_DIRECTORY) ? PAGE_DIRECTORY : null,
    host: config.settings.host,
    port: config.settings.port,
    hostsAllowed: [],
    originsAllowed: [],
    clock,
    report,
  })
  await embedded.ready
  running.phase = 'ready'
  writeNote(directory, { pid: process.pid, url: server.url })
  printUrls(context, server)

  const tasks = [
    publisher.run(hub, ended),
    runReports(context, { embedded, running, signal: ended }),
    runTraffic(context, { url: server.url, signal: ended }),
    importIfAsked(context, embedded, ended),
  ].map(task => task.catch(fail))
  await new Promise<void>(resolve => {
    if (ended.aborted) resolve()
    ended.addEventListener('abort', () => resolve())
  })

  running.phase = 'draining'
  terminal.talk('weir: draining …')
  await Promise.all(tasks)
  await hub[Symbol.asyncDispose]()
  await server.close()
  removeNote(directory)
  if (failure !== null) throw failure
  await embedded.drain()
  terminal.talk('weir: stopped; start again to go on')
  return 0
}

/** What the API and the live stream ask: of the store that is open at that moment, and the log. */
function createSources(
  embedded: Embedded,
  signal: AbortSignal,
): Pick<Parameters<typeof createApi>[0], 'query' | 'audit' | 'rejects' | 'bounds'> {
  return {
    query: question => embedded.store().query(question),
    audit: () => embedded.store().audit(),
    rejects: question => embedded.store().rejects(question),
    bounds: () => embedded.log.bounds(signal),
  }
}

function printUrls({ config, terminal }: CommandContext, server: HttpServer): void {
  const { traffic, data } = config.settings
  terminal.talk(`weir ${VERSION}: ready, data in ${data}`)
  terminal.talk(`  page     ${server.url}/`)
  terminal.talk(`  collect  POST ${server.url}/v1/events`)
  terminal.talk(`  answers  ${server.url}/v1/metrics/top_products`)
  terminal.talk(`  ledger   ${server.url}/v1/audit`)
  if (traffic > 0) {
    terminal.talk(`  synthetic visitors send ${traffic} events/s; --traffic 0 turns them off`)
  }
}

interface ReportOptions {
  readonly embedded: Embedded
  readonly running: Running
  readonly signal: AbortSignal
}

async function runReports(context: CommandContext, options: ReportOptions): Promise<void> {
  const { clock, terminal } = context
  let last: string | null = null
  await clock.sleep(REPORT_FIRST_MS, options.signal)
  while (!options.signal.aborted) {
    try {
      const line = await toReportLine(options.embedded.store(), options.running.progress)
      if (line !== null && line !== last) terminal.print(line)
      last = line
    } catch (error) {
      // The store is between two lives: the digest has said so.
      if (!isFault(error)) throw error
    }
    await clock.sleep(REPORT_MS, options.signal)
  }
}

async function importIfAsked(
  context: CommandContext,
  embedded: Embedded,
  signal: AbortSignal,
): Promise<void> {
  const path = context.flag('import')
  if (path === undefined) return
  await importInto(context, { path, embedded, signal })
}

function toBugText(error: unknown): string {
  return isFault(error) ? error.message : `internal error: ${messageOf(error)}`
}
