/** What a server needs beside log and store: a bench for trials, and the lake to trace in. */
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLakeDatabase } from '../../engine/sql/lake-database.ts'
import type { OpenTrialBench } from '../../flow/repair/trial.ts'
import type { TraceLake } from '../../flow/trace/trace-lake.ts'
import { openMemoryLog } from '../../log/memory/memory-log.ts'
import { topicsOf } from '../../model/catalog.ts'
import { GIB, MIB } from '../../std/units.ts'
import { createMemoryDisk, openMemoryStore } from '../../store/memory/memory.ts'
import type { CommandContext } from '../terminal/command.ts'
import { archivePlaceOf } from './archive.ts'
import { isBucket, openObjects } from './open-objects.ts'

/** What a trial may hold in memory. */
const TRIAL_BYTES_MAX: number = GIB
const SECRET_BYTES = 32
/** Of DuckDB, for one trace. */
const TRACE_MEMORY_MAX: number = 256 * MIB

export function createBench({ config }: Pick<CommandContext, 'config'>): OpenTrialBench {
  const { catalog, plans } = config
  const { partitions } = catalog
  return async clock => {
    const topics = topicsOf(catalog)
    const log = await openMemoryLog({ topics, partitions, clock, logBytesMax: TRIAL_BYTES_MAX })
    const disk = createMemoryDisk()
    return {
      log,
      store: async () => openMemoryStore({ plans, shards: partitions, disk }),
      secret: randomBytes(SECRET_BYTES),
      [Symbol.asyncDispose]: () => log[Symbol.asyncDispose](),
    }
  }
}

/** null: nothing is archived. */
export async function openTraceLake(
  context: CommandContext,
): Promise<(TraceLake & AsyncDisposable) | null> {
  const place = archivePlaceOf(context)
  if (place === null) return null
  const objects = await openObjects(context, place)
  const temporary = tmpdir()
  return {
    objects,
    directory: isBucket(place) ? null : place,
    temporary,
    openDatabase: () =>
      openLakeDatabase({
        memoryMax: TRACE_MEMORY_MAX,
        spillDirectory: join(temporary, 'weir-trace-spill'),
        threads: 1,
      }),
    [Symbol.asyncDispose]: () => objects[Symbol.asyncDispose](),
  }
}
