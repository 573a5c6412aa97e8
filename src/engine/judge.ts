/** Judges the rows of a scan: which are duplicates, and which go on to be counted. */

import { toUtf8 } from '../std/bytes.ts'
import { DAY_MS } from '../std/units.ts'
import { withRoom } from './aggregate/batch.ts'
import type { IdSet } from './ids/id-set.ts'
import { bucketOf, SEEN_KIND } from './ids/id-set.ts'
import type { IdTable } from './ids/id-table.ts'
import type { IdHashes } from './ids/keys.ts'
import type { Columns } from './scan/scanner.ts'

export interface Judged {
  /** The accepted rows, in order, and four words for the user of each. */
  readonly count: number
  readonly rows: Int32Array
  readonly users: Int32Array
  readonly misplaced: Uint8Array
  readonly duplicateCount: number
  readonly misplacedCount: number
  /** The largest min(event time, arrival) among the accepted; null where there is none. */
  readonly timeMs: number | null
}

export interface JudgeOptions {
  readonly hashes: IdHashes
  readonly ids: IdSet
  readonly dedupDays: number
  /** Whether the user at bytes[start..end) belongs in this shard's partition. */
  readonly isAtHome: (bytes: Uint8Array, start: number, end: number) => boolean
}

/** Rows whose places in the tables are loaded ahead: their cache lines fit the second level. */
const CHUNK_ROWS = 256

/** Judges a scan of a topic; what it gives is valid until the next call. */
export type Judge = (columns: Columns, topic: string) => Judged

/**
 * The identity of an event is its user's tag xor its id's tag xor its topic's. It is looked for in
 * the days around the event's own, and put into its own day's bucket.
 */
export function createJudge(options: JudgeOptions): Judge {
  const { hashes, dedupDays, isAtHome } = options
  const findDay = createDayFinder(options.ids, dedupDays)
  const topicWords = createTopicWords(hashes)
  let rows: Int32Array = new Int32Array(0)
  let users: Int32Array = new Int32Array(0)
  let misplaced = new Uint8Array(0)
  const user = new Int32Array(4)
  const event = new Int32Array(4)
  const chunkRows = new Int32Array(CHUNK_ROWS)
  const chunkUsers = new Int32Array(CHUNK_ROWS * 4)
  const chunkIds = new Int32Array(CHUNK_ROWS * 4)

  /** Writes the users and identities of rows [from, to) that are valid; gives how many they are. */
  const identify = (columns: Columns, topic: TopicWords, from: number, to: number): number => {
    const { bytes, userId, eventId, valid } = columns
    const topic0 = topic[0] as number
    const topic1 = topic[1] as number
    const topic2 = topic[2] as number
    const topic3 = topic[3] as number
    let count = 0
    for (let row = from; row < to; row += 1) {
      if (valid[row] === 0) continue
      hashes.users.keyed(bytes, userId.start[row] as number, userId.end[row] as number, user)
      hashes.values.plain(bytes, eventId.start[row] as number, eventId.end[row] as number, event)
      const at = count * 4
      const user0 = user[0] as number
      const user1 = user[1] as number
      const user2 = user[2] as number
      const user3 = user[3] as number
      chunkUsers[at] = user0
      chunkUsers[at + 1] = user1
      chunkUsers[at + 2] = user2
      chunkUsers[at + 3] = user3
      chunkIds[at] = user0 ^ (event[0] as number) ^ topic0
      chunkIds[at + 1] = user1 ^ (event[1] as number) ^ topic1
      chunkIds[at + 2] = user2 ^ (event[2] as number) ^ topic2
      chunkIds[at + 3] = user3 ^ (event[3] as number) ^ topic3
      chunkRows[count] = row
      count += 1
    }
    return count
  }

  return (columns, topic) => {
    const { bytes, userId, timeMs, arrivalMs, rowCount } = columns
    const words = topicWords(topic)
    rows = withRoom(rows, rowCount)
    users = withRoom(users, rowCount * 4)
    if (misplaced.length < rowCount) misplaced = new Uint8Array(rows.length)
    let count = 0
    let duplicateCount = 0
    let misplacedCount = 0
    let latest = Number.NEGATIVE_INFINITY
    for (let from = 0; from < rowCount; from += CHUNK_ROWS) {
      const chunkCount = identify(columns, words, from, Math.min(from + CHUNK_ROWS, rowCount))
      if (chunkCount > 0) {
        findDay(timeMs[chunkRows[0] as number] as number).table.touch(chunkIds, chunkCount)
      }
      for (let index = 0; index < chunkCount; index += 1) {
        const row = chunkRows[index] as number
        const isAway = !isAtHome(bytes, userId.start[row] as number, userId.end[row] as number)
        if (isAway) misplacedCount += 1
        const at = index * 4
        const time = timeMs[row] as number
        if (!isNew(findDay(time), chunkIds, at)) {
          duplicateCount += 1
          continue
        }
        rows[count] = row
        misplaced[count] = isAway ? 1 : 0
        const to = count * 4
        users[to] = chunkUsers[at] as number
        users[to + 1] = chunkUsers[at + 1] as number
        users[to + 2] = chunkUsers[at + 2] as number
        users[to + 3] = chunkUsers[at + 3] as number
        count += 1
        const arrival = arrivalMs[row] as number
        if (arrival >= 0) latest = Math.max(latest, Math.min(time, arrival))
      }
    }
    const reachedMs = latest === Number.NEGATIVE_INFINITY ? null : latest
    return { count, rows, users, misplaced, duplicateCount, misplacedCount, timeMs: reachedMs }
  }
}

/** Looks an identity up in the days around, and adds it to its own; false: it was there. */
function isNew(day: Day, ids: Int32Array, at: number): boolean {
  const w0 = ids[at] as number
  const w1 = ids[at + 1] as number
  const w2 = ids[at + 2] as number
  const w3 = ids[at + 3] as number
  for (const table of day.nearby) if (table.has(w0, w1, w2, w3)) return false
  return day.table.add(w0, w1, w2, w3)
}

interface Day {
  readonly table: IdTable
  /** The days around it that hold anything. */
  readonly nearby: readonly IdTable[]
}

/** Finds the tables of the day of an instant; keeps the last, for most events share it. */
function createDayFinder(ids: IdSet, dedupDays: number): (timeMs: number) => Day {
  let last: Day | null = null
  let dayNumber = 0
  let version = -1
  return timeMs => {
    const number = Math.floor(timeMs / DAY_MS)
    if (last !== null && number === dayNumber && version === ids.version) return last
    const table = ids.table(bucketOf(SEEN_KIND, timeMs))
    const nearby: IdTable[] = []
    for (let distance = 1; distance <= dedupDays; distance += 1) {
      for (const away of [-distance, distance]) {
        const other = ids.tableIfAny(bucketOf(SEEN_KIND, timeMs + away * DAY_MS))
        if (other !== null) nearby.push(other)
      }
    }
    last = { table, nearby }
    dayNumber = number
    version = ids.version
    return last
  }
}

type TopicWords = Int32Array

function createTopicWords(hashes: IdHashes): (topic: string) => TopicWords {
  const known = new Map<string, TopicWords>()
  return topic => {
    const found = known.get(topic)
    if (found !== undefined) return found
    const words = new Int32Array(4)
    const bytes = toUtf8(`topic:${topic}`)
    hashes.rows.keyed(bytes, 0, bytes.length, words)
    known.set(topic, words)
    return words
  }
}
