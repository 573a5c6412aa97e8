/**
 * The book of repairs: what was sent again, one object per reject, `<topic>/<partition>/<offset>
 * .json`. It is created where there is none before its event is sent, with the event's bytes, and
 * completed after. Whoever finds one that is not complete sends those same bytes, however the
 * repair reads by then: what was sent before is the same event, and counts once.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { ObjectStore } from '../model/object-store.ts'
import type { Reject } from '../model/step.ts'
import { fromUtf8, toUtf8 } from '../std/bytes.ts'
import type { Clock } from '../std/clock.ts'
import { Fault, isFault } from '../std/fault.ts'
import { MINUTE_MS } from '../std/units.ts'

export type RejectKey = Pick<Reject, 'topic' | 'partition' | 'offset'>

/** Names are those of the file. */
export interface RepairEntry {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** SHA-256 of the bytes as they came, in hex. */
  readonly original_sha256: string
  /** The bytes that are sent, in base64. */
  readonly event: string
  readonly begun_at_ms: number
  /** null: it may have been sent, or not. */
  readonly done_at_ms: number | null
}

export interface RepairBook {
  /** The entry of a reject. Throws DATA_DIR_MISMATCH where it is of another record there. */
  find(reject: Reject): Promise<RepairEntry | null>
  /** Begins, or gives the entry that was there first. */
  begin(reject: Reject, event: Uint8Array): Promise<RepairEntry>
  complete(entries: readonly RepairEntry[]): Promise<void>
  /** All that were begun and are not complete. */
  unfinished(signal: AbortSignal): AsyncIterable<RepairEntry>
}

/** What pages of the quarantine and the ledger show; as of a moment ago. */
export interface RepairView {
  /** How many are complete, by `topic partition`. */
  counts(): Promise<ReadonlyMap<string, number>>
  /** When each was completed, ms since the epoch; null: it is not. */
  doneAt(places: readonly RejectKey[]): Promise<readonly (number | null)[]>
}

const entrySchema: z.ZodType<RepairEntry> = z.object({
  topic: z.string(),
  partition: z.number().int().nonnegative(),
  offset: z.number().int().nonnegative(),
  original_sha256: z.string(),
  event: z.base64(),
  begun_at_ms: z.number().int(),
  done_at_ms: z.number().int().nullable(),
})

export interface BookOptions {
  readonly objects: ObjectStore
  /** Before every key: '' or a folder with its slash. */
  readonly prefix: string
  readonly clock: Clock
}

/** Replaced around changes, so that readers need not list the whole book to see that it stands. */
const CHANGED = 'changed.json'
const ENTRY_KEY = /^([^/]+)\/(\d+)\/(\d+)\.json$/
const AT_ONCE = 32
/** Looked through this often whatever `changed.json` says: a process may have died before it. */
const LOOK_MS_MAX: number = MINUTE_MS

export function openRepairBook(options: BookOptions): RepairBook {
  const { objects, prefix, clock } = options
  const keyOf = (place: RejectKey): string => prefix + toEntryName(place)
  const find = async (reject: Reject): Promise<RepairEntry | null> => {
    const entry = await readEntry(objects, keyOf(reject))
    if (entry !== null && entry.original_sha256 !== hashOf(reject)) {
      throw new Fault(
        'DATA_DIR_MISMATCH',
        `the repair of ${toEntryName(reject)} is of another record at that place: ` +
          'the log was made anew; move the folder of repairs away',
      )
    }
    return entry
  }
  const noteChange = async (): Promise<void> => {
    const note = { changed_at_ms: clock.now(), tick: clock.monotonic() }
    await objects.put(prefix + CHANGED, toBytes(note))
  }
  return {
    find,
    begin: async (reject, event) => {
      const entry: RepairEntry = {
        topic: reject.topic,
        partition: reject.partition,
        offset: reject.offset,
        original_sha256: hashOf(reject),
        event: Buffer.from(event).toString('base64'),
        begun_at_ms: clock.now(),
        done_at_ms: null,
      }
      const outcome = await objects.put(keyOf(reject), toBytes(entry), { ifAbsent: true })
      if (outcome === 'stored') return entry
      const first = await find(reject)
      if (first === null) throw damaged(keyOf(reject))
      return first
    },
    complete: async entries => {
      const doneAtMs = clock.now()
      await inOrder(entries, async entry => {
        await objects.put(keyOf(entry), toBytes({ ...entry, done_at_ms: doneAtMs }))
      })
      await noteChange()
    },
    unfinished: async function* (signal) {
      const keys: string[] = []
      for await (const { key } of objects.list(prefix, signal)) {
        if (ENTRY_KEY.test(key.slice(prefix.length))) keys.push(key)
        if (keys.length === AT_ONCE) yield* await readUnfinished(objects, keys.splice(0))
      }
      yield* await readUnfinished(objects, keys)
    },
  }
}

async function readUnfinished(
  objects: ObjectStore,
  keys: readonly string[],
): Promise<readonly RepairEntry[]> {
  const entries = await Promise.all(keys.map(key => readEntry(objects, key)))
  return entries.filter(entry => entry !== null).filter(entry => entry.done_at_ms === null)
}

/** Keeps what it has read: an entry that is complete never changes. */
export function openRepairView({ objects, prefix, clock }: BookOptions): RepairView {
  const doneAt = new Map<string, number>()
  let counts: ReadonlyMap<string, number> = new Map()
  let version: string | null = null
  let lookedAtMs = Number.NEGATIVE_INFINITY
  let looking: Promise<void> | null = null

  const look = async (): Promise<void> => {
    const unless = version === null ? {} : { unless: version }
    const note = await objects.get(prefix + CHANGED, unless)
    const isOld = clock.monotonic() - lookedAtMs > LOOK_MS_MAX
    if (!isOld && (note === 'unchanged' || (note === null && version === null))) return
    lookedAtMs = clock.monotonic()
    const unknown: string[] = []
    for await (const { key } of objects.list(prefix)) {
      const name = key.slice(prefix.length)
      if (ENTRY_KEY.test(name) && !doneAt.has(name)) unknown.push(name)
    }
    await inOrder(unknown, async name => {
      const doneAtMs = (await readEntry(objects, prefix + name))?.done_at_ms ?? null
      if (doneAtMs !== null) doneAt.set(name, doneAtMs)
    })
    counts = countByPlace(doneAt.keys())
    if (note !== null && note !== 'unchanged') version = note.version
  }
  const refresh = async (): Promise<void> => {
    looking ??= look().finally(() => {
      looking = null
    })
    try {
      await looking
    } catch (error) {
      // What was known stays: numbers are not held up by a folder that cannot be read now.
      if (!isFault(error, 'OBJECTS_UNAVAILABLE')) throw error
    }
  }
  return {
    counts: async () => {
      await refresh()
      return counts
    },
    doneAt: async places => {
      await refresh()
      return places.map(place => doneAt.get(toEntryName(place)) ?? null)
    },
  }
}

function countByPlace(names: Iterable<string>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) {
    const [, topic = '', partition = ''] = ENTRY_KEY.exec(name) ?? []
    const place = `${topic} ${partition}`
    counts.set(place, (counts.get(place) ?? 0) + 1)
  }
  return counts
}

/** Some at a time. */
async function inOrder<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  for (let start = 0; start < items.length; start += AT_ONCE) {
    await Promise.all(items.slice(start, start + AT_ONCE).map(work))
  }
}

function toEntryName({ topic, partition, offset }: RejectKey): string {
  return `${topic}/${partition}/${offset}.json`
}

export function eventOf(entry: RepairEntry): Uint8Array {
  return new Uint8Array(Buffer.from(entry.event, 'base64'))
}

async function readEntry(objects: ObjectStore, key: string): Promise<RepairEntry | null> {
  const found = await objects.get(key)
  if (found === null || found === 'unchanged') return null
  try {
    return entrySchema.parse(JSON.parse(fromUtf8(found.bytes)))
  } catch {
    throw damaged(key)
  }
}

function damaged(key: string): Fault {
  return new Fault('STORE_CORRUPT', `the repair '${key}' is damaged; restore it from a copy`)
}

function hashOf(reject: Reject): string {
  return createHash('sha256')
    .update(reject.value ?? '')
    .digest('hex')
}

function toBytes(json: object): Uint8Array {
  return toUtf8(`${JSON.stringify(json)}\n`)
}
