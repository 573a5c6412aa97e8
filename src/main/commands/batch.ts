/** `weir batch`: the metrics over the lake, counted at once by DuckDB in this process. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLakeDatabase } from '../../engine/sql/lake-database.ts'
import type { CompiledRun } from '../../flow/batch.ts'
import { compileRun, runBatch } from '../../flow/batch.ts'
import type { LakeFiles } from '../../flow/lake-files.ts'
import { fetchFiles } from '../../flow/lake-files.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import { present } from '../../std/assert.ts'
import { GIB } from '../../std/units.ts'
import { findLake, LAKE_FLAGS, lakeOf, parseRange, toRunOptions } from '../running/lake.ts'
import { isBucket } from '../running/open-objects.ts'
import { openPlace, placeOf } from '../running/place.ts'
import { printRun } from '../running/print-run.ts'
import type { Command, CommandContext } from '../terminal/command.ts'

/** Beyond it DuckDB spills to disk. */
const MEMORY_MAX = 2 * GIB

export const batchCommand: Command = {
  name: 'batch',
  about: 'counts metrics over the lake, by SQL in this process',
  positionals: [],
  flags: { ...LAKE_FLAGS, json: { value: null, about: 'all rows as JSON' } },
  settings: ['results', 'archive', 's3Endpoint', 's3Region', 'data', 'zone', 'currency'],
  examples: [
    'weir batch --from 2024-09-01 --to 2024-10-01',
    'weir batch --metric sales_daily --lake ./lake --results ./results --run september',
    'weir batch --lake s3://shop-lake/lake --results s3://shop-results/weir',
  ],
  run: async context => {
    parseRange(context)
    const lake = lakeOf(context)
    const found = await findLake(context, lake)
    const bounds = present(found.bounds, 'the dates of a lake')
    const compiled = compileRun(toRunOptions(context, { lake, bounds, engine: 'duckdb' }))
    await using _lake = found.objects
    await using results = await openPlace(context)
    const temporary = await mkdtemp(join(tmpdir(), 'weir-batch-'))
    try {
      await count(context, { lake, found, compiled, results, temporary })
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
    await printRun(context, { objects: results, run: compiled.manifest.run, bounds })
    return 0
  },
}

interface Counting {
  readonly lake: string
  readonly found: LakeFiles & { readonly objects: ObjectStore }
  readonly compiled: CompiledRun
  readonly results: ObjectStore
  readonly temporary: string
}

async function count(context: CommandContext, counting: Counting): Promise<void> {
  const { lake, found, compiled, results, temporary } = counting
  const { terminal, signal } = context
  const { run } = compiled.manifest
  await using database = await openLakeDatabase({
    memoryMax: MEMORY_MAX,
    spillDirectory: join(temporary, 'spill'),
    threads: null,
  })
  const directory = isBucket(lake) ? join(temporary, 'lake') : lake
  for (const view of compiled.views) {
    const keys = found.files.get(view.type) ?? []
    if (isBucket(lake)) await fetchFiles(found.objects, keys, { directory, signal })
    await database.attach(
      view,
      keys.map(key => join(directory, key)),
    )
  }
  const onMetric = (metric: string, rowCount: number): void =>
    terminal.progress(`${metric}: ${rowCount} rows`)
  const done = await runBatch(compiled, { database, results, onMetric, signal })
  terminal.progress(null)
  terminal.talk(
    done === 'published'
      ? `weir: run ${run} is published in ${placeOf(context)}`
      : `weir: run ${run} was published before; these are its rows`,
  )
}
