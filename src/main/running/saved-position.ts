/**
 * Where an import was broken off, kept in the data directory, so that the next one goes on there.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { ImportPosition } from '../../importer/importer.ts'
import type { Mapping } from '../../importer/mapping.ts'
import type { CommandContext } from '../terminal/command.ts'
import { dataDirOf } from './data-dir.ts'

export interface SavedPosition {
  read(): ImportPosition | null
  write(position: ImportPosition): void
  remove(): void
}

/** Of one file as it is now: another size or time of change makes it another file. */
export function createSavedPosition(
  context: CommandContext,
  path: string,
  mapping: Mapping | null,
): SavedPosition {
  const directory = dataDirOf(context.config.settings.data).imports
  const { size, mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { size: 0, mtimeMs: 0 }
  const identity = [resolve(path), size, mtimeMs, mapping]
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
