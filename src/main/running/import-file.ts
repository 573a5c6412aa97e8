/**
 * A file on its way through a front door: its mapping, its progress, and where it was broken off.
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
import type { CommandContext } from '../terminal/command.ts'
import { createSavedPosition } from './saved-position.ts'

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

export interface ImportFileOptions {
  readonly path: string
  readonly target: ImportTarget
  readonly signal: AbortSignal
}

/** Sends a file's items to the target, from where the last attempt was broken off. */
export async function importFile(
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

export function talkDone(
  { terminal, signal }: CommandContext,
  path: string,
  done: ImportProgress,
): void {
  const counts = `${done.itemCount} events, ${done.invalidCount} of them invalid`
  if (signal.aborted)
    terminal.talk(`weir: stopped in ${path} after ${counts}; import it again to go on`)
  else terminal.talk(`weir: imported ${path}: ${counts}`)
}
