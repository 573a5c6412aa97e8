/**
 * The lake as a recount reads it: files of one partition after the other, in the order of offsets,
 * up to the offsets where it is whole; and later again, from there on.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Recount } from '../../engine/recount/recount.ts'
import { openLakeDatabase } from '../../engine/sql/lake-database.ts'
import type { LakeView } from '../../engine/sql/sql.ts'
import { toLakeViews } from '../../engine/sql/sql.ts'
import type { Place } from '../../model/archive.ts'
import type { Catalog } from '../../model/catalog.ts'
import { schemaOfTopic, topicsOf } from '../../model/catalog.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { LogPosition } from '../../model/record.ts'
import type { WindowRange } from '../../model/swap.ts'
import { createWindowing } from '../../model/window.ts'
import { Fault } from '../../std/fault.ts'
import { DAY_MS, GIB, MIB } from '../../std/units.ts'
import { fetchFiles } from '../lake-files.ts'

export interface LakeFeedOptions {
  readonly objects: ObjectStore
  /** Where the objects are files already; null: they are fetched. */
  readonly directory: string | null
  /** For files on their way. */
  readonly temporary: string
  readonly catalog: Catalog
  readonly plans: readonly MetricPlan[]
  readonly range: WindowRange
  readonly recounts: ReadonlyMap<number, Recount>
  readonly onProgress: (text: string) => void
  readonly signal: AbortSignal
}

export interface LakeFeed extends AsyncDisposable {
  /**
   * Feeds the recounts with what rests below these offsets and was not fed before. Throws
   * LAKE_UNREADABLE, OBJECTS_UNAVAILABLE, REBUILD_TOO_LARGE.
   */
  to(offsets: readonly LogPosition[]): Promise<void>
  /** Keys of the files that were fed, in order. */
  readonly files: readonly string[]
  readonly rowCount: number
  /** Rows fed of a place; null: only some of its dates are read. */
  rowsOf(place: Place): number | null
}

/** Files of one query at most; each costs DuckDB some memory, and a query some milliseconds. */
const FILES_MAX = 64
const MEMORY_MAX = GIB
/** What all recounts together may hold: some 200 bytes a row, and 16 to 48 an id. */
export const ROWS_MAX = 2_000_000
export const ID_BYTES_MAX: number = 512 * MIB

const KEY = /\/event_date=(\d{4}-\d\d-\d\d)\/(\d+)-(\d+)-(\d+)\.parquet$/

interface File {
  readonly key: string
  readonly dateMs: number
  readonly partition: number
  readonly first: number
  readonly last: number
}

export async function openLakeFeed(options: LakeFeedOptions): Promise<LakeFeed> {
  const { catalog, plans, temporary, signal } = options
  const database = await openLakeDatabase({
    memoryMax: MEMORY_MAX,
    spillDirectory: join(temporary, 'spill'),
    threads: 1,
  })
  const types = new Set(plans.flatMap(plan => plan.from))
  const views = toLakeViews(catalog).filter(view => types.has(view.type))
  const directory = options.directory ?? join(temporary, 'lake')
  const fed = new Map<string, { offset: number; rowCount: number }>()
  const files: string[] = []
  let rowCount = 0

  const feedChunk = async (view: LakeView, chunk: readonly File[]): Promise<number> => {
    const recount = options.recounts.get(chunk[0]?.partition ?? -1)
    if (recount === undefined) return 0
    const keys = chunk.map(file => file.key)
    if (options.directory === null) {
      await fetchFiles(options.objects, keys, { directory, signal })
    }
    await database.attach(
      view,
      keys.map(key => join(directory, key)),
    )
    const reader = recount.readerOf(view)
    let count = 0
    for await (const columns of database.columns(reader.sql)) {
      signal.throwIfAborted()
      const rows = reader.toColumns(columns)
      recount.add(view.type, rows)
      count += rows.columns.rowCount
      assertSize(options.recounts)
    }
    if (options.directory === null) await rm(directory, { recursive: true, force: true })
    files.push(...keys)
    rowCount += count
    options.onProgress(`${rowCount} events of the lake recounted`)
    return count
  }
  const feedPlace = async (
    view: LakeView,
    all: readonly File[],
    to: LogPosition,
  ): Promise<void> => {
    const name = `${to.partition} ${to.topic}`
    const place = fed.get(name) ?? { offset: 0, rowCount: 0 }
    const due = all.filter(
      file =>
        file.partition === to.partition && file.first >= place.offset && file.last < to.offset,
    )
    for (const chunk of chunksOf(due)) place.rowCount += await feedChunk(view, chunk)
    fed.set(name, { ...place, offset: to.offset })
  }
  return {
    files,
    get rowCount() {
      return rowCount
    },
    rowsOf: ({ topic, partition }) => {
      const view = views.find(one => one.type === schemaOfTopic(catalog, topic)?.name)
      if (view === undefined || datesOf(options, view.type) !== null) return null
      return fed.get(`${partition} ${topic}`)?.rowCount ?? 0
    },
    to: async offsets => {
      for (const view of views) {
        const topic = topicsOf(catalog).find(one => schemaOfTopic(catalog, one)?.name === view.type)
        const own = offsets.filter(one => one.topic === topic)
        if (own.length === 0) continue
        const found = await listFiles(options, view)
        for (const one of own) await feedPlace(view, found, one)
      }
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

/** The files of a type by range; of the dates that matter. */
async function listFiles(options: LakeFeedOptions, view: LakeView): Promise<readonly File[]> {
  const dates = datesOf(options, view.type)
  const found: File[] = []
  for await (const { key } of options.objects.list(`${view.path}/`, options.signal)) {
    const [, date, ...numbers] = KEY.exec(key) ?? []
    const [partition, first, last] = numbers.map(Number)
    const dateMs = Date.parse(`${date ?? ''}T00:00:00Z`)
    if (partition === undefined || first === undefined || last === undefined) continue
    const isMeant = dates === null || (dateMs + DAY_MS > dates.fromMs && dateMs < dates.toMs)
    if (isMeant) found.push({ key, dateMs, partition, first, last })
  }
  return found.toSorted((a, b) => a.first - b.first || a.dateMs - b.dateMs)
}

/** Instants of the events of a range's windows; null: all events matter. */
function datesOf(
  { plans, range }: LakeFeedOptions,
  type: string,
): { readonly fromMs: number; readonly toMs: number } | null {
  const { fromMs, toMs } = range
  const own = plans.filter(plan => plan.from.includes(type))
  if (fromMs === null || toMs === null || own.some(plan => plan.once !== null)) return null
  const ends = own.map(plan => createWindowing(plan.window)(toMs - 1).end)
  return { fromMs, toMs: Math.max(toMs, ...ends) }
}

/** Files of some ranges at a time: those of one range, which are apart by date, stay together. */
function* chunksOf(files: readonly File[]): Generator<readonly File[]> {
  let chunk: File[] = []
  for (const file of files) {
    if (chunk.length >= FILES_MAX && chunk.at(-1)?.first !== file.first) {
      yield chunk
      chunk = []
    }
    chunk.push(file)
  }
  if (chunk.length > 0) yield chunk
}

function assertSize(recounts: ReadonlyMap<number, Recount>): void {
  let rowCount = 0
  let idBytes = 0
  for (const recount of recounts.values()) {
    rowCount += recount.rowCount
    idBytes += recount.idBytes
  }
  if (rowCount <= ROWS_MAX && idBytes <= ID_BYTES_MAX) return
  const what = rowCount > ROWS_MAX ? `${ROWS_MAX} rows` : `${ID_BYTES_MAX} bytes of ids`
  throw new Fault(
    'REBUILD_TOO_LARGE',
    `a rebuild may hold ${what}, and this one has more; rebuild one --metric at a time, or a ` +
      'part of the range with --from and --to',
  )
}
