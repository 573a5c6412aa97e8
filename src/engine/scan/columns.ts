/**
 * The columns of one topic: typed arrays that grow with the largest fetch and are written anew by
 * each scan.
 *
 * Hot: `as number` stands on typed arrays whose index is checked, or whose memory has slack.
 */
import { CURRENCY_CODES } from '../../model/currency.ts'
import type { ColumnRef } from '../../model/plan.ts'
import { present } from '../../std/assert.ts'
import type { EventScan } from './event-scan.ts'
import type { Program } from './program.ts'
import { SLOT_EVENT_ID, SLOT_TIMESTAMP, SLOT_USER_ID } from './program.ts'
import type { Event } from './read-event.ts'
import type { FieldColumn, NumberColumn, TextColumn } from './scanner.ts'
import type { Memory } from './walk.ts'

export interface ColumnStore {
  readonly capacity: number
  readonly valid: Uint8Array
  readonly timeMs: Float64Array
  readonly eventId: TextColumn
  readonly userId: TextColumn
  readonly currency: Uint16Array
  readonly fields: readonly FieldColumn[]
  /** The same columns by type, with where each comes from. */
  readonly texts: readonly TextSource[]
  readonly numbers: readonly FieldSource<NumberColumn>[]
}

interface FieldSource<Column> {
  readonly column: Column
  readonly path: string
  /** -1: this type of event does not have it. */
  readonly slot: number
}

interface TextSource extends FieldSource<TextColumn> {
  /** A column of the same path: its text stands in memory once, which bounds the memory. */
  readonly twin: TextColumn | null
}

const MISSING = -1

/** `program` null: of weir.unparsed, where no row is valid. */
export function createColumns(
  capacity: number,
  wanted: readonly ColumnRef[],
  program: Program | null,
): ColumnStore {
  const fields = wanted.map(({ type }) =>
    type.kind === 'text' ? createText(capacity) : createNumbers(capacity),
  )
  const texts: TextSource[] = []
  const numbers: FieldSource<NumberColumn>[] = []
  for (const [index, column] of fields.entries()) {
    const { path } = present(wanted[index], 'the wanted column')
    const slot = program?.wantedSlots[index] ?? MISSING
    const twin = texts.find(text => text.path === path)?.column ?? null
    if (column.kind === 'text') texts.push({ column, path, slot, twin })
    else numbers.push({ column, path, slot })
  }
  return {
    capacity,
    valid: new Uint8Array(capacity),
    timeMs: new Float64Array(capacity),
    eventId: createText(capacity),
    userId: createText(capacity),
    currency: new Uint16Array(capacity),
    fields,
    texts,
    numbers,
  }
}

/** Writes what the fast path has read. */
export function writeScanned(store: ColumnStore, row: number, scan: EventScan): void {
  const { values, envelope } = scan.program
  const { start, end, number, seenAt } = values
  const { serial } = envelope
  store.valid[row] = 1
  store.timeMs[row] = number[SLOT_TIMESTAMP] as number
  store.eventId.start[row] = start[SLOT_EVENT_ID] as number
  store.eventId.end[row] = end[SLOT_EVENT_ID] as number
  store.userId.start[row] = start[SLOT_USER_ID] as number
  store.userId.end[row] = end[SLOT_USER_ID] as number
  store.currency[row] = scan.currency
  for (const { column, slot } of store.texts) {
    const isSeen = slot >= 0 && seenAt[slot] === serial
    column.start[row] = isSeen ? (start[slot] as number) : MISSING
    column.end[row] = isSeen ? (end[slot] as number) : MISSING
  }
  for (const { column, slot } of store.numbers) {
    const isSeen = slot >= 0 && seenAt[slot] === serial && start[slot] !== MISSING
    column.values[row] = isSeen ? (number[slot] as number) : Number.NaN
  }
}

/** Writes what the slow path has read; its texts are appended to the memory. */
export function writeRead(
  store: ColumnStore,
  row: number,
  source: { readonly event: Event; readonly memory: Memory },
): void {
  const { event, memory } = source
  store.valid[row] = 1
  store.timeMs[row] = event.timeMs
  writeText(store.eventId, row, { text: event.eventId, memory })
  writeText(store.userId, row, { text: event.userId, memory })
  store.currency[row] = CURRENCY_CODES.indexOf(event.currency)
  for (const { column, path, twin } of store.texts) {
    const own = path === 'event_id' ? store.eventId : path === 'user_id' ? store.userId : twin
    const text = event.fields.get(path)
    if (own !== null) copyText(own, column, row)
    else writeText(column, row, { text: typeof text === 'string' ? text : null, memory })
  }
  for (const { column, path } of store.numbers) {
    const value = event.fields.get(path)
    column.values[row] = typeof value === 'number' ? value : Number.NaN
  }
}

function copyText(from: TextColumn, to: TextColumn, row: number): void {
  to.start[row] = from.start[row] as number
  to.end[row] = from.end[row] as number
}

const encoder = new TextEncoder()

function writeText(
  column: TextColumn,
  row: number,
  { text, memory }: { readonly text: string | null; readonly memory: Memory },
): void {
  column.start[row] = text === null ? MISSING : memory.tail
  if (text !== null)
    memory.tail += encoder.encodeInto(text, memory.bytes.subarray(memory.tail)).written
  column.end[row] = text === null ? MISSING : memory.tail
}

function createText(capacity: number): TextColumn {
  return { kind: 'text', start: new Int32Array(capacity), end: new Int32Array(capacity) }
}

function createNumbers(capacity: number): NumberColumn {
  return { kind: 'number', values: new Float64Array(capacity) }
}
