/**
 * The fast path: an event's bytes become slot values in one pass, led by the schema. It takes an
 * event only if it is certainly valid and plain. Whatever is unusual (a wrong type, a duplicate or
 * escaped key, an exponent, any fault) it leaves to the slow path, which is right by construction.
 *
 * Hot: `as number` stands on typed arrays whose index is checked, or whose memory has slack.
 */
import { CURRENCY_CODES } from '../../model/currency.ts'
import { EVENT_DEPTH_MAX } from '../../model/event.ts'
import type { EventScan } from './event-scan.ts'
import { readDecimal, readInteger, readItemMoney, readNumber, settleMoney } from './fast-number.ts'
import { readId, readText, readType } from './fast-text.ts'
import { RESULT, readTime } from './fast-time.ts'
import {
  ARRAY_CLOSE,
  ARRAY_OPEN,
  BACKSLASH,
  BAIL,
  COLON,
  COMMA,
  OBJECT_CLOSE,
  OBJECT_OPEN,
  QUOTE,
  skipSpace,
  skipString,
  skipValue,
  WORD_FALS,
  WORD_NULL,
  WORD_TRUE,
} from './fast-value.ts'
import type { KeyEntry } from './predict.ts'
import { findKey, isAt, learnEntry, UNKNOWN } from './predict.ts'
import type { ObjectNode } from './program.ts'
import {
  KIND_BOOLEAN,
  KIND_CURRENCY,
  KIND_DECIMAL,
  KIND_ID,
  KIND_INTEGER,
  KIND_ITEM_MONEY,
  KIND_LIST,
  KIND_MONEY,
  KIND_OBJECT,
  KIND_TEXT,
  KIND_TIME,
  KIND_TYPE,
  SLOT_DATA,
  SLOT_TIMESTAMP,
} from './program.ts'

/** `null` at the start of a slot: its key is there, its value is absent. */
const ABSENT = -1
/** An event with more keys that were not predicted is no example to learn from. */
const MISSES_MAX = 64
const LETTER_E = 0x65

/**
 * Reads the event at memory[start..end) into the program's values; those whose `seenAt` is
 * `program.envelope.serial`, and whose start is not -1, then hold. False: it is for the slow path,
 * and nothing holds. The byte behind the event must be in memory; it is changed while this runs.
 */
export function scanEvent(scan: EventScan, start: number, end: number): boolean {
  const { bytes } = scan.memory
  const behind = bytes[end] as number
  const tail = scan.memory.tail
  bytes[end] = 0 // ends every loop: no JSON has a zero byte
  const isTaken = scanEnvelope(scan, start, end)
  bytes[end] = behind
  if (!isTaken) scan.memory.tail = tail
  return isTaken
}

function scanEnvelope(scan: EventScan, start: number, end: number): boolean {
  const { memory, program } = scan
  const { envelope, data, values } = program
  scan.serial += 1
  const serial = scan.serial
  envelope.serial = serial
  data.serial = serial
  scan.currency = scan.currencyDefault
  scan.missCount = 0
  scan.itemDecimalsMost = 0
  scan.itemDigitsMost[0] = 0
  const open = skipSpace(memory.bytes, start)
  if (memory.bytes[open] !== OBJECT_OPEN) return false
  const close = scanObject(scan, envelope, open + 1)
  if (close < 0 || skipSpace(memory.bytes, close) !== end) return false
  const isDataAbsent = values.seenAt[SLOT_DATA] !== serial || values.start[SLOT_DATA] === ABSENT
  if (isDataAbsent && data.requiredCount > 0) return false
  return settleMoney(scan, serial)
}

/** Reads the members of an object, from behind its brace to behind the closing one. */
function scanObject(scan: EventScan, node: ObjectNode, from: number): number {
  const { memory, program } = scan
  const { view } = memory
  const { isRequired } = program.slots
  const { seenAt, start } = program.values
  const serial = node.serial
  let requiredCount = 0
  let pos = from
  let entry: KeyEntry | null = node.keys.start
  for (;;) {
    const next: KeyEntry | null = entry.next
    if (next !== null && isAt(next, view, pos)) {
      entry = next
      pos += next.size
    } else {
      node.entry = entry
      pos = readKey(scan, node, pos)
      if (pos < 0) return BAIL
      entry = node.entry
      if (entry === node.keys.start) return requiredCount === node.requiredCount ? pos : BAIL
    }
    const slot = entry.slot
    if (slot === UNKNOWN) {
      pos = skipValue(memory, pos, node.depth)
    } else {
      if (seenAt[slot] === serial) return BAIL
      seenAt[slot] = serial
      if (view.getInt32(pos, true) === WORD_NULL) {
        start[slot] = ABSENT
        pos += 4
      } else {
        start[slot] = pos
        requiredCount += isRequired[slot] as number
        pos = readSlot(scan, slot, pos)
      }
    }
    if (pos < 0) return BAIL
  }
}

/**
 * Reads the key that follows `node.entry`, to the first byte of its value, and makes it the node's
 * entry; behind the closing brace that is the start entry again.
 */
function readKey(scan: EventScan, node: ObjectNode, from: number): number {
  const { memory } = scan
  const { bytes } = memory
  let pos = skipSpace(bytes, from)
  if (bytes[pos] === OBJECT_CLOSE) {
    node.entry = node.keys.start
    return pos + 1
  }
  if (node.entry !== node.keys.start) {
    if (bytes[pos] !== COMMA) return BAIL
    pos = skipSpace(bytes, pos + 1)
  }
  const keyStart = pos + 1
  pos = skipString(memory, pos)
  if (pos < 0) return BAIL
  const key = bytes.subarray(keyStart, pos - 1)
  if (key.includes(BACKSLASH)) return BAIL
  pos = skipSpace(bytes, pos)
  if (bytes[pos] !== COLON) return BAIL
  pos = skipSpace(bytes, pos + 1)
  const found = findKey(node.keys, key)
  scan.missCount += 1
  if (scan.missCount > MISSES_MAX) node.entry = found
  else {
    const seen = { bytes: bytes.subarray(from, pos), slot: found.slot }
    node.entry = learnEntry(node.keys, node.entry, seen)
  }
  return pos
}

/** Reads a value that is not null into its slot. */
function readSlot(scan: EventScan, slot: number, pos: number): number {
  switch (scan.program.slots.kind[slot]) {
    case KIND_TEXT:
      return readText(scan, slot, pos)
    case KIND_ID:
      return readId(scan, slot, pos)
    case KIND_TYPE:
      return readType(scan, slot, pos)
    case KIND_TIME:
      return readTimestamp(scan, pos)
    case KIND_MONEY:
      return readNumber(scan, slot, pos)
    case KIND_INTEGER:
      return readInteger(scan, slot, pos)
    case KIND_OBJECT:
      return readData(scan, pos)
    case KIND_CURRENCY:
      return readCurrency(scan, slot, pos)
    case KIND_DECIMAL:
      return readDecimal(scan, slot, pos)
    case KIND_ITEM_MONEY:
      return readItemMoney(scan, slot, pos)
    case KIND_BOOLEAN:
      return readBoolean(scan, slot, pos)
    case KIND_LIST:
      return readList(scan, slot, pos)
    default:
      return BAIL
  }
}

function readTimestamp(scan: EventScan, pos: number): number {
  const next = readTime(scan.time, scan.memory, pos)
  scan.program.values.number[SLOT_TIMESTAMP] = scan.time.timeMs[RESULT] as number
  return next
}

function readData(scan: EventScan, pos: number): number {
  if (scan.memory.bytes[pos] !== OBJECT_OPEN) return BAIL
  return scanObject(scan, scan.program.data, pos + 1)
}

/** By the word that its opening quote and three letters make. */
const CURRENCY_BY_WORD: ReadonlyMap<number, number> = new Map(
  CURRENCY_CODES.map((code, index) => [Buffer.from(`"${code}`).readInt32LE(), index]),
)

function readCurrency(scan: EventScan, slot: number, pos: number): number {
  const { bytes, view } = scan.memory
  const currency = CURRENCY_BY_WORD.get(view.getInt32(pos, true))
  if (currency === undefined || bytes[pos + 4] !== QUOTE) return BAIL
  scan.currency = currency
  scan.program.values.start[slot] = pos + 1
  scan.program.values.end[slot] = pos + 4
  return pos + 5
}

function readBoolean(scan: EventScan, slot: number, pos: number): number {
  const { bytes, view } = scan.memory
  const { number } = scan.program.values
  const word = view.getInt32(pos, true)
  number[slot] = word === WORD_TRUE ? 1 : 0
  if (word === WORD_TRUE) return pos + 4
  return word === WORD_FALS && bytes[pos + 4] === LETTER_E ? pos + 5 : BAIL
}

/** A list of objects, each with keys of its own. */
function readList(scan: EventScan, slot: number, from: number): number {
  const { bytes } = scan.memory
  const node = scan.program.slots.node[slot]
  if (bytes[from] !== ARRAY_OPEN || node === null || node === undefined) return BAIL
  if (node.depth > EVENT_DEPTH_MAX) return BAIL
  let pos = skipSpace(bytes, from + 1)
  if (bytes[pos] === ARRAY_CLOSE) return pos + 1
  for (;;) {
    if (bytes[pos] !== OBJECT_OPEN) return BAIL
    scan.serial += 1
    node.serial = scan.serial
    pos = scanObject(scan, node, pos + 1)
    if (pos < 0) return BAIL
    pos = skipSpace(bytes, pos)
    if (bytes[pos] === ARRAY_CLOSE) return pos + 1
    if (bytes[pos] !== COMMA) return BAIL
    pos = skipSpace(bytes, pos + 1)
  }
}
