/**
 * An event's bytes become slot values in one pass, led by the schema. An event is taken only if it
 * is certainly valid and plain. Whatever is unusual (a wrong type, a duplicate or escaped key, an
 * exponent, any fault) is left to the slow path, which is right by construction.
 */
import { isAt, isEqual, keyEntry, keySlot, readKey, startKeys } from './keys'
import {
  ABSENT,
  BAIL,
  KeyEntry,
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
  ObjectNode,
  Program,
  Slot,
} from './layout'
import { setTail, tail } from './memory'
import {
  readDecimal,
  readInteger,
  readItemMoney,
  readNumber,
  settleMoney,
  startMoney,
} from './number'
import { QUOTE, readText } from './text'
import { readTime } from './time'
import {
  ARRAY_CLOSE,
  ARRAY_OPEN,
  COMMA,
  depthMax,
  LETTER_E,
  OBJECT_CLOSE,
  OBJECT_OPEN,
  skipSpace,
  skipValue,
  WORD_FALS,
  WORD_NULL,
  WORD_TRUE,
} from './value'

/** Bytes that an id may have. */
let idBytesMax: usize = 0
/** A word for each currency, its quote and letters; behind them a byte each, its decimals. */
let currencies: usize = 0
let currencyCount: i32 = 0
/** Index of the currency of events that name none. */
let currencyDefault: i32 = 0

/** The program of the event under way. */
let program: Program = changetype<Program>(0)
/** Serial number of the object opened last: keys seen in it carry the number in `seenAt`. */
let serialLast: u64 = 0
/** Of the event read last. */
export let eventSerial: u64 = 0
export let currency: i32 = 0

export function setIdBytesMax(size: usize): void {
  idBytesMax = size
}

export function setCurrencies(words: usize, count: i32, index: i32): void {
  currencies = words
  currencyCount = count
  currencyDefault = index
}

/**
 * Reads the event at [start, end) into the slots of a program; those whose `seenAt` is
 * `eventSerial`, and whose start is not ABSENT, then hold. False: it is for the slow path. The byte
 * behind the event must be in memory; it is changed while this runs.
 */
export function scanEvent(by: Program, start: usize, end: usize): bool {
  const behind = load<u8>(end)
  const free = tail
  program = by
  store<u8>(end, 0) // ends every loop: no JSON has a zero byte
  const isTaken = scanEnvelope(start, end)
  store<u8>(end, behind)
  if (!isTaken) setTail(free)
  return isTaken
}

function scanEnvelope(start: usize, end: usize): bool {
  serialLast += 1
  eventSerial = serialLast
  currency = currencyDefault
  startKeys()
  startMoney()
  const open = skipSpace(start)
  if (load<u8>(open) !== OBJECT_OPEN) return false
  const close = scanObject(program.envelope, open + 1, eventSerial)
  if (close === BAIL || skipSpace(close) !== end) return false
  const data = program.dataSlot
  const isDataAbsent = data.seenAt !== eventSerial || data.start === ABSENT
  if (isDataAbsent && program.data.requiredCount > 0) return false
  return settleMoney(program, eventSerial, decimalsOf(currency))
}

/** Reads the members of an object, from behind its brace to behind the closing one. */
function scanObject(node: ObjectNode, from: usize, serial: u64): usize {
  let requiredCount = 0
  let pos = from
  let entry: KeyEntry | null = node.start
  while (true) {
    const next = predict(entry, pos)
    let slot: Slot | null = null
    if (next !== null) {
      pos += next.size
      entry = next
      slot = next.slot
    } else {
      const close = skipSpace(pos)
      if (load<u8>(close) === OBJECT_CLOSE) {
        return requiredCount === node.requiredCount ? close + 1 : BAIL
      }
      pos = readKey(node, entry, pos)
      if (pos === BAIL) return BAIL
      entry = keyEntry
      slot = keySlot
    }
    if (slot === null) pos = skipValue(pos, node.depth)
    else {
      if (slot.seenAt === serial) return BAIL
      slot.seenAt = serial
      if (load<u32>(pos) === WORD_NULL) {
        slot.start = ABSENT
        pos += 4
      } else {
        slot.start = pos
        requiredCount += slot.isRequired
        pos = readSlot(slot, pos)
      }
    }
    if (pos === BAIL) return BAIL
  }
}

/** The entry whose bytes stand at `pos`, if it is one that followed before. */
function predict(entry: KeyEntry | null, pos: usize): KeyEntry | null {
  if (entry === null) return null
  const next = entry.next
  if (next === null) return null
  if (isAt(next, pos)) return next
  const other = entry.other
  return other !== null && isAt(other, pos) ? other : null
}

/** Reads a value that is not null into its slot. */
function readSlot(slot: Slot, pos: usize): usize {
  switch (slot.kind) {
    case KIND_TEXT:
      return readText(slot, pos)
    case KIND_ID:
      return readId(slot, pos)
    case KIND_TYPE:
      return readType(slot, pos)
    case KIND_TIME:
      return readTime(slot, pos)
    case KIND_MONEY:
      return readNumber(slot, pos)
    case KIND_INTEGER:
      return readInteger(slot, pos)
    case KIND_OBJECT:
      return load<u8>(pos) === OBJECT_OPEN ? scanObject(program.data, pos + 1, eventSerial) : BAIL
    case KIND_CURRENCY:
      return readCurrency(slot, pos)
    case KIND_DECIMAL:
      return readDecimal(slot, pos)
    case KIND_ITEM_MONEY:
      return readItemMoney(slot, pos)
    case KIND_BOOLEAN:
      return readBoolean(slot, pos)
    case KIND_LIST:
      return readList(slot, pos)
    default:
      return BAIL
  }
}

/** A text of 1 to `idBytesMax` bytes. */
function readId(slot: Slot, from: usize): usize {
  const next = readText(slot, from)
  if (next === BAIL) return BAIL
  const size = slot.end - slot.start
  return size >= 1 && size <= idBytesMax ? next : BAIL
}

/** The event type that the program is for, written plainly. */
function readType(slot: Slot, from: usize): usize {
  const size = program.typeNameSize
  const start = from + 1
  // The name first: where it stands, its closing quote is in memory.
  if (load<u8>(from) !== QUOTE || !isEqual(program.typeName, size, start)) return BAIL
  if (load<u8>(start + size) !== QUOTE) return BAIL
  slot.start = start
  slot.end = start + size
  return start + size + 1
}

function readCurrency(slot: Slot, pos: usize): usize {
  const word = load<u32>(pos)
  if (load<u8>(pos, 4) !== QUOTE) return BAIL
  for (let index = 0; index < currencyCount; index += 1) {
    if (load<u32>(currencies + 4 * <usize>index) !== word) continue
    currency = index
    slot.start = pos + 1
    slot.end = pos + 4
    return pos + 5
  }
  return BAIL
}

function decimalsOf(index: i32): i32 {
  return load<u8>(currencies + 4 * <usize>currencyCount + index)
}

function readBoolean(slot: Slot, pos: usize): usize {
  const word = load<u32>(pos)
  slot.number = word === WORD_TRUE ? 1 : 0
  if (word === WORD_TRUE) return pos + 4
  return word === WORD_FALS && load<u8>(pos, 4) === LETTER_E ? pos + 5 : BAIL
}

/** A list of objects, each with keys of its own. */
function readList(slot: Slot, from: usize): usize {
  const node = slot.node
  if (node === null || load<u8>(from) !== ARRAY_OPEN || node.depth > depthMax) return BAIL
  let pos = skipSpace(from + 1)
  if (load<u8>(pos) === ARRAY_CLOSE) return pos + 1
  while (true) {
    if (load<u8>(pos) !== OBJECT_OPEN) return BAIL
    serialLast += 1
    pos = scanObject(node, pos + 1, serialLast)
    if (pos === BAIL) return BAIL
    pos = skipSpace(pos)
    const byte: u32 = load<u8>(pos)
    if (byte === ARRAY_CLOSE) return pos + 1
    if (byte !== COMMA) return BAIL
    pos = skipSpace(pos + 1)
  }
}
