/**
 * The archive: log + what the store says was refused → lake. It runs beside the digest of the same
 * shards, in pieces of a few milliseconds: a range of a partition is due when it is large or old
 * enough, one after the other. While the digest is behind, it takes a quarter of the time.
 *
 * Where the lake cannot be written, everything goes on without it: the log keeps what is not
 * archived, and it is archived when the lake is back.
 */
import type { Lake } from '../lake/lake.ts'
import type { EventLog } from '../log/log.ts'
import type { ArchiveAdvance, ArchiveTotals, Place } from '../model/archive.ts'
import { advanceArchive, noteStep } from '../model/archive.ts'
import type { Fetch, LogPosition } from '../model/record.ts'
import type { Step } from '../model/step.ts'
import type { Clock } from '../std/clock.ts'
import { Fault, isFault } from '../std/fault.ts'
import { MIB, SECOND_MS } from '../std/units.ts'
import type { StepStore } from '../store/store.ts'

/** What of a digest's options is about the archive. */
export interface ArchiveSettings {
  readonly lake: Lake
  /** A range is cut when the log has so many bytes of it, or it waits for so long. */
  readonly bytesMax: number
  readonly intervalMs: number
  /** Called once per outage of the lake, and with null when it is over. */
  readonly onOutage: (fault: Fault | null) => void
}

export interface ArchiverOptions extends ArchiveSettings {
  readonly log: EventLog
  readonly store: StepStore
  /** As the store was loaded. */
  readonly archives: readonly ArchiveTotals[]
  readonly clock: Clock
}

export interface Archiver extends AsyncDisposable {
  /** Tells what was committed, and how many bytes of the log were digested since. */
  note(step: Step, bytes: ReadonlyMap<string, number>): void
  /** Up to where the log may drop records: nothing that is not archived. */
  limit(position: LogPosition): LogPosition
  /** Throws what ended it: the store is of no more use. */
  assertRunning(): void
}

/** Bytes of one pull from the log: a few milliseconds of work. */
const PULL_BYTES_MAX: number = MIB
const WAIT_MS_MAX = 200
/** How often it is looked whether a range is due, at most and at least. */
const LOOK_MS_MAX = SECOND_MS
const LOOK_MS_MIN = 20
const BACKOFF_MS_MIN = 100
const BACKOFF_MS_MAX = 10 * SECOND_MS

/** One partition. */
interface Entry {
  totals: ArchiveTotals
  /** Bytes that wait, as far as they were seen by this process. */
  bytes: number
  /** Where digesting was when an intent of another asked for more; null: none does. */
  blockedAt: number | null
}

/** Begins at once; the owner disposes of it before the store. */
export function startArchiver(options: ArchiverOptions): Archiver {
  const book = new Map<string, Entry>(
    options.archives.map(totals => [nameOf(totals), { totals, bytes: 0, blockedAt: null }]),
  )
  const stop = new AbortController()
  let failure: unknown = null
  const running = runArchive(options, book, stop.signal).catch((error: unknown) => {
    if (!stop.signal.aborted) failure = error
  })
  return {
    note: (step, bytes) => {
      for (const shard of step.shards) {
        const known = [...book.values()].map(entry => entry.totals)
        const own = known.filter(totals => totals.partition === shard.shard)
        for (const totals of noteStep(own, shard)) noteTotals(book, totals, bytes)
      }
    },
    limit: position => {
      const archived = book.get(nameOf(position))?.totals.offsetNext ?? position.offset
      return { ...position, offset: Math.min(position.offset, archived) }
    },
    assertRunning: () => {
      if (failure !== null) throw failure
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await running
    },
  }
}

export function nameOf({ topic, partition }: Place): string {
  return `${partition} ${topic}`
}

function noteTotals(
  book: Map<string, Entry>,
  totals: ArchiveTotals,
  bytes: ReadonlyMap<string, number>,
): void {
  const name = nameOf(totals)
  const known = book.get(name)
  const more = bytes.get(name) ?? 0
  if (known === undefined) book.set(name, { totals, bytes: more, blockedAt: null })
  else {
    known.totals = totals
    known.bytes += more
  }
}

/** Archives what is due until the signal aborts. Throws what only opening the store anew mends. */
async function runArchive(
  options: ArchiverOptions,
  book: ReadonlyMap<string, Entry>,
  signal: AbortSignal,
): Promise<void> {
  const { clock, intervalMs } = options
  const lookMs = Math.min(LOOK_MS_MAX, Math.max(LOOK_MS_MIN, intervalMs / 8))
  let backoffMs = BACKOFF_MS_MIN
  let isOut = false
  while (!signal.aborted) {
    const due = findDue(options, book)
    if (due === null) {
      await clock.sleep(lookMs, signal)
      continue
    }
    try {
      await archiveEntry(options, due, signal)
      if (isOut) options.onOutage(null)
      isOut = false
      backoffMs = BACKOFF_MS_MIN
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error
      if (!isOut) options.onOutage(error)
      isOut = true
      await clock.sleep(backoffMs, signal)
      backoffMs = Math.min(backoffMs * 2, BACKOFF_MS_MAX)
    }
  }
}

/** Whether trying again can mend it, with the same store. */
function isPassing(error: unknown): error is Fault {
  return isFault(error) && error.retry === 'with-backoff'
}

/** The partition that has waited longest of those that are large or old enough. */
function findDue(
  { bytesMax, intervalMs, clock }: ArchiverOptions,
  book: ReadonlyMap<string, Entry>,
): Entry | null {
  const nowMs = clock.now()
  let due: Entry | null = null
  for (const entry of book.values()) {
    const { totals, bytes, blockedAt } = entry
    const isWaiting = totals.offsetNext < totals.offsetDigested
    if (!isWaiting || blockedAt === totals.offsetDigested) continue
    if (bytes < bytesMax && nowMs - totals.waitsSinceMs < intervalMs) continue
    if (due === null || totals.waitsSinceMs < due.totals.waitsSinceMs) due = entry
  }
  return due
}

async function archiveEntry(
  options: ArchiverOptions,
  entry: Entry,
  signal: AbortSignal,
): Promise<void> {
  const { store, log, clock } = options
  const { topic, partition, offsetNext: first, offsetDigested: next } = entry.totals
  const place = { topic, partition }
  const written = await options.lake
    .archive(
      {
        ...place,
        first,
        next,
        read: called => readFrom(log, { ...place, offset: first }, called),
        refused: from => store.refused(place, from),
      },
      signal,
    )
    .catch((error: unknown) => passOver(log, { place, first, next, error }, signal))
  if (written === null) {
    entry.blockedAt = next
    return
  }
  const advance: ArchiveAdvance = { ...written, atMs: clock.now() }
  const gone = await store.archive(advance)
  const share = (advance.offsetNext - first) / (next - first)
  entry.bytes = Math.max(0, entry.bytes * (1 - share))
  entry.blockedAt = null
  entry.totals = advanceArchive(entry.totals, advance, gone)
  log.release([{ ...place, offset: advance.offsetNext }])
}

/**
 * Archives at once all that is digested. Nothing else archives these partitions meanwhile. Throws
 * STORE_CONFLICT where an intent goes on past what is digested, and what the lake and log throw.
 */
export async function archiveOut(
  options: ArchiverOptions,
  signal: AbortSignal,
): Promise<readonly ArchiveTotals[]> {
  const done: ArchiveTotals[] = []
  for (const totals of options.archives) {
    const entry: Entry = { totals, bytes: 0, blockedAt: null }
    while (entry.totals.offsetNext < entry.totals.offsetDigested) {
      await archiveEntry(options, entry, signal)
      if (entry.blockedAt === null) continue
      throw new Fault(
        'STORE_CONFLICT',
        `of ${totals.topic}/${totals.partition} a range is on its way to the lake that goes on ` +
          'past what is digested; try again when that is',
      )
    }
    done.push(entry.totals)
  }
  return done
}

function readFrom(
  log: EventLog,
  position: LogPosition,
  signal: AbortSignal,
): AsyncIterable<readonly Fetch[]> {
  const options = { bytesMax: PULL_BYTES_MAX, waitMsMax: WAIT_MS_MAX }
  return log.read([position], options, signal)
}

/**
 * Records that retention took before they were archived are lost to the lake: it goes on behind
 * them, and the ledger does not balance any more.
 */
async function passOver(
  log: EventLog,
  lost: {
    readonly place: Place
    readonly first: number
    readonly next: number
    readonly error: unknown
  },
  signal: AbortSignal,
): Promise<Omit<ArchiveAdvance, 'atMs'>> {
  const { place, first, next, error } = lost
  if (!isFault(error, 'LOG_OFFSET_OUT_OF_RANGE')) throw error
  const bounds = await log.bounds(signal)
  const held = bounds.find(bound => nameOf(bound) === nameOf(place))
  const offsetNext = Math.min(next, held?.offsetFirst ?? first)
  if (offsetNext <= first) throw error
  return { ...place, offsetFirst: first, offsetNext, rows: 0, rejects: 0 }
}

/**
 * Waits between pieces of work: a turn of the event loop, and three times as long as the work took
 * while the digest is behind.
 */
export function createBreath(clock: Clock, isBehind: () => boolean): () => Promise<void> {
  const never = new AbortController().signal
  let sinceMs = clock.monotonic()
  return async () => {
    const workedMs = clock.monotonic() - sinceMs
    await clock.sleep(isBehind() ? Math.min(SECOND_MS, 3 * workedMs) : 0, never)
    sinceMs = clock.monotonic()
  }
}
