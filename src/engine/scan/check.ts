/**
 * The front door's check: what the scanner would say of an item arriving now, and where it goes.
 * Most items take the fast path, with the event type guessed from their bytes; a wrong guess only
 * costs time, since the fast path takes an event for what it is or not at all.
 */
import type { Catalog } from '../../model/catalog.ts'
import { EVENT_BYTES_MAX, EVENT_DEPTH_MAX } from '../../model/event.ts'
import type { ItemCheck } from '../../model/verdict.ts'
import { toUtf8 } from '../../std/bytes.ts'
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
const COLON = 0x3a
const SPACE = 0x20

/** Makes a checker for the event types of a catalog. It keeps none of an item's bytes. */
export function createChecker(catalog: Catalog): (item: Uint8Array, nowMs: number) => ItemCheck {
  const fast = createFastPath(catalog)
  const candidates = catalog.events.map((schema): Candidate => {
    const quoted = Buffer.from(JSON.stringify(schema.name))
    return { eventType: schema.name, quoted, program: createProgram(fast, schema, NO_COLUMNS) }
  })
  const guess = createGuess(candidates)
  // Laid out once, for the largest item, with a byte behind it.
  const at = fast.layOut(1, NO_COLUMNS.length, EVENT_BYTES_MAX + 1)
  const columns = viewColumns(fast, 1, NO_COLUMNS)
  const { buffer, byteOffset, length } = columns.bytes
  const texts = Buffer.from(buffer, byteOffset, length)
  return (item, nowMs) => {
    const context: ReadContext = { catalog, home: 'door', arrivalMs: nowMs }
    const candidate = guess(item)
    if (candidate === undefined || item.length > EVENT_BYTES_MAX) return checkPlainly(item, context)
    putItem(columns, item, { at, nowMs })
    // Text is decoded behind where the item may be.
    fast.setTail(at + EVENT_BYTES_MAX + 1)
    if (fast.scanRows(candidate.program, 1) !== 0) return checkPlainly(item, context)
    const { eventId, userId } = columns
    return {
      eventType: candidate.eventType,
      eventId: texts.toString('utf8', eventId.start[0], eventId.end[0]),
      // A copy: the memory is for the next item.
      userId: columns.bytes.slice(userId.start[0], userId.end[0]),
      invalid: null,
    }
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

/** What an item may be. */
interface Candidate {
  readonly eventType: string
  /** The type as it stands in JSON. */
  readonly quoted: Uint8Array
  readonly program: Address
}

/** Tells them by what stands behind `"event_type"`, which one sender mostly writes at one place. */
function createGuess(
  candidates: readonly Candidate[],
): (item: Uint8Array) => Candidate | undefined {
  let keyAt = 0
  return item => {
    if (!standsAt(item, keyAt, TYPE_KEY)) keyAt = Buffer.prototype.indexOf.call(item, TYPE_KEY)
    if (keyAt === -1) return undefined
    let at = keyAt + TYPE_KEY.length
    while (item[at] === SPACE || item[at] === COLON) at += 1
    return candidates.find(({ quoted }) => standsAt(item, at, quoted))
  }
}

function standsAt(item: Uint8Array, start: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index += 1) {
    if (item[start + index] !== wanted[index]) return false
  }
  return true
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
