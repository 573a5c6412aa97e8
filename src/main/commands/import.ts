/**
 * `weir import FILE`: a file of real events, through the front door, until its last is digested.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { AuditAnswer } from '../../api/contract.ts'
import type { Collector, Item } from '../../collector/collector.ts'
import type { ImportProgress, ImportTarget } from '../../flow/import.ts'
import { runImport } from '../../flow/import.ts'
import type { ImportItem, ImportPosition } from '../../importer/importer.ts'
import { openImportSource } from '../../importer/importer.ts'
import type { Mapping } from '../../importer/mapping.ts'
import { parseMapping } from '../../importer/mapping.ts'
import { concatBytes, fromUtf8, toUtf8 } from '../../std/bytes.ts'
import { Fault, messageOf, systemCodeOf } from '../../std/fault.ts'
import { SECOND_MS, toSizeText } from '../../std/units.ts'
import { dataDirOf } from '../running/data-dir.ts'
import type { Embedded } from '../running/embedded.ts'
import { openEmbedded } from '../running/embedded.ts'
import type { Peer } from '../running/peer.ts'
import { findPeer } from '../running/peer.ts'
import type { Command, CommandContext } from '../terminal/command.ts'

export const importCommand: Command = {
  name: 'import',
  about: 'imports a file of events: JSON, NDJSON or CSV, also gzip or zstd',
  positionals: ['FILE'],
  flags: {
    mapping: { value: 'FILE', about: 'how the columns of a CSV file become events' },
    strict: { value: null, about: 'exit 1 where a line was invalid' },
  },
  settings: ['data'],
  examples: [
    'weir import events.ndjson',
    'weir import shop.csv.gz --mapping shop.mapping.json',
    'weir import 2019-Oct.csv --strict',
  ],
  run: async context => {
    const path = context.positionals[0] ?? ''
    const peer = await findPeer(dataDirOf(context.config.settings.data), context.signal)
    const done =
      peer === null ? await importAlone(context, path) : await importBeside(context, path, peer)
    if (context.signal.aborted) return EXIT_INTERRUPTED
    return context.isSet('strict') && done.invalidCount > 0 ? EXIT_STRICT : 0
  },
}

const EXIT_STRICT = 1
const EXIT_INTERRUPTED = 130
const POLL_MS = 100
/** A saved position is at most this old: a few lines more are read again. */
const SAVE_MS = SECOND_MS
const NEWLINE = toUtf8('\n')
const OPEN = toUtf8('[')
const COMMA = toUtf8(',')
const CLOSE = toUtf8(']')

/** Nothing else runs: the data directory is opened here, and closed when all is digested. */
async function importAlone(context: CommandContext, path: string): Promise<ImportProgress> {
  let failure: unknown = null
  const end = new AbortController()
  await using embedded = await openEmbedded({
    context,
    onCommit: () => undefined,
    onEnd: error => {
      failure = error
      end.abort()
    },
  })
  const signal = AbortSignal.any([context.signal, end.signal])
  const done = await importFile(context, {
    path,
    target: toLocalTarget(embedded.collector, path),
    signal,
  })
  if (failure !== null) throw failure
  await embedded.drain()
  talkDone(context, path, done)
  return done
}

/** For `weir start --import`: into the log of this process; its digest is running. */
export async function importInto(
  context: CommandContext,
  options: { readonly path: string; readonly embedded: Embedded; readonly signal: AbortSignal },
): Promise<void> {
  const { path, embedded, signal } = options
  const target = toLocalTarget(embedded.collector, path)
  const done = await importFile(context, { path, target, signal })
  talkDone(context, path, done)
}

async function importBeside(
  context: CommandContext,
  path: string,
  peer: Peer,
): Promise<ImportProgress> {
  context.terminal.talk(`weir: importing through ${peer.url}`)
  const { signal } = context
  const done = await importFile(context, { path, target: toPeerTarget(peer, path), signal })
  await waitUntilDigested(context, peer)
  talkDone(context, path, done)
  return done
}

interface ImportFileOptions {
  readonly path: string
  readonly target: ImportTarget
  readonly signal: AbortSignal
}

async function importFile(
  context: CommandContext,
  { path, target, signal }: ImportFileOptions,
): Promise<ImportProgress> {
  const { clock, terminal } = context
  const mapping = readMapping(context.flag('mapping'))
  const saved = createSavedPosition(context, path)
  const from = saved.read()
  if (from !== null) terminal.talk(`weir: going on with ${path} at line ${from.line}`)
  await using source = await openImportSource({ path: resolve(path), mapping, from, signal })
  const startMs = clock.monotonic()
  let savedMs = startMs
  const done = await runImport({
    source,
    target,
    signal,
    onProgress: async (progress, position) => {
      const nowMs = clock.monotonic()
      terminal.progress(toProgressText(progress, (nowMs - startMs) / SECOND_MS))
      if (nowMs - savedMs < SAVE_MS) return
      savedMs = nowMs
      saved.write(position)
    },
  })
  terminal.progress(null)
  if (!signal.aborted) saved.remove()
  return done
}

function readMapping(path: string | undefined): Mapping | null {
  if (path === undefined) return null
  try {
    return parseMapping(readFileSync(path, 'utf8'), path)
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    const code = systemCodeOf(cause) === null ? 'CONFIG_INVALID' : 'FILE_UNREADABLE'
    throw new Fault(code, `mapping ${path} cannot be read: ${messageOf(cause)}`, { cause })
  }
}

interface SavedPosition {
  read(): ImportPosition | null
  write(position: ImportPosition): void
  remove(): void
}

/** Of one file as it is now: another size or time of change makes it another file. */
function createSavedPosition(context: CommandContext, path: string): SavedPosition {
  const directory = dataDirOf(context.config.settings.data).imports
  const { size, mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { size: 0, mtimeMs: 0 }
  const identity = [resolve(path), size, mtimeMs, context.flag('mapping')]
  const name = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32)
  const file = join(directory, `${name}.json`)
  return {
    read: () => {
      try {
        return JSON.parse(readFileSync(file, 'utf8')) as ImportPosition
      } catch {
        return null
      }
    },
    write: position => {
      mkdirSync(directory, { recursive: true })
      writeFileSync(`${file}.new`, JSON.stringify(position))
      renameSync(`${file}.new`, file)
    },
    remove: () => rmSync(file, { force: true }),
  }
}

function toLocalTarget(collector: Collector, path: string): ImportTarget {
  const file = basename(path)
  return {
    store: async (items, signal) => {
      const answers = await collector.collect(
        items.map((item): Item => {
          const { line, reason, cut } = item
          return { bytes: item.value, origin: { reason, file, line, cut } }
        }),
        signal,
      )
      return answers.filter(answer => answer.status === 'invalid').length
    },
  }
}

/** Items that are events go as NDJSON; a line that is none goes alone, with where it came from. */
function toPeerTarget(peer: Peer, path: string): ImportTarget {
  const file = basename(path)
  const post = async (
    body: Uint8Array,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<number> => {
    const answer = (await peer.post('/v1/events', { body, headers }, signal)) as {
      readonly items: readonly { readonly status: string }[]
    }
    return answer.items.filter(item => item.status === 'invalid').length
  }
  return {
    store: async (items, signal) => {
      const { line = [], list = [], alone = [] } = Object.groupBy(items, toTravel)
      let invalidCount = 0
      if (line.length > 0) {
        const body = concatBytes(line.flatMap(item => [item.value, NEWLINE]))
        invalidCount += await post(body, { 'Content-Type': 'application/x-ndjson' }, signal)
      }
      if (list.length > 0) {
        const body = concatBytes([
          OPEN,
          ...list.flatMap(item => [COMMA, item.value]).slice(1),
          CLOSE,
        ])
        invalidCount += await post(body, { 'Content-Type': 'application/json' }, signal)
      }
      for (const item of alone) {
        const headers: Record<string, string> = {
          'Content-Type': 'application/octet-stream',
          'X-Weir-File': encodeURIComponent(file),
          'X-Weir-Line': String(item.line),
        }
        if (item.reason !== null) headers['X-Weir-Reason'] = item.reason
        if (item.cut !== null) {
          headers['X-Weir-Length'] = String(item.cut.lengthBytes)
          headers['X-Weir-Sha256'] = item.cut.sha256
        }
        invalidCount += await post(item.value, headers, signal)
      }
      return invalidCount
    },
  }
}

const LINE_FEED = 0x0a

/**
 * How an item travels: as a line among others, in a list (it is written over several lines), or
 * alone, since what is broken could take its neighbours along.
 */
function toTravel(item: ImportItem): 'line' | 'list' | 'alone' {
  if (item.reason !== null || item.cut !== null || !isObject(item.value)) return 'alone'
  return item.value.includes(LINE_FEED) ? 'list' : 'line'
}

function isObject(bytes: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(fromUtf8(bytes))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/** Waits until all that the log held when this was called is digested. */
async function waitUntilDigested(context: CommandContext, peer: Peer): Promise<void> {
  const { clock, signal } = context
  const ask = async (): Promise<AuditAnswer> => (await peer.get('/v1/audit', signal)) as AuditAnswer
  const name = (line: { topic: string; partition: number }): string =>
    `${line.topic}/${line.partition}`
  const goals = new Map((await ask()).partitions.map(line => [name(line), line.offset_end]))
  while (!signal.aborted) {
    const { partitions } = await ask()
    if (partitions.every(line => line.offset_next >= (goals.get(name(line)) ?? 0))) return
    await clock.sleep(POLL_MS, signal)
  }
}

function toProgressText(progress: ImportProgress, seconds: number): string {
  const share = progress.bytesTotal === 0 ? 1 : progress.bytesRead / progress.bytesTotal
  const width = 24
  const filled = Math.min(width, Math.round(share * width))
  const bar = '█'.repeat(filled) + '░'.repeat(width - filled)
  const rate = Math.round(progress.itemCount / Math.max(seconds, 0.001))
  const size = `${toSizeText(progress.bytesRead)} of ${toSizeText(progress.bytesTotal)}`
  return `${bar} ${Math.floor(share * 100)} %  ${size}  ${progress.itemCount} events  ${rate}/s`
}

function talkDone({ terminal, signal }: CommandContext, path: string, done: ImportProgress): void {
  const counts = `${done.itemCount} events, ${done.invalidCount} of them invalid`
  if (signal.aborted)
    terminal.talk(`weir: stopped in ${path} after ${counts}; import it again to go on`)
  else terminal.talk(`weir: imported ${path}: ${counts}`)
}
