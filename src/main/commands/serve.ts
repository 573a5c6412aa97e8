/** `weir serve`: answers, live stream and page, from what digest workers publish. */
import { existsSync } from 'node:fs'
import process from 'node:process'
import { createIngest } from '../../flow/ingest.ts'
import type { PlaceReader } from '../../flow/serve/place-reader.ts'
import { openPlaceReader } from '../../flow/serve/place-reader.ts'
import type { Serving } from '../../flow/serve/serve.ts'
import { openServing } from '../../flow/serve/serve.ts'
import { openRepairBook, openRepairView } from '../../repair/repair.ts'
import { isFault, messageOf } from '../../std/fault.ts'
import { openDoor } from '../running/access.ts'
import { createBench, openTraceLake } from '../running/bench.ts'
import {
  dataDirOf,
  makeDataDir,
  readNote,
  removeNote,
  writeLocalKey,
  writeNote,
} from '../running/data-dir.ts'
import { PAGE_DIRECTORY } from '../running/embedded.ts'
import { createEnd } from '../running/end.ts'
import { runMetrics } from '../running/metrics.ts'
import { openTopics } from '../running/open-log.ts'
import { assertApart, layoutOf, lookMsOf, openPlace, placeOf } from '../running/place.ts'
import { bookOptionsOf, toLocalSend } from '../running/repairs.ts'
import { runUntil, toServerOptions } from '../running/until.ts'
import { VERSION } from '../running/version.ts'
import { createVoice } from '../running/voice.ts'
import type { Command, CommandContext } from '../terminal/command.ts'

const PORT_DEFAULT = 8788

export const serveCommand: Command = {
  name: 'serve',
  about: 'answers questions from what digest workers have counted, with the page',
  positionals: [],
  flags: {},
  settings: ['kafka', 'results', 'port', 'host', 'keys', 'data'],
  examples: [
    'weir serve --kafka 127.0.0.1:9092 --results ./results',
    'WEIR_KAFKA=b1:9092,b2:9092 weir serve --results /mnt/weir --port 8080',
    'weir serve --kafka b1:9092 --results s3://shop-results/weir',
  ],
  run: async context => {
    assertApart(context, 'serve')
    const { config, terminal, signal } = context
    await using open = await openDoor(context)
    const directory = dataDirOf(config.settings.data)
    makeDataDir(directory)
    await using objects = await openPlace(context)
    await using reader = await openPlaceReader({
      objects,
      plans: config.plans,
      layout: layoutOf(context, null),
    })
    await using log = await openTopics(context, {
      onOutage: createVoice(terminal, 'kafka answers again').of('lag is not known'),
    })
    const book = await bookOptionsOf(context, 'place')
    const collector = createIngest({ log, catalog: config.catalog, clock: context.clock })
    await using lake = await openTraceLake(context)
    const end = createEnd(signal)
    await using serving = await openServing({
      catalog: config.catalog,
      plans: config.plans,
      collector: null,
      log,
      store: () => reader.answers,
      repairs: openRepairView(book),
      repairing: { book: openRepairBook(book), send: toLocalSend(collector) },
      lake,
      rebuilds: null,
      bench: createBench(context),
      pageDirectory: existsSync(PAGE_DIRECTORY) ? PAGE_DIRECTORY : null,
      signal: end.signal,
      ...toServerOptions(context, PORT_DEFAULT, open.door),
    })
    serving.setPhase('ready')
    const isNoted = readNote(directory) === null
    if (isNoted) {
      writeLocalKey(directory, open.localKey)
      writeNote(directory, { pid: process.pid, url: serving.url })
    }
    terminal.talk(`weir ${VERSION}: answering from ${placeOf(context)}`)
    terminal.talk(`  page     ${serving.url}/`)
    terminal.talk(`  answers  ${serving.url}/v1/metrics/top_products`)
    terminal.talk(`  ledger   ${serving.url}/v1/audit`)
    const { signal: ended } = end
    await runUntil(end, [
      serving.run(),
      watch(context, { reader, serving, signal: ended }),
      runMetrics(context, { service: 'serve', sample: () => serving.sample(), signal: ended }),
    ])
    if (isNoted) removeNote(directory)
    end.throwIfFailed()
    terminal.talk('weir: stopped')
    return 0
  },
}

interface Watched {
  readonly reader: PlaceReader
  readonly serving: Serving
  readonly signal: AbortSignal
}

/** Looks for what was committed, and tells the live stream. */
async function watch(context: CommandContext, { reader, serving, signal }: Watched): Promise<void> {
  const { clock, terminal } = context
  const lookMs = lookMsOf(context)
  let isOut = false
  while (!signal.aborted) {
    try {
      const news = await reader.refresh(signal)
      if (news !== null) serving.note(news)
      if (isOut) terminal.talk('weir: results can be read again')
      isOut = false
    } catch (error) {
      if (signal.aborted) return
      if (!isFault(error) || error.retry === 'never') throw error
      if (!isOut) terminal.talk(`weir: answers stay as they are: ${messageOf(error)}`)
      isOut = true
    }
    await clock.sleep(lookMs, signal)
  }
}
