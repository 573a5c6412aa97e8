/**
 * An event's rows in the lake: which Parquet object holds it. Names of files tell which offsets
 * they have, so that of a record that the log still holds one file is read; of what the log no
 * longer has, the files of a range of event dates, newest first, up to a bound.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { LakeDatabase } from '../../engine/sql/lake-database.ts'
import { toLakeViews } from '../../engine/sql/sql.ts'
import { compileTrace } from '../../engine/sql/trace.ts'
import type { Catalog } from '../../model/catalog.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import { DAY_MS } from '../../std/units.ts'
import { fetchFiles } from '../lake-files.ts'

export interface TraceLake {
  readonly objects: ObjectStore
  /** Where the objects are as files; null: they are elsewhere, and copied to be read. */
  readonly directory: string | null
  /** For copies. */
  readonly temporary: string
  readonly openDatabase: () => Promise<LakeDatabase>
}

export interface LakeRow {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly arrivalMs: number
  readonly timestampMs: number
  readonly userId: string
  /** Key of the object. */
  readonly object: string
}

export interface LakeFile {
  readonly key: string
  readonly topic: string
  readonly partition: number
  readonly first: number
  readonly last: number
  /** UTC midnight of its events' date. */
  readonly dayMs: number
}

/** Files that are read for what the log no longer has. */
export const LAKE_FILES_MAX = 400
const NAME = /\/event_date=(\d{4}-\d\d-\d\d)\/(\d+)-(\d+)-(\d+)\.parquet$/

/** The files of events whose date is within, the newest dates first. */
export async function listTraceFiles(
  objects: ObjectStore,
  catalog: Catalog,
  range: { readonly fromMs: number; readonly toMs: number; readonly signal: AbortSignal },
): Promise<readonly LakeFile[]> {
  const files: LakeFile[] = []
  const days: string[] = []
  for (let dayMs = toDay(range.toMs); dayMs >= toDay(range.fromMs); dayMs -= DAY_MS) {
    days.push(new Date(dayMs).toISOString().slice(0, 10))
  }
  for (const day of days) {
    for (const view of toLakeViews(catalog)) {
      const prefix = `${view.path}/event_date=${day}/`
      for await (const { key } of objects.list(prefix, range.signal)) {
        const [, date, partition, first, last] = NAME.exec(key) ?? []
        if (date === undefined) continue
        files.push({
          key,
          topic: catalog.topicPrefix + view.type,
          partition: Number(partition),
          first: Number(first),
          last: Number(last),
          dayMs: Date.parse(`${date}T00:00:00Z`),
        })
      }
    }
  }
  return files
}

function toDay(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS) * DAY_MS
}

/** The rows of an event in these files. Throws LAKE_UNREADABLE, OBJECTS_UNAVAILABLE. */
export async function readTraceRows(
  lake: TraceLake,
  keys: readonly string[],
  { eventId, signal }: { readonly eventId: string; readonly signal: AbortSignal },
): Promise<readonly LakeRow[]> {
  if (keys.length === 0) return []
  if (lake.directory !== null) return await askRows(lake, lake.directory, { keys, eventId })
  const directory = await mkdtemp(join(lake.temporary, 'weir-trace-'))
  try {
    await fetchFiles(lake.objects, keys, { directory, signal })
    return await askRows(lake, directory, { keys, eventId })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function askRows(
  { openDatabase }: TraceLake,
  directory: string,
  { keys, eventId }: { readonly keys: readonly string[]; readonly eventId: string },
): Promise<readonly LakeRow[]> {
  const files = keys.map(key => join(directory, key))
  const objects = new Map(files.map((file, at) => [file, keys[at] ?? '']))
  await using database = await openDatabase()
  const rows: LakeRow[] = []
  for await (const some of database.ask(compileTrace(files, eventId))) {
    for (const row of some) {
      rows.push({
        topic: String(row['topic']),
        partition: Number(row['partition']),
        offset: Number(row['offset']),
        arrivalMs: Number(row['arrival_ms']),
        timestampMs: Number(row['timestamp_ms']),
        userId: String(row['user_id']),
        object: objects.get(String(row['file'])) ?? '',
      })
    }
  }
  return rows
}
