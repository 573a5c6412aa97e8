/** The files of a lake, by plain listing: which there are of each event type, of which dates. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { LakeView } from '../engine/sql/sql.ts'
import type { ObjectStore } from '../model/object-store.ts'
import { DAY_MS } from '../std/units.ts'

export interface LakeFiles {
  /** Keys by event type. */
  readonly files: ReadonlyMap<string, readonly string[]>
  /** All events are within, by the dates of the folders; null: there are none. */
  readonly bounds: { readonly fromMs: number; readonly toMs: number } | null
}

const DATE = /\/event_date=(\d{4}-\d\d-\d\d)\/[^/]+\.parquet$/

/** Throws OBJECTS_UNAVAILABLE. */
export async function listLakeFiles(
  objects: ObjectStore,
  views: readonly LakeView[],
  signal: AbortSignal,
): Promise<LakeFiles> {
  const files = new Map<string, readonly string[]>()
  const dates: number[] = []
  for (const { type, path } of views) {
    const keys: string[] = []
    for await (const { key } of objects.list(`${path}/`, signal)) {
      const date = Date.parse(`${DATE.exec(key)?.[1] ?? ''}T00:00:00Z`)
      if (Number.isNaN(date)) continue
      keys.push(key)
      dates.push(date)
    }
    files.set(type, keys)
  }
  if (dates.length === 0) return { files, bounds: null }
  const [fromMs, lastMs] = [dates.reduce(smaller), dates.reduce(larger)]
  return { files, bounds: { fromMs, toMs: lastMs + DAY_MS } }
}

const smaller = (a: number, b: number): number => Math.min(a, b)
const larger = (a: number, b: number): number => Math.max(a, b)

/** Copies objects into a directory, under their keys: for engines that read files only. */
export async function fetchFiles(
  objects: ObjectStore,
  keys: readonly string[],
  { directory, signal }: { readonly directory: string; readonly signal: AbortSignal },
): Promise<void> {
  const left = [...keys]
  const fetchNext = async (): Promise<void> => {
    for (let key = left.pop(); key !== undefined; key = left.pop()) {
      const found = await objects.get(key, { signal })
      if (found === null || found === 'unchanged') continue
      const path = join(directory, key)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, found.bytes)
    }
  }
  await Promise.all(Array.from({ length: FETCHES_MAX }, fetchNext))
}

/** Objects in flight at once; a file of the lake has 64 MiB at most, or so. */
const FETCHES_MAX = 4
