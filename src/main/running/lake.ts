/** The lake that the settings name. Here alone a target becomes an object store. */
import { join } from 'node:path'
import type { ArchiveSettings } from '../../flow/archive.ts'
import { createBreath } from '../../flow/archive.ts'
import { openLake } from '../../lake/lake.ts'
import type { ArchiveTarget } from '../../model/archive-target.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import { openLocalObjects } from '../../objects/local/local-objects.ts'
import { Fault } from '../../std/fault.ts'
import { toArchiveTarget } from '../config/archive.ts'
import type { CommandContext } from '../terminal/command.ts'
import { dataDirOf } from './data-dir.ts'

export interface OpenArchive extends AsyncDisposable {
  /** What the digest is given. */
  readonly settings: ArchiveSettings
  /** Tells whether the digest has more to do than it can. */
  readonly onPull: (isBehind: boolean) => void
}

/** Where the lake is; null: nothing is archived. */
export function targetOf({ config }: Pick<CommandContext, 'config'>): ArchiveTarget | null {
  const { settings } = config
  return toArchiveTarget(settings, dataDirOf(settings.data).lake)
}

export function openTarget(target: ArchiveTarget): ObjectStore {
  switch (target.kind) {
    case 'local':
      return openLocalObjects({ directory: target.directory })
    case 's3':
      throw new Fault('CONFIG_INVALID', 'this version of weir archives to directories only')
  }
}

/** For people: where the lake is. */
export function toTargetText(target: ArchiveTarget): string {
  if (target.kind === 'local') return target.directory
  return `s3://${target.bucket}${target.prefix === undefined ? '' : `/${target.prefix}`}`
}

/**
 * null: nothing is archived. `scratch`: the name of a folder of this process alone, which one that
 * dies leaves to the next of its name. Throws CONFIG_INVALID, LAKE_UNAVAILABLE.
 */
export async function openArchive(
  context: CommandContext,
  scratch: string,
): Promise<OpenArchive | null> {
  const { config, clock, crash, terminal } = context
  const target = targetOf(context)
  if (target === null) return null
  const { archiveBytes, archiveInterval, data } = config.settings
  let isBehind = false
  const lake = await openLake({
    objects: openTarget(target),
    catalog: config.catalog,
    scratchDirectory: join(dataDirOf(data).path, 'scratch', scratch),
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
    [Symbol.asyncDispose]: () => lake[Symbol.asyncDispose](),
  }
}

function toOutageText(fault: Fault | null): string {
  return fault === null ? 'weir: archiving again' : `weir: the archive waits: ${fault.message}`
}
