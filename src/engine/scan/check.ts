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
import type { EventScan } from './event-scan.ts'
import { createEventScan, isInTime, restartSerial, SERIAL_MAX } from './event-scan.ts'
import { scanEvent } from './fast-event.ts'
import { createProgram, SLOT_EVENT_ID, SLOT_TIMESTAMP, SLOT_USER_ID } from './program.ts'
import type { ReadContext } from './read-event.ts'
import { judgeReading, readEvent, readId } from './read-event.ts'
import type { Memory } from './walk.ts'
import { createMemory } from './walk.ts'

const NO_COLUMNS: readonly never[] = []
const TYPE_KEY: Buffer = Buffer.from('"event_type"')
/** Where the guess looks for the type's quotes: `: "` and 200 letters. */
const GUESS_BYTES = 220
const GUESS = /^\s*:\s*"([A-Za-z0-9_.-]+)"/

/** Makes a checker for the event types of a catalog. It keeps none of an item's bytes. */
export function createChecker(catalog: Catalog): (item: Uint8Array, nowMs: number) => ItemCheck {
  const memory = createMemory(2 * EVENT_BYTES_MAX)
  const scans = new Map(
    catalog.events.map(schema => {
      return [schema.name, createEventScan(catalog, memory, createProgram(schema, NO_COLUMNS))]
    }),
  )
  return (item, nowMs) => {
    const context: ReadContext = { catalog, home: 'door', arrivalMs: nowMs }
    if (item.length > EVENT_BYTES_MAX) return checkPlainly(item, context)
    const scan = scans.get(guessType(item))
    const isTaken = scan !== undefined && isValid(scan, item, context)
    return isTaken ? toAccepted(scan) : checkPlainly(item, context)
  }
}

/** The text behind the first `"event_type"`, wherever that stands; '' where there is none. */
function guessType(item: Uint8Array): string {
  const at = Buffer.from(item.buffer, item.byteOffset, item.length).indexOf(TYPE_KEY)
  if (at < 0) return ''
  const start = at + TYPE_KEY.length
  return GUESS.exec(fromUtf8(item.subarray(start, start + GUESS_BYTES)))?.[1] ?? ''
}

/** Whether the fast path takes the item as an event of the scan's type. */
function isValid(scan: EventScan, item: Uint8Array, { catalog, arrivalMs }: ReadContext): boolean {
  const { memory, program } = scan
  memory.bytes.set(item)
  memory.tail = item.length + 1
  if (scan.serial > SERIAL_MAX) restartSerial(scan)
  if (!scanEvent(scan, 0, item.length)) return false
  const timeMs = program.values.number[SLOT_TIMESTAMP] ?? Number.NaN
  return isInTime(timeMs, { catalog, arrivalMs })
}

function toAccepted({ memory, program }: EventScan): ItemCheck {
  return {
    eventType: program.schema.name,
    eventId: fromUtf8(toText(memory, program, SLOT_EVENT_ID)),
    userId: toText(memory, program, SLOT_USER_ID),
    invalid: null,
  }
}

/** A copy: the memory is for the next item. */
function toText(memory: Memory, { values }: EventScan['program'], slot: number): Uint8Array {
  return memory.bytes.slice(values.start[slot], values.end[slot])
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
