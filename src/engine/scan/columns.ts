/**
 * The columns of a scan: views of the fast path's memory, which it has filled for the events that
 * it took; the others are written here.
 *
 * Hot: `as number` stands on typed arrays whose index is checked, or whose memory has slack.
 */
import { CURRENCY_CODES } from '../../model/currency.ts'
import type { ColumnRef } from '../../model/plan.ts'
import type { FastPath } from './fast-path.ts'
import { bytesOf } from './fast-path.ts'
import type { Event } from './read-event.ts'
import type { FieldColumn, TextColumn } from './scanner.ts'

/** The places of columns that `wasm/assembly/memory.ts` shares. */
const COLUMN_OFFSET = 0
const COLUMN_ARRIVAL = 1
const COLUMN_TIME = 2
const COLUMN_KEY = 3
const COLUMN_VALUE = 4
const COLUMN_EVENT_ID = 5
const COLUMN_USER_ID = 6
const COLUMN_REST = 7
const COLUMN_MARKS = 8
const COLUMN_FIELDS = 9

/** Void once the memory grows, or is laid out for another scan. */
export interface ColumnViews {
  readonly bytes: Uint8Array
  readonly offset: Float64Array
  readonly arrivalMs: Float64Array
  readonly key: TextColumn
  readonly value: TextColumn
  /** Of the header count. */
  readonly headersStart: Int32Array
  /** The rows that the fast path did not take. */
  readonly slowRows: Int32Array
  readonly valid: Uint8Array
  readonly timeMs: Float64Array
  readonly eventId: TextColumn
  readonly userId: TextColumn
  readonly currency: Uint16Array
  readonly fields: readonly FieldColumn[]
}

const MISSING = -1

/** The columns of the scan that was laid out last, for the same `wanted`. */
export function viewColumns(
  fast: FastPath,
  rowCount: number,
  wanted: readonly ColumnRef[],
): ColumnViews {
  const { buffer } = fast.memory
  const ints = (at: number): Int32Array => new Int32Array(buffer, at, rowCount)
  const doubles = (index: number): Float64Array =>
    new Float64Array(buffer, fast.columnAt(index), rowCount)
  const text = (index: number): TextColumn => {
    const at = fast.columnAt(index)
    return { kind: 'text', start: ints(at), end: ints(fast.halfOf(at)) }
  }
  const rest = fast.columnAt(COLUMN_REST)
  return {
    bytes: bytesOf(fast),
    offset: doubles(COLUMN_OFFSET),
    arrivalMs: doubles(COLUMN_ARRIVAL),
    key: text(COLUMN_KEY),
    value: text(COLUMN_VALUE),
    headersStart: ints(rest),
    slowRows: ints(fast.halfOf(rest)),
    valid: new Uint8Array(buffer, fast.validAt(), rowCount),
    timeMs: doubles(COLUMN_TIME),
    eventId: text(COLUMN_EVENT_ID),
    userId: text(COLUMN_USER_ID),
    currency: new Uint16Array(buffer, fast.columnAt(COLUMN_MARKS), rowCount),
    fields: wanted.map(({ type }, index): FieldColumn => {
      const column = COLUMN_FIELDS + index
      return type.kind === 'text' ? text(column) : { kind: 'number', values: doubles(column) }
    }),
  }
}

/** Where the slow path writes. */
export interface Target {
  readonly fast: FastPath
  readonly columns: ColumnViews
  readonly wanted: readonly ColumnRef[]
}

/** Writes what the slow path has read; its texts are appended to the memory. */
export function writeRead(target: Target, row: number, event: Event): void {
  const { columns, wanted } = target
  columns.valid[row] = 1
  columns.timeMs[row] = event.timeMs
  writeText(target, row, { column: columns.eventId, text: event.eventId })
  writeText(target, row, { column: columns.userId, text: event.userId })
  columns.currency[row] = CURRENCY_CODES.indexOf(event.currency)
  for (const [index, column] of columns.fields.entries()) {
    const path = wanted[index]?.path ?? ''
    const value = event.fields.get(path)
    if (column.kind === 'number')
      column.values[row] = typeof value === 'number' ? value : Number.NaN
    else {
      const twin = twinOf(target, path, index)
      if (twin !== null) copyText(twin, column, row)
      else writeText(target, row, { column, text: typeof value === 'string' ? value : null })
    }
  }
}

/** A column that has the text already: it stands in memory once, which bounds the memory. */
function twinOf({ columns, wanted }: Target, path: string, index: number): TextColumn | null {
  if (path === 'event_id') return columns.eventId
  if (path === 'user_id') return columns.userId
  const twin = columns.fields[wanted.findIndex(ref => ref.path === path)]
  return twin?.kind === 'text' && twin !== columns.fields[index] ? twin : null
}

function copyText(from: TextColumn, to: TextColumn, row: number): void {
  to.start[row] = from.start[row] as number
  to.end[row] = from.end[row] as number
}

const encoder = new TextEncoder()

function writeText(
  { fast, columns }: Target,
  row: number,
  { column, text }: { readonly column: TextColumn; readonly text: string | null },
): void {
  const start = fast.tailOf()
  const free = columns.bytes.subarray(start)
  const size = text === null ? 0 : encoder.encodeInto(text, free).written
  fast.setTail(start + size)
  column.start[row] = text === null ? MISSING : start
  column.end[row] = text === null ? MISSING : start + size
}
