/**
 * The lake: accepted events as Parquet, rejects as bytes, each exactly once, on an object store,
 * for readers that have no code of ours. A range of a partition becomes files whose names tell the
 * range. First an intent says which range it is, and whoever finds one writes that range; then the
 * files are put where there are none; then the caller commits that the range rests here. A crash at
 * any instruction, or two writers at once, leave the files of one cut. docs/reference/lake.md tells
 * the layout, docs/decisions/0013-the-lake.md why it is so.
 */
import type { ArchiveAdvance } from '../model/archive.ts'
import type { Catalog } from '../model/catalog.ts'
import type { ObjectStore } from '../model/object-store.ts'
import type { Clock } from '../std/clock.ts'
import { Fault } from '../std/fault.ts'
import type { Intent } from './intent.ts'
import { makeIntent, readIntent } from './intent.ts'
import { withPatience } from './patience.ts'
import type { Range, RangeSource } from './range.ts'
import { openRange } from './range.ts'
import type { Tables } from './table.ts'
import { openTables } from './table.ts'

export type LakeCrashPoint = 'intent.after' | 'upload.before' | 'upload.after'

export interface LakeOptions {
  readonly objects: ObjectStore
  readonly catalog: Catalog
  /** Of this process alone: emptied at open and at the end. */
  readonly scratchDirectory: string
  /** Bytes of the log at which a range is cut. */
  readonly rangeBytesMax: number
  readonly clock: Clock
  /** Waited for between pieces of work, of a few milliseconds each. */
  readonly breathe: () => Promise<void>
  /** Called on the way: tests die there. */
  readonly crash?: (point: LakeCrashPoint) => void
}

export interface Lake extends AsyncDisposable {
  /**
   * Writes a range that begins at `source.first`: as far as is digested, or as large as it may be,
   * or what an intent says. Gives how far it goes, to be committed; null: an intent goes on past
   * what is digested here, so wait. Again for the same range, it gives the same. Throws
   * OBJECTS_UNAVAILABLE, LAKE_UNAVAILABLE, and what reading the log and the store throws.
   */
  archive(source: RangeSource, signal: AbortSignal): Promise<Omit<ArchiveAdvance, 'atMs'> | null>
}

/** Dates of events in one range at most: each has a file of its own. */
const DAYS_MAX = 400
/** Empty pulls after which a log that should have more is given up for now. */
const EMPTY_PULLS_MAX = 20

/** Throws LAKE_UNAVAILABLE. */
export async function openLake(options: LakeOptions): Promise<Lake> {
  const tables = await openTables(options.scratchDirectory)
  const context = { ...options, objects: withPatience(options.objects, options.clock), tables }
  return {
    archive: async (source, signal) => {
      const { first } = source
      let intent = await readIntent(context.objects, source, { first, signal })
      for (;;) {
        if (intent !== null && intent.last >= source.next) return null
        const written = await writeRange(context, { source, intent }, signal)
        if ('advance' in written) return written.advance
        // Another said meanwhile which range it is.
        intent = written.intent
      }
    },
    [Symbol.asyncDispose]: () => tables[Symbol.asyncDispose](),
  }
}

type Context = LakeOptions & { readonly tables: Tables }

interface Task {
  readonly source: RangeSource
  /** null: nobody said yet which range it is. */
  readonly intent: Intent | null
}

async function writeRange(
  context: Context,
  { source, intent }: Task,
  signal: AbortSignal,
): Promise<{ readonly advance: Omit<ArchiveAdvance, 'atMs'> } | { readonly intent: Intent }> {
  const { objects, catalog, tables, crash } = context
  const { topic, partition, first } = source
  await using range = await openRange(tables, source, catalog)
  const last = (await fill(context, { source, intent, range }, signal)) - 1
  const files = range.plan(last)
  const wanted: Intent = { topic, partition, first, last, catalog_version: catalog.version, files }
  const agreed = intent ?? (await makeIntent(objects, wanted, signal))
  if (agreed.last !== last) return { intent: agreed }
  crash?.('intent.after')
  let rows = 0
  let rejects = 0
  for await (const file of range.files(last)) {
    signal.throwIfAborted()
    crash?.('upload.before')
    await objects.put(file.key, file.bytes, { ifAbsent: true, signal })
    crash?.('upload.after')
    if (file.key.startsWith('events/')) rows += file.rows
    else rejects += file.rows
    await context.breathe()
  }
  await removeStrangers(objects, agreed, files)
  return { advance: { topic, partition, offsetFirst: first, offsetNext: last + 1, rows, rejects } }
}

/** Reads the log into the range; gives one past its last offset. */
async function fill(
  { rangeBytesMax, breathe }: Context,
  { source, intent, range }: Task & { readonly range: Range },
  signal: AbortSignal,
): Promise<number> {
  const to = intent === null ? source.next : intent.last + 1
  let bytes = 0
  let empty = 0
  let offset = source.first
  for await (const fetches of source.read(signal)) {
    for (const fetch of fetches) {
      await range.add(fetch, to)
      bytes += fetch.bytes.length
      offset = Math.min(to, fetch.offsetNext)
    }
    const isLarge = bytes >= rangeBytesMax || range.dayCount >= DAYS_MAX
    if (offset >= to || (isLarge && intent === null)) return offset
    empty = fetches.length === 0 ? empty + 1 : 0
    if (empty > EMPTY_PULLS_MAX) break
    await breathe()
  }
  signal.throwIfAborted()
  const place = `${source.topic}/${source.partition}`
  throw new Fault('LOG_UNAVAILABLE', `the log does not give ${place} from offset ${offset} on`)
}

/**
 * What the intent names and this config does not write, as when a type of events was declared anew
 * in between: another's half-done files, whose events are in ours.
 */
async function removeStrangers(
  objects: ObjectStore,
  intent: Intent,
  files: readonly { readonly key: string }[],
): Promise<void> {
  const ours = new Set(files.map(file => file.key))
  for (const { key } of intent.files) if (!ours.has(key)) await objects.delete(key)
}
