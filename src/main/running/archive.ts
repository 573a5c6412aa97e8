/** The archive that the settings name: what writes the lake, beside a digest. */
import type { ArchiveSettings } from '../../flow/archive.ts'
import { createBreath } from '../../flow/archive.ts'
import { openLake } from '../../lake/lake.ts'
import type { Fault } from '../../std/fault.ts'
import { placeOfArchive } from '../config/archive.ts'
import type { CommandContext } from '../terminal/command.ts'
import { dataDirOf } from './data-dir.ts'
import { openObjects } from './open-objects.ts'

export interface OpenArchive extends AsyncDisposable {
  /** What the digest is given. */
  readonly settings: ArchiveSettings
  /** Tells whether the digest has more to do than it can. */
  readonly onPull: (isBehind: boolean) => void
}

/** Where the lake is, a directory or `s3://bucket/folder`; null: nothing is archived. */
export function archivePlaceOf({ config }: Pick<CommandContext, 'config'>): string | null {
  const { settings } = config
  return placeOfArchive(settings, dataDirOf(settings.data).lake)
}

/**
 * null: nothing is archived. `scratchDirectory`: a folder of this process alone, emptied before and
 * after. Throws CONFIG_INVALID, LAKE_UNAVAILABLE.
 */
export async function openArchive(
  context: CommandContext,
  scratchDirectory: string,
): Promise<OpenArchive | null> {
  const { config, clock, crash, terminal } = context
  const place = archivePlaceOf(context)
  if (place === null) return null
  const { archiveBytes, archiveInterval } = config.settings
  let isBehind = false
  const objects = await openObjects(context, place)
  const lake = await openLake({
    objects,
    catalog: config.catalog,
    scratchDirectory,
    rangeBytesMax: archiveBytes,
    clock,
    breathe: createBreath(clock, () => isBehind),
    crash,
  })
  return {
    settings: {
      lake,
      bytesMax: archiveBytes,
      intervalMs: archiveInterval,
      onOutage: fault => terminal.talk(toOutageText(fault)),
    },
    onPull: behind => {
      isBehind = behind
    },
    [Symbol.asyncDispose]: async () => {
      await lake[Symbol.asyncDispose]()
      await objects[Symbol.asyncDispose]()
    },
  }
}

function toOutageText(fault: Fault | null): string {
  return fault === null ? 'weir: archiving again' : `weir: the archive waits: ${fault.message}`
}
