/** Rows become columns: the event of each is read, and what is wanted of it written down. */
import { currency, eventSerial, scanEvent } from './event'
import { ABSENT, FieldColumn, Program, Slot } from './layout'
import {
  COLUMN_ARRIVAL,
  COLUMN_EVENT_ID,
  COLUMN_FIELDS,
  COLUMN_MARKS,
  COLUMN_REST,
  COLUMN_TIME,
  COLUMN_USER_ID,
  COLUMN_VALUE,
  columnAt,
  halfOf,
  setTail,
  tail,
  validAt,
} from './memory'

/** Bytes that an event may have. */
let eventBytesMax: i32 = 0
/** How far an event's time may be past its arrival, and before it. */
let futureMsMax: f64 = 0
let ageMsMax: f64 = 0

export function setEventBounds(bytesMax: i32, futureMs: f64, ageMs: f64): void {
  eventBytesMax = bytesMax
  futureMsMax = futureMs
  ageMsMax = ageMs
}

/** Reads the events of rows [0, rowCount); gives how many are for the slow path, and lists them. */
export function scanRows(program: Program, rowCount: i32): i32 {
  const values = columnAt(COLUMN_VALUE)
  const arrivals = columnAt(COLUMN_ARRIVAL)
  const slowRows = halfOf(columnAt(COLUMN_REST))
  const valid = validAt()
  let slowCount = 0
  for (let row = 0; row < rowCount; row += 1) {
    const start = load<i32>(values + 4 * row)
    const end = load<i32>(halfOf(values) + 4 * row)
    const isShort = start >= 0 && end - start <= eventBytesMax
    const isTaken = isShort && isScanned(program, start, end, load<f64>(arrivals + 8 * row))
    store<u8>(valid + row, isTaken)
    if (isTaken) {
      writeRow(program, row)
    } else {
      store<i32>(slowRows + 4 * slowCount, row)
      slowCount += 1
    }
  }
  return slowCount
}

/** Whether the event can be taken, and is neither `future` nor `too_old`. */
function isScanned(program: Program, start: usize, end: usize, arrivalMs: f64): bool {
  const free = tail
  if (!scanEvent(program, start, end)) return false
  const timeMs = program.timestamp.number
  // -1: an arrival that is not known.
  if (arrivalMs < 0) return true
  if (timeMs <= arrivalMs + futureMsMax && timeMs >= arrivalMs - ageMsMax) return true
  setTail(free)
  return false
}

function writeRow(program: Program, row: usize): void {
  store<f64>(columnAt(COLUMN_TIME) + 8 * row, program.timestamp.number)
  writeText(columnAt(COLUMN_EVENT_ID), row, program.eventId)
  writeText(columnAt(COLUMN_USER_ID), row, program.userId)
  store<u16>(columnAt(COLUMN_MARKS) + 2 * row, <u16>currency)
  for (let index = 0; index < program.fieldCount; index += 1) {
    const field = changetype<FieldColumn>(program.fields + <usize>index * offsetof<FieldColumn>())
    const column = columnAt(COLUMN_FIELDS + index)
    const slot = field.slot
    const isThere = slot !== null && slot.seenAt === eventSerial && slot.start !== ABSENT
    if (field.isText) {
      if (isThere) writeText(column, row, changetype<Slot>(slot))
      else store<usize>(column + 4 * row, ABSENT)
    } else {
      store<f64>(column + 8 * row, isThere ? changetype<Slot>(slot).number : NaN)
    }
  }
}

function writeText(column: usize, row: usize, slot: Slot): void {
  store<usize>(column + 4 * row, slot.start)
  store<usize>(halfOf(column) + 4 * row, slot.end)
}
