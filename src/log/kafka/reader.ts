/**
 * Reading: each broker is asked for the partitions that it leads, one request at a time, and what
 * comes first is handed on first. An empty item is given when all of them had nothing more. A
 * broker that is gone, or a leader that moved, is waited for, with empty items meanwhile; the
 * reader ends by fault only where going on would be wrong: records that retention deleted before
 * they were read, or a topic that is no longer the one it was.
 */
import type { Fetch, LogPosition } from '../../model/record.ts'
import type { Clock } from '../../std/clock.ts'
import { Fault, isFault } from '../../std/fault.ts'
import type { Outage } from '../../std/outage.ts'
import { SECOND_MS } from '../../std/units.ts'
import type { ReadOptions } from '../log.ts'
import { keepCommitted } from './aborted.ts'
import { readBounds } from './bounds.ts'
import type { Broker, Cluster, Connections } from './cluster.ts'
import { createComing } from './coming.ts'
import { BrokerError, isPassing, NONE, OFFSET_OUT_OF_RANGE, toLogFault } from './errors.ts'
import type { AskBroker, Cursor, FetchedCursor } from './fetcher.ts'
import { createFetcher } from './fetcher.ts'
import type { Leaders } from './leaders.ts'
import { createLeaders } from './leaders.ts'

export interface ReaderContext {
  readonly cluster: Cluster
  readonly clock: Clock
  readonly outage: Outage
  /** Aborted when the reader is called off, or the log closed. */
  readonly signal: AbortSignal
}

/** A broker answers after this at the latest, so that a new leader is not waited for in vain. */
const FETCH_WAIT_MS_MAX = 500
/** Whoever pulls gets an empty item after this, though a broker should have answered by then. */
const SILENCE_MS_MAX = SECOND_MS
/** Spares the error that would be made for each pull. */
const NO_REASON = 'something came'
const RETRY_MS_MIN = 50
const RETRY_MS_MAX = SECOND_MS

export async function* readKafka(
  positions: readonly LogPosition[],
  options: ReadOptions,
  context: ReaderContext,
): AsyncGenerator<readonly Fetch[], void> {
  const { clock, signal } = context
  let waiting = new AbortController()
  const onAbort = (): void => waiting.abort()
  signal.addEventListener('abort', onAbort)
  await using requests = createRequests(positions, options, context)
  const coming = createComing(() => requests.gather())
  try {
    while (!signal.aborted) {
      waiting = new AbortController()
      const patienceMs = options.waitMsMax + SILENCE_MS_MAX
      const fetches = await coming.next(clock.sleep(patienceMs, waiting.signal).then(() => null))
      waiting.abort(NO_REASON)
      if (signal.aborted) return
      yield fetches ?? []
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

interface Requests extends AsyncDisposable {
  /** What came next; empty: all have nothing more, or nobody answers. It moves the cursors. */
  gather(): Promise<readonly Fetch[]>
}

interface Answer {
  readonly place: string
  readonly found: readonly FetchedCursor[]
}

/** The way to one broker. */
interface Line {
  readonly ask: AskBroker
  /** null: no request is under way. */
  answer: Promise<void> | null
}

function createRequests(
  positions: readonly LogPosition[],
  options: ReadOptions,
  context: ReaderContext,
): Requests {
  const { cluster, clock, outage, signal } = context
  const connections = cluster.openConnections()
  const lines = new Map<string, Line>()
  const ready: Answer[] = []
  /** Places whose last answer was that they have nothing more. */
  const quiet = new Set<string>()
  let leaders: Leaders | null = null
  let isStale = false
  let failure: unknown = null
  let retryMs = RETRY_MS_MIN
  let learntAtMs = clock.monotonic()
  let wake = Promise.withResolvers<void>()

  const fail = (error: unknown): void => {
    if (isFault(error) && error.retry === 'never') failure = error
    isStale = true
  }
  const send = (place: string, line: Line, cursors: readonly Cursor[]): void => {
    line.answer = line.ask(cursors).then(
      found => {
        line.answer = null
        ready.push({ place, found })
        wake.resolve()
      },
      (error: unknown) => {
        line.answer = null
        fail(error)
        wake.resolve()
      },
    )
  }
  const sendAll = (known: Leaders): void => {
    for (const [place, { broker, cursors }] of known.byBroker) {
      const line = lines.get(place) ?? createLine(broker, connections, options)
      lines.set(place, line)
      // What came and was not taken yet has moved no cursor: asking again would bring it twice.
      const isTaken = ready.every(answer => answer.place !== place)
      if (line.answer === null && isTaken) send(place, line, cursors)
    }
  }
  const learn = async (): Promise<void> => {
    try {
      if (leaders === null) leaders = await createLeaders(cluster, positions, clock)
      else {
        if (isStale) await clock.sleep(retryMs, signal)
        retryMs = Math.min(2 * retryMs, RETRY_MS_MAX)
        await leaders.refresh()
      }
      learntAtMs = clock.monotonic()
      isStale = false
      outage.end()
    } catch (error) {
      fail(error)
      if (failure === null) outage.begin(toLogFault(error, 'no broker of kafka can be reached'))
      if (leaders === null) await clock.sleep(RETRY_MS_MAX, signal)
    }
  }
  /** What nobody leads is asked for now and then, while the rest is read. */
  const isToLearn = (known: Leaders | null): boolean =>
    known === null || isStale || (!known.isWhole && clock.monotonic() - learntAtMs >= RETRY_MS_MAX)
  const isQuiet = (known: Leaders): boolean =>
    !isStale && [...known.byBroker.keys()].every(place => quiet.has(place))
  const gather = async (): Promise<readonly Fetch[]> => {
    while (!signal.aborted) {
      if (failure !== null) throw failure
      if (isToLearn(leaders)) await learn()
      if (leaders === null || leaders.byBroker.size === 0) {
        isStale = true
        return []
      }
      if (isStale) return []
      sendAll(leaders)
      wake = Promise.withResolvers()
      if (ready.length === 0) await wake.promise
      const answer = ready.shift()
      if (answer === undefined) continue
      const { isMoved, fetches } = await accept(answer.found, cluster)
      if (isMoved) isStale = true
      else retryMs = RETRY_MS_MIN
      // The next request is on its way while this answer is digested.
      if (!isStale) sendAll(leaders)
      if (fetches.length === 0) quiet.add(answer.place)
      else quiet.delete(answer.place)
      if (fetches.length > 0) return fetches
      if (isQuiet(leaders)) {
        quiet.clear()
        return []
      }
    }
    return []
  }
  return {
    gather,
    [Symbol.asyncDispose]: async () => {
      wake.resolve()
      await connections[Symbol.asyncDispose]()
    },
  }
}

function createLine(broker: Broker, connections: Connections, options: ReadOptions): Line {
  const waitMs = Math.min(options.waitMsMax, FETCH_WAIT_MS_MAX)
  const { bytesMax } = options
  return { ask: createFetcher({ broker, connections, bytesMax, waitMs }), answer: null }
}

/**
 * Moves the cursors over what came. `isMoved`: somebody else leads one of the partitions by now.
 * Throws LOG_OFFSET_OUT_OF_RANGE.
 */
async function accept(
  found: readonly FetchedCursor[],
  cluster: Cluster,
): Promise<{ readonly isMoved: boolean; readonly fetches: readonly Fetch[] }> {
  const fetches: Fetch[] = []
  let isMoved = false
  for (const { cursor, offset, fetched } of found) {
    // A leader that was asked before the partition moved answers late: the next one was faster.
    if (cursor.offset !== offset) continue
    const { errorCode, records, aborted } = fetched
    if (errorCode === OFFSET_OUT_OF_RANGE) throw await toOutOfRange(cursor, cluster)
    if (isPassing(errorCode)) isMoved = true
    else if (errorCode !== NONE) {
      const place = `${cursor.topic}/${cursor.partition}`
      throw toLogFault(new BrokerError(errorCode, 'it is refused'), `${place} cannot be read`)
    }
    if (records.length === 0) continue
    const { bytes, abortedCount, offsetNext } = keepCommitted(records, offset, aborted)
    if (offsetNext === offset) continue
    cursor.offset = offsetNext
    fetches.push({
      topic: cursor.topic,
      partition: cursor.partition,
      offset,
      offsetNext,
      offsetFirst: fetched.logStartOffset,
      offsetEnd: fetched.lastStableOffset,
      abortedCount,
      isVerified: false,
      bytes,
    })
  }
  return { isMoved, fetches }
}

async function toOutOfRange(cursor: Cursor, cluster: Cluster): Promise<Fault> {
  const { topic, partition, offset } = cursor
  // Leaders that change just now do not tell; the rest is as true without it.
  const bounds = await readBounds(cluster, [topic]).catch(() => [])
  const held = bounds.find(one => one.partition === partition)
  const range = held === undefined ? '' : ` (it holds ${held.offsetFirst} to ${held.offsetEnd})`
  return new Fault(
    'LOG_OFFSET_OUT_OF_RANGE',
    `topic ${topic}, partition ${partition} no longer has offset ${offset}${range}; ` +
      'retention deleted records before they were counted, and they are lost; to go on with what ' +
      'there is, begin with an empty data directory or results place',
  )
}
