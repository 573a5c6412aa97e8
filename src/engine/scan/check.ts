/**
 * The front door's check: what the scanner would say of an item arriving now, and where it goes.
 * Most items take the fast path, with the event type guessed from their bytes; a wrong guess only
 * costs time, since the fast path takes an event for what it is or not at all.
 */
import type { Catalog } from '../../model/catalog.ts'
import { EVENT_BYTES_MAX, EVENT_DEPTH_MAX } from '../../model/event.ts'
import type { ItemCheck } from '../../model/verdict.ts'
import { fromUtf8, toUtf8 } from '../../std/bytes.ts'
import { findMember, readJson } from '../../std/json.ts'
import type { ColumnViews } from './columns.ts'
import { viewColumns } from './columns.ts'
import type { Address } from './fast-path.ts'
import { createFastPath } from './fast-path.ts'
import { createProgram } from './program.ts'
import type { ReadContext } from './read-event.ts'
import { judgeReading, readEvent, readId } from './read-event.ts'

const NO_COLUMNS: readonly never[] = []
const TYPE_KEY: Buffer = Buffer.from('"event_type"')
const QUOTE = 0x22

/** Makes a checker for the event types of a catalog. It keeps none of an item's bytes. */
export function createChecker(catalog: Catalog): (item: Uint8Array, nowMs: number) => ItemCheck {
  const fast = createFastPath(catalog)
  const programs = new Map(
    catalog.events.map(schema => [schema.name, createProgram(fast, schema, NO_COLUMNS)]),
  )
  // Laid out once, for the largest item, with a byte behind it.
  const at = fast.layOut(1, NO_COLUMNS.length, EVENT_BYTES_MAX + 1)
  const columns = viewColumns(fast, 1, NO_COLUMNS)
  return (item, nowMs) => {
    const context: ReadContext = { catalog, home: 'door', arrivalMs: nowMs }
    const eventType = guessType(item)
    const program = programs.get(eventType)
    if (program === undefined || item.length > EVENT_BYTES_MAX) return checkPlainly(item, context)
    putItem(columns, item, { at, nowMs })
    // Text is decoded behind where the item may be.
    fast.setTail(at + EVENT_BYTES_MAX + 1)
    const isTaken = fast.scanRows(program, 1) === 0
    return isTaken ? toAccepted(columns, eventType) : checkPlainly(item, context)
  }
}

/** Makes the item the one row of the columns. */
function putItem(
  { bytes, value, arrivalMs }: ColumnViews,
  item: Uint8Array,
  { at, nowMs }: { readonly at: Address; readonly nowMs: number },
): void {
  bytes.set(item, at)
  value.start[0] = at
  value.end[0] = at + item.length
  arrivalMs[0] = nowMs
}

/**
 * What stands in quotes behind the first `"event_type"`, wherever that is; '' where nothing does.
 */
function guessType(item: Uint8Array): string {
  const bytes = Buffer.from(item.buffer, item.byteOffset, item.length)
  const at = bytes.indexOf(TYPE_KEY)
  const start = at === -1 ? -1 : bytes.indexOf(QUOTE, at + TYPE_KEY.length)
  const end = start === -1 ? -1 : bytes.indexOf(QUOTE, start + 1)
  return end === -1 ? '' : bytes.toString('latin1', start + 1, end)
}

function toAccepted({ bytes, eventId, userId }: ColumnViews, eventType: string): ItemCheck {
  // Copies: the memory is for the next item.
  return {
    eventType,
    eventId: fromUtf8(bytes.subarray(eventId.start[0], eventId.end[0])),
    userId: bytes.slice(userId.start[0], userId.end[0]),
    invalid: null,
  }
}

/** The slow path. */
function checkPlainly(item: Uint8Array, context: ReadContext): ItemCheck {
  const nothing = { eventType: null, eventId: null, userId: null }
  if (item.length > EVENT_BYTES_MAX) {
    return { ...nothing, invalid: toRefusal(readEvent(item, context)) }
  }
  const reading = readJson(item, EVENT_DEPTH_MAX)
  const invalid = toRefusal(judgeReading(item, reading, context))
  const { root } = reading
  if (root?.kind !== 'object') return { ...nothing, invalid }
  const readText = (name: string): string | null => {
    const text = readId(item, findMember(root, name))
    return typeof text === 'string' && text.isWellFormed() ? text : null
  }
  const eventType = readText('event_type')
  const userId = readText('user_id')
  const isPlaced = userId !== null && context.catalog.events.some(({ name }) => name === eventType)
  return {
    eventType: isPlaced ? eventType : null,
    eventId: readText('event_id'),
    userId: userId === null ? null : toUtf8(userId),
    invalid,
  }
}

function toRefusal(event: ReturnType<typeof readEvent>): ItemCheck['invalid'] {
  return event.kind === 'invalid' ? event : null
}
