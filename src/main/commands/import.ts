/**
 * `weir import FILE`: a file of real events, through the front door, until its last is digested.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ImportProgress, ImportTarget } from '../../flow/import.ts'
import { runImport } from '../../flow/import.ts'
import type { ImportPosition } from '../../importer/importer.ts'
import { openImportSource } from '../../importer/importer.ts'
import type { Mapping } from '../../importer/mapping.ts'
import { parseMapping } from '../../importer/mapping.ts'
import { Fault, messageOf, systemCodeOf } from '../../std/fault.ts'
import { SECOND_MS, toSizeText } from '../../std/units.ts'
import { dataDirOf } from '../running/data-dir.ts'
import type { Embedded } from '../running/embedded.ts'
import { openEmbedded } from '../running/embedded.ts'
import { createEnd } from '../running/end.ts'
import { toLocalTarget, toPeerTarget, waitUntilDigested } from '../running/import-target.ts'
import type { Peer } from '../running/peer.ts'
import { findPeer } from '../running/peer.ts'
import { createSavedPosition } from '../running/saved-position.ts'
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
    await assertImportable(context, path)
    const peer = await findPeer(dataDirOf(context.config.settings.data), context.signal)
    const done =
      peer === null ? await importAlone(context, path) : await importBeside(context, path, peer)
    if (context.signal.aborted) return EXIT_INTERRUPTED
    return context.isSet('strict') && done.invalidCount > 0 ? EXIT_STRICT : 0
  },
}

const EXIT_STRICT = 1
const EXIT_INTERRUPTED = 130
/** A saved position is at most this old: a few lines more are read again. */
const SAVE_MS = SECOND_MS

/**
 * Opens the file and its mapping once, to find what is wrong before anything is made or started.
 * Throws as `openImportSource` does, and CONFIG_INVALID for the mapping.
 */
export async function assertImportable(context: CommandContext, path: string): Promise<void> {
  const mapping = readMapping(context.flag('mapping'))
  const { signal } = context
  await using _source = await openImportSource({ path: resolve(path), mapping, from: null, signal })
}

/** Nothing else runs: the data directory is opened here, and closed when all is digested. */
async function importAlone(context: CommandContext, path: string): Promise<ImportProgress> {
  await using embedded = await openEmbedded(context)
  const end = createEnd(context.signal)
  await embedded.begin({
    onLoad: () => undefined,
    onCommit: () => undefined,
    onEnd: error => end.fail(error),
  })
  const target = toLocalTarget(embedded.collector, path)
  const done = await importFile(context, { path, target, signal: end.signal })
  end.throwIfFailed()
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
  const done = await importFile(context, {
    path,
    target: toPeerTarget(context, peer, path),
    signal,
  })
  if (!signal.aborted) await waitUntilDigested(context, peer)
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
  const saved = createSavedPosition(context, path, mapping)
  const from = saved.read()
  if (from !== null) terminal.talk(`weir: going on with ${path} at line ${from.line}`)
  await using source = await openImportSource({ path: resolve(path), mapping, from, signal })
  const startMs = clock.monotonic()
  const last: { position: ImportPosition | null; savedMs: number } = {
    position: null,
    savedMs: startMs,
  }
  const done = await runImport({
    source,
    target,
    signal,
    onProgress: async (progress, position) => {
      last.position = position
      const nowMs = clock.monotonic()
      terminal.progress(toProgressText(progress, (nowMs - startMs) / SECOND_MS))
      if (nowMs - last.savedMs < SAVE_MS) return
      last.savedMs = nowMs
      saved.write(position)
    },
  })
  terminal.progress(null)
  if (!signal.aborted) saved.remove()
  else if (last.position !== null) saved.write(last.position)
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
