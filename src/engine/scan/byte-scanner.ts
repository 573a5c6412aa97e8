/**
 * The scanner: two passes over a fetch, records first, then the event in each, both in the fast
 * path's memory. What the fast path does not take, the slow path reads again from its first byte,
 * with the same answer.
 *
 * Hot: `as number` stands on typed arrays whose index is checked, or whose memory has slack.
 */
import type { Catalog } from '../../model/catalog.ts'
import { schemaOfTopic } from '../../model/catalog.ts'
import type { ColumnRef } from '../../model/plan.ts'
import { HEADER_FILE, HEADER_LINE, HEADER_REASON } from '../../model/record.ts'
import type { Invalid, InvalidCode } from '../../model/verdict.ts'
import { INVALID_CODES } from '../../model/verdict.ts'
import { fromUtf8 } from '../../std/bytes.ts'
import type { ColumnViews } from './columns.ts'
import { viewColumns, writeRead } from './columns.ts'
import type { Address, FastPath } from './fast-path.ts'
import { createFastPath } from './fast-path.ts'
import { createProgram } from './program.ts'
import type { Event, ReadContext } from './read-event.ts'
import { readEvent } from './read-event.ts'
import type { Columns, InvalidRow, Scanner, TextColumn } from './scanner.ts'
import type { Walk } from './walk.ts'
import { findHeader, walkFetch } from './walk.ts'

/** What is kept of a topic between scans. */
interface TopicScan {
  readonly wanted: readonly ColumnRef[]
  readonly home: ReadContext['home']
  /** null: no fast path, since all that is found there is invalid. */
  readonly program: Address | null
}

/** One scan under way. */
interface Pass {
  readonly catalog: Catalog
  readonly fast: FastPath
  readonly topic: TopicScan
  readonly columns: ColumnViews
  readonly wanted: readonly ColumnRef[]
  readonly invalids: InvalidRow[]
}

const LINE = /^\d{1,15}$/

/** Makes a scanner for the topics of a catalog. It is not shared between threads. */
export function createScanner(catalog: Catalog): Scanner {
  const fast = createFastPath(catalog)
  const topics = new Map<string, TopicScan>()
  const findTopic = (name: string, wanted: readonly ColumnRef[]): TopicScan => {
    const known = topics.get(name)
    if (known !== undefined && isSame(known.wanted, wanted)) return known
    // Programs go all at once: a topic's columns change with the metrics, if ever.
    if (known !== undefined) {
      topics.clear()
      fast.forgetPrograms()
    }
    const schema = schemaOfTopic(catalog, name)
    const program = schema === null ? null : createProgram(fast, schema, wanted)
    const fresh: TopicScan = { wanted, home: schema ?? 'unparsed', program }
    topics.set(name, fresh)
    return fresh
  }
  return {
    scan: (fetch, wanted) => {
      const topic = findTopic(fetch.topic, wanted)
      const walk = walkFetch(fast, fetch, wanted.length)
      const { rowCount } = walk
      const columns = viewColumns(fast, rowCount, wanted)
      const pass: Pass = { catalog, fast, topic, columns, wanted, invalids: [] }
      const slowCount = topic.program === null ? rowCount : fast.scanRows(topic.program, rowCount)
      for (let index = 0; index < slowCount; index += 1) {
        readRow(pass, topic.program === null ? index : (columns.slowRows[index] as number))
      }
      return toColumns(pass, walk, slowCount)
    },
  }
}

function isSame(left: readonly ColumnRef[], right: readonly ColumnRef[]): boolean {
  if (left === right) return true
  return left.length === right.length && left.every((ref, at) => ref.path === right[at]?.path)
}

/** The slow path. */
function readRow(pass: Pass, row: number): void {
  const event = judgeRow(pass, row)
  if (event.kind === 'event') writeRead(pass, row, event)
  else {
    pass.columns.valid[row] = 0
    pass.invalids.push(toInvalidRow(pass, row, event))
  }
}

function judgeRow({ catalog, columns, topic }: Pass, row: number): Event | Invalid {
  const { bytes, arrivalMs, headersStart } = columns
  const start = columns.value.start[row] as number
  const value = start < 0 ? null : bytes.subarray(start, columns.value.end[row])
  const { home } = topic
  const event = readEvent(value, { catalog, home, arrivalMs: arrivalMs[row] as number })
  if (home !== 'unparsed') return event
  const reason = toHeaderText(bytes, headersStart[row] as number, HEADER_REASON)
  if (!isInvalidCode(reason)) return event
  // The front door's word counts; what it found is found again, with its place, if it can be.
  const isFound = event.kind === 'invalid' && event.code === reason
  return isFound ? event : { kind: 'invalid', code: reason, pointer: '' }
}

function isInvalidCode(text: string | null): text is InvalidCode {
  return text !== null && Object.hasOwn(INVALID_CODES, text)
}

function toHeaderText(bytes: Uint8Array, headersStart: number, key: string): string | null {
  const value = findHeader(bytes, headersStart, key)
  return value === null ? null : fromUtf8(value)
}

function toInvalidRow({ columns }: Pass, row: number, invalid: Invalid): InvalidRow {
  const { bytes } = columns
  const headersStart = columns.headersStart[row] as number
  const line = toHeaderText(bytes, headersStart, HEADER_LINE)
  const copy = ({ start, end }: TextColumn): Uint8Array | null =>
    (start[row] as number) < 0 ? null : bytes.slice(start[row], end[row])
  return {
    row,
    invalid,
    key: copy(columns.key),
    value: copy(columns.value),
    file: toHeaderText(bytes, headersStart, HEADER_FILE),
    line: line !== null && LINE.test(line) ? Number(line) : null,
  }
}

function toColumns({ columns, invalids }: Pass, walk: Walk, slowCount: number): Columns {
  const { bytes, offset, arrivalMs, valid, timeMs, eventId, userId, currency, fields } = columns
  return {
    ...walk,
    bytes,
    offset,
    arrivalMs,
    valid,
    timeMs,
    eventId,
    userId,
    currency,
    fields,
    invalids,
    slowCount,
  }
}
