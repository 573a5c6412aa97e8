/**
 * `weir start`: visitors → collector → log → engine → store → results, API and page, in one
 * process.
 */
import { existsSync } from 'node:fs'
import process from 'node:process'
import { toNews } from '../../flow/news.ts'
import type { Serving } from '../../flow/serve.ts'
import { openServing } from '../../flow/serve.ts'
import type { TraceLake } from '../../flow/trace-lake.ts'
import { openRepairBook, openRepairView } from '../../repair/repair.ts'
import { Fault, isFault } from '../../std/fault.ts'
import { SECOND_MS } from '../../std/units.ts'
import { createRunAnswers, withRuns } from '../../store/results/runs.ts'
import { createBench, openTraceLake } from '../running/bench.ts'
import { dataDirOf, removeNote, writeNote } from '../running/data-dir.ts'
import type { Embedded } from '../running/embedded.ts'
import { openEmbedded, PAGE_DIRECTORY } from '../running/embedded.ts'
import { createEnd } from '../running/end.ts'
import { assertImportable } from '../running/import-file.ts'
import { findPeer } from '../running/peer.ts'
import { openPlace } from '../running/place.ts'
import { bookOptionsOf, toLocalSend } from '../running/repairs.ts'
import { toReportLine } from '../running/report.ts'
import { runTraffic } from '../running/traffic.ts'
import { runUntil, toServerOptions } from '../running/until.ts'
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
  settings: ['port', 'data', 'traffic', 'host', 'archive'],
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
  await using embedded = await openEmbedded(context)
  const end = createEnd(signal)
  await using lake = await openTraceLake(context)
  await using serving = await openServingOf(context, { embedded, lake, signal: end.signal })
  await embedded.begin({
    onLoad: state => serving.begin(state),
    onCommit: (committed, step) => serving.note(toNews(committed, step)),
    onEnd: error => end.fail(error),
  })
  serving.setPhase('ready')
  writeNote(directory, { pid: process.pid, url: serving.url })
  talkUrls(context, serving.url)
  await runUntil(end, [
    serving.run(),
    runReports(context, { embedded, serving, signal: end.signal }),
    runTraffic(context, { url: serving.url, signal: end.signal }),
    ...(path === undefined ? [] : [importInto(context, { path, embedded, signal: end.signal })]),
  ])
  serving.setPhase('draining')
  context.terminal.talk('weir: draining …')
  await serving[Symbol.asyncDispose]()
  removeNote(directory)
  end.throwIfFailed()
  await embedded.drain()
  context.terminal.talk('weir: stopped; start again to go on')
  return 0
}

interface ServingParts {
  readonly embedded: Embedded
  readonly lake: TraceLake | null
  readonly signal: AbortSignal
}

async function openServingOf(
  context: CommandContext,
  { embedded, lake, signal }: ServingParts,
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
    repairs: openRepairView(book),
    repairing: { book: openRepairBook(book), send: toLocalSend(embedded.collector) },
    lake,
    bench: createBench(context),
    pageDirectory: existsSync(PAGE_DIRECTORY) ? PAGE_DIRECTORY : null,
    signal,
    ...toServerOptions(context, config.settings.port),
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
