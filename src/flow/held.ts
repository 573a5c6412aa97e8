/** What work has that holds a digest's store; see holds.ts. */
import type { EventLog } from '../log/log.ts'
import type { ArchiveTotals } from '../model/archive.ts'
import { isPlace } from '../model/archive.ts'
import type { Catalog } from '../model/catalog.ts'
import { topicsOf } from '../model/catalog.ts'
import type { ShardState } from '../model/step.ts'
import type { Clock } from '../std/clock.ts'
import { Fault } from '../std/fault.ts'
import type { StepStore } from '../store/store.ts'
import type { ArchiveSettings } from './archive.ts'
import { archiveOut } from './archive.ts'
import type { Held } from './holds.ts'

/** What of a digest's options it is made of. */
export interface HoldingOptions {
  readonly log: EventLog
  readonly shards: readonly number[]
  readonly catalog: Catalog
  readonly idsMemoryMax: number
  readonly archive?: ArchiveSettings
  readonly onPull?: (isBehind: boolean) => void
  readonly clock: Clock
}

/** The store as of its last commit; no commit and no archiver is under way. */
export async function toHeld(options: HoldingOptions, store: StepStore): Promise<Held> {
  const { log, clock, archive, catalog, shards, idsMemoryMax } = options
  const state = await store.load()
  const owned = state.shards.filter(({ shard }) => shards.includes(shard))
  const archives = owned.flatMap(shard => findArchives(shard, catalog))
  return {
    store,
    state,
    idsMemoryMax: idsMemoryMax / shards.length,
    archiveOut: async signal => {
      if (archive === undefined) throw new Fault('LAKE_INCOMPLETE', NOT_ARCHIVED)
      // Nothing is digested meanwhile, so the archive need not make room.
      options.onPull?.(false)
      return await archiveOut({ ...archive, log, store, archives, clock }, signal)
    },
  }
}

const NOT_ARCHIVED =
  "nothing is archived, so there is nothing to recount; see the setting 'archive'"

/**
 * Those that go on: neither of an event type that is no longer declared, nor of before a time
 * without archiving.
 */
export function findArchives(
  { archives = [], partitions }: ShardState,
  catalog: Catalog,
): readonly ArchiveTotals[] {
  const topics = new Set(topicsOf(catalog))
  return archives.filter(
    archive =>
      topics.has(archive.topic) &&
      partitions.some(one => isPlace(one, archive) && one.offsetNext === archive.offsetDigested),
  )
}
