/**
 * The scanner in TypeScript: two passes over a fetch, records first, then the event in each. What
 * the fast path does not take, the slow path reads again from its first byte, with the same answer.
 *
 * Hot: `as number` stands on typed arrays whose index is checked, or whose memory has slack.
 */
import type { Catalog } from '../../model/catalog.ts'
import { schemaOfTopic } from '../../model/catalog.ts'
import { EVENT_BYTES_MAX } from '../../model/event.ts'
import type { ColumnRef } from '../../model/plan.ts'
import { HEADER_FILE, HEADER_LINE, HEADER_REASON } from '../../model/record.ts'
import type { Invalid, InvalidCode } from '../../model/verdict.ts'
import { INVALID_CODES } from '../../model/verdict.ts'
import { fromUtf8 } from '../../std/bytes.ts'
import { MIB } from '../../std/units.ts'
import type { ColumnStore } from './columns.ts'
import { createColumns, writeRead, writeScanned } from './columns.ts'
import type { EventScan } from './event-scan.ts'
import { createEventScan, isInTime, restartSerial, SERIAL_MAX } from './event-scan.ts'
import { scanEvent } from './fast-event.ts'
import { createProgram, SLOT_TIMESTAMP } from './program.ts'
import type { Event, ReadContext } from './read-event.ts'
import { readEvent } from './read-event.ts'
import type { Columns, InvalidRow, Scanner } from './scanner.ts'
import type { Memory, RecordTable, Walk } from './walk.ts'
import { createMemory, createRecordTable, findHeader, walkFetch } from './walk.ts'

/** What is kept of a topic between scans. */
interface TopicScan {
  readonly wanted: readonly ColumnRef[]
  readonly home: ReadContext['home']
  /** null: no fast path, since all that is found there is invalid. */
  readonly scan: EventScan | null
  columns: ColumnStore
}

/** One scan under way. */
interface Pass {
  readonly catalog: Catalog
  readonly memory: Memory
  readonly table: RecordTable
  readonly topic: TopicScan
  readonly invalids: InvalidRow[]
  slowCount: number
}

const MEMORY_BYTES = 2 * MIB

const LINE = /^\d{1,15}$/

/** Makes a scanner for the topics of a catalog. It is not shared between threads. */
export function createScanner(catalog: Catalog): Scanner {
  const memory = createMemory(MEMORY_BYTES)
  const table = createRecordTable()
  const topics = new Map<string, TopicScan>()
  const findTopic = (name: string, wanted: readonly ColumnRef[]): TopicScan => {
    const known = topics.get(name)
    if (known !== undefined && isSame(known.wanted, wanted)) return known
    const fresh = createTopicScan(catalog, memory, { name, wanted })
    topics.set(name, fresh)
    return fresh
  }
  return {
    scan: (fetch, wanted) => {
      const topic = findTopic(fetch.topic, wanted)
      const walk = walkFetch(fetch, memory, table)
      if (topic.columns.capacity < table.count) {
        topic.columns = createColumns(table.capacity, wanted, topic.scan?.program ?? null)
      }
      const pass: Pass = { catalog, memory, table, topic, invalids: [], slowCount: 0 }
      scanRows(pass)
      return toColumns(pass, walk)
    },
  }
}

function createTopicScan(
  catalog: Catalog,
  memory: Memory,
  { name, wanted }: { readonly name: string; readonly wanted: readonly ColumnRef[] },
): TopicScan {
  const schema = schemaOfTopic(catalog, name)
  const program = schema === null ? null : createProgram(schema, wanted)
  return {
    wanted,
    home: schema ?? 'unparsed',
    scan: program === null ? null : createEventScan(catalog, memory, program),
    columns: createColumns(0, wanted, program),
  }
}

function isSame(left: readonly ColumnRef[], right: readonly ColumnRef[]): boolean {
  if (left === right) return true
  return left.length === right.length && left.every((ref, at) => ref.path === right[at]?.path)
}

function scanRows(pass: Pass): void {
  const { table, topic } = pass
  const { scan } = topic
  if (scan !== null && scan.serial > SERIAL_MAX) restartSerial(scan)
  for (let row = 0; row < table.count; row += 1) {
    if (scan !== null && isScanned(pass, scan, row)) writeScanned(topic.columns, row, scan)
    else readRow(pass, row)
  }
}

/** Whether the fast path takes the row's event. */
function isScanned({ catalog, table }: Pass, scan: EventScan, row: number): boolean {
  const start = table.valueStart[row] as number
  const end = table.valueEnd[row] as number
  if (start < 0 || end - start > EVENT_BYTES_MAX || !scanEvent(scan, start, end)) return false
  return isInTime(scan.program.values.number[SLOT_TIMESTAMP] as number, {
    catalog,
    arrivalMs: table.arrivalMs[row] as number,
  })
}

/** The slow path. */
function readRow(pass: Pass, row: number): void {
  const { memory, topic } = pass
  pass.slowCount += 1
  const event = judgeRow(pass, row)
  if (event.kind === 'event') writeRead(topic.columns, row, { event, memory })
  else {
    topic.columns.valid[row] = 0
    pass.invalids.push(toInvalidRow(pass, row, event))
  }
}

function judgeRow({ catalog, memory, table, topic }: Pass, row: number): Event | Invalid {
  const start = table.valueStart[row] as number
  const value = start < 0 ? null : memory.bytes.subarray(start, table.valueEnd[row])
  const { home } = topic
  const event = readEvent(value, { catalog, home, arrivalMs: table.arrivalMs[row] as number })
  if (home !== 'unparsed') return event
  const reason = toHeaderText(memory.bytes, table.headersStart[row] as number, HEADER_REASON)
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

function toInvalidRow({ memory, table }: Pass, row: number, invalid: Invalid): InvalidRow {
  const { bytes } = memory
  const headersStart = table.headersStart[row] as number
  const line = toHeaderText(bytes, headersStart, HEADER_LINE)
  const copy = (start: Int32Array, end: Int32Array): Uint8Array | null =>
    (start[row] as number) < 0 ? null : bytes.slice(start[row], end[row])
  return {
    row,
    invalid,
    key: copy(table.keyStart, table.keyEnd),
    value: copy(table.valueStart, table.valueEnd),
    file: toHeaderText(bytes, headersStart, HEADER_FILE),
    line: line !== null && LINE.test(line) ? Number(line) : null,
  }
}

function toColumns({ memory, table, topic, invalids, slowCount }: Pass, walk: Walk): Columns {
  const { valid, timeMs, eventId, userId, currency, fields } = topic.columns
  return {
    rowCount: table.count,
    skippedCount: walk.skippedCount,
    gapCount: walk.gapCount,
    bytes: memory.bytes,
    offset: table.offset,
    arrivalMs: table.arrivalMs,
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
