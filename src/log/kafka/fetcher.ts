/**
 * The fetcher of one broker: one request under way at a time, for the partitions that the broker
 * leads. While what came is digested, the next request is on its way.
 *
 * Answers take turns in two pieces of memory, which are used again and again: one holds what is
 * digested, the other what comes meanwhile. Made anew for each answer, they would cost as much as
 * all the rest of a fetch, in pages that the system clears and garbage collections.
 */
import type { LogPosition } from '../../model/record.ts'
import { createArena } from '../arena.ts'
import type { Broker, Connections } from './cluster.ts'
import { BrokerError, NONE } from './errors.ts'
import type { FetchedPartition } from './wire/fetch.ts'
import { createFetchApi, FETCH_KEY, FETCH_VERSION_MAX, FETCH_VERSION_MIN } from './wire/fetch.ts'

/** A place to read on from. */
export interface Cursor extends LogPosition {
  offset: number
  readonly topicId: string
}

export interface FetcherOptions {
  readonly broker: Broker
  readonly connections: Connections
  readonly bytesMax: number
  readonly waitMs: number
}

export interface FetchedCursor {
  readonly cursor: Cursor
  /** Where the cursor was when the broker was asked. */
  readonly offset: number
  readonly fetched: FetchedPartition
}

/** What it gives is valid until the next answer but one. */
export type AskBroker = (cursors: readonly Cursor[]) => Promise<readonly FetchedCursor[]>

/** Turns among the partitions, so that the one that filled the last answer comes last. */
export function createFetcher(options: FetcherOptions): AskBroker {
  const { broker, connections, bytesMax, waitMs } = options
  const allocate = createRooms(bytesMax)
  let turn = 0
  return async cursors => {
    const range = { min: FETCH_VERSION_MIN, max: FETCH_VERSION_MAX }
    const version = await connections.versionOf(broker, FETCH_KEY, range)
    const api = createFetchApi(version, allocate)
    const ordered = [...cursors.slice(turn), ...cursors.slice(0, turn)]
    const asked = new Map(
      cursors.map(cursor => [toPlace(cursor), { cursor, offset: cursor.offset }]),
    )
    const share = Math.max(1, Math.floor(bytesMax / Math.min(cursors.length, SHARES_MAX)))
    const answer = await api.async(await connections.to(broker), {
      waitMs,
      bytesMax,
      partitions: ordered.map(({ topicId, partition, offset }) => {
        return { topicId, partition, offset, bytesMax: share }
      }),
    })
    if (answer.errorCode !== NONE) throw new BrokerError(answer.errorCode, 'a fetch was refused')
    const found: FetchedCursor[] = []
    for (const fetched of answer.partitions) {
      const of = asked.get(toPlace(fetched))
      if (of !== undefined) found.push({ ...of, fetched })
    }
    const last = found.findLast(({ fetched }) => fetched.records.length > 0)
    turn = last === undefined ? turn : (cursors.indexOf(last.cursor) + 1) % cursors.length
    return found
  }
}

/** Gives two pieces of memory in turn. */
function createRooms(bytesMax: number): (size: number) => Uint8Array {
  const [first, second] = [createArena(bytesMax), createArena(bytesMax)]
  let next = first
  return size => {
    const room = next
    next = room === first ? second : first
    room.reset()
    return room.allocate(size)
  }
}

/** A partition gets this part of the bytes at least, however many there are. */
const SHARES_MAX = 2

function toPlace({ topicId, partition }: { topicId: string; partition: number }): string {
  return `${topicId}/${partition}`
}
