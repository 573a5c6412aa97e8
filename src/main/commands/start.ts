/**
 * `weir start`: visitors → collector → log → engine → store → results, API and page, in one
 * process.
 */
import { existsSync } from 'node:fs'
import process from 'node:process'
import type { Door } from '../../api/node/http.ts'
import type { Rebuilds } from '../../flow/rebuild/rebuilds.ts'
import { toNews, toSwapNews } from '../../flow/serve/news.ts'
import type { Serving } from '../../flow/serve/serve.ts'
import { openServing } from '../../flow/serve/serve.ts'
import type { TraceLake } from '../../flow/trace/trace-lake.ts'
import { openRepairBook, openRepairView } from '../../repair/repair.ts'
import { Fault, isFault } from '../../std/fault.ts'
import { SECOND_MS } from '../../std/units.ts'
import { createRunAnswers, withRuns } from '../../store/results/runs.ts'
import { openDoor } from '../running/access.ts'
import { createBench, openTraceLake } from '../running/bench.ts'
import { dataDirOf, removeNote, writeLocalKey, writeNote } from '../running/data-dir.ts'
import type { Embedded } from '../running/embedded.ts'
import { openEmbedded, PAGE_DIRECTORY } from '../running/embedded.ts'
import { createEnd } from '../running/end.ts'
import { assertImportable } from '../running/import-file.ts'
import { runMetrics } from '../running/metrics.ts'
import { findPeer } from '../running/peer.ts'
import { openPlace } from '../running/place.ts'
import { createRebuildsOf } from '../running/rebuilds.ts'
import { bookOptionsOf, toLocalSend } from '../running/repairs.ts'
import { toReportLine } from '../running/report.ts'
import { runTraffic } from '../running/traffic.ts'
import { runUntil, toServerOptions } from '../running/until.ts'
import { VERSION } from '../running/version.ts'
import { growYoungHeap } from '../running/young-heap.ts'
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
  settings: ['port', 'data', 'traffic', 'host', 'keys', 'archive'],
  examples: [
    'weir start',
    'weir start --traffic 0 --port 9000 --data /var/lib/weir',
    'weir start --traffic 0 --import events.ndjson',
  ],
  run: runStart,
}

const REPORT_MS = 5 * SECOND_MS
const REPORT_FIRST_MS = 2 * SECOND_MS

async function runStart(context: CommandContext): Promise<number> {
  const { config, signal } = context
  const directory = dataDirOf(config.settings.data)
  const peer = await findPeer(directory, signal)
  if (peer !== null) {
    throw new Fault('DATA_DIR_BUSY', `weir runs already on ${directory.path}, at ${peer.url}`)
  }
  const path = context.flag('import')
  if (path !== undefined) await assertImportable(context, path)
  using _ = growYoungHeap()
  await using open = await openDoor(context)
  await using embedded = await openEmbedded(context)
  const end = createEnd(signal)
  await using lake = await openTraceLake(context)
  const rebuilds = createRebuildsOf(context, embedded, {
    onSwap: committed => serving.note(toSwapNews(committed, config.plans)),
    signal: end.signal,
  })
  const parts = { embedded, rebuilds, lake, door: open.door, signal: end.signal }
  await using serving = await openServingOf(context, parts)
  await embedded.begin({
    onLoad: state => serving.begin(state),
    onCommit: (committed, step) => serving.note(toNews(committed, step)),
    onEnd: error => end.fail(error),
  })
  serving.setPhase('ready')
  writeLocalKey(directory, open.localKey)
  writeNote(directory, { pid: process.pid, url: serving.url })
  talkUrls(context, serving.url)
  await runUntil(end, [
    serving.run(),
    runReports(context, { embedded, serving, signal: end.signal }),
    runMetrics(context, {
      service: 'start',
      sample: () => serving.sample(),
      signal: end.signal,
    }),
    runTraffic(context, { url: serving.url, key: open.localKey, signal: end.signal }),
    ...(path === undefined ? [] : [importInto(context, { path, embedded, signal: end.signal })]),
  ])
  serving.setPhase('draining')
  context.terminal.talk('weir: draining …')
  await rebuilds.idle()
  await serving[Symbol.asyncDispose]()
  removeNote(directory)
  end.throwIfFailed()
  await embedded.drain()
  context.terminal.talk('weir: stopped; start again to go on')
  return 0
}

interface ServingParts {
  readonly embedded: Embedded
  readonly rebuilds: Rebuilds
  readonly door: Door
  readonly lake: TraceLake | null
  readonly signal: AbortSignal
}

async function openServingOf(
  context: CommandContext,
  { embedded, rebuilds, lake, door, signal }: ServingParts,
): Promise<Serving> {
  const { config } = context
  const runs = createRunAnswers(await openPlace(context), config.plans)
  const book = await bookOptionsOf(context)
  return await openServing({
    catalog: config.catalog,
    plans: config.plans,
    collector: embedded.collector,
    log: embedded.log,
    store: () => withRuns(embedded.store(), runs),
    rebuilds,
    repairs: openRepairView(book),
    repairing: { book: openRepairBook(book), send: toLocalSend(embedded.collector) },
    lake,
    bench: createBench(context),
    pageDirectory: existsSync(PAGE_DIRECTORY) ? PAGE_DIRECTORY : null,
    signal,
    ...toServerOptions(context, config.settings.port, door),
  })
}

function talkUrls({ config, terminal }: CommandContext, url: string): void {
  const { traffic, data } = config.settings
  terminal.talk(`weir ${VERSION}: ready, data in ${data}`)
  terminal.talk(`  page     ${url}/`)
  terminal.talk(`  collect  POST ${url}/v1/events`)
  terminal.talk(`  answers  ${url}/v1/metrics/top_products`)
  terminal.talk(`  ledger   ${url}/v1/audit`)
  if (traffic > 0) {
    terminal.talk(`  synthetic visitors send ${traffic} events/s; --traffic 0 turns them off`)
  }
}

interface ReportOptions {
  readonly embedded: Embedded
  readonly serving: Serving
  readonly signal: AbortSignal
}

async function runReports(context: CommandContext, options: ReportOptions): Promise<void> {
  const { clock, terminal } = context
  const { embedded, serving, signal } = options
  let last: string | null = null
  await clock.sleep(REPORT_FIRST_MS, signal)
  while (!signal.aborted) {
    try {
      const line = await toReportLine(embedded.store(), serving.progress)
      if (line !== null && line !== last) terminal.print(line)
      last = line
    } catch (error) {
      // The store is between two lives: the digest has said so.
      if (!isFault(error)) throw error
    }
    await clock.sleep(REPORT_MS, signal)
  }
}
