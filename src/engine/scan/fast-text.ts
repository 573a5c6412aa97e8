/**
 * Strings of known fields: mostly plain bytes that stay where they are. One with escapes whose text
 * is needed is decoded, and its text appended to the memory.
 *
 * Hot: `as number` stands on typed arrays whose index is checked, or whose memory has slack.
 */
import { ID_BYTES_MAX } from '../../model/event.ts'
import type { EventScan } from './event-scan.ts'
import { BACKSLASH, BAIL, QUOTE, readHex, skipPlain, skipString } from './fast-value.ts'
import type { Memory } from './walk.ts'

/** A quoted string into the slot. */
export function readText(scan: EventScan, slot: number, from: number): number {
  const { bytes, view } = scan.memory
  if (bytes[from] !== QUOTE) return BAIL
  const end = skipPlain(view, from + 1)
  if (bytes[end] !== QUOTE) return readRareText(scan, slot, from)
  const { values } = scan.program
  values.start[slot] = from + 1
  values.end[slot] = end
  return end + 1
}

/** Text that is not plain ASCII. */
function readRareText(scan: EventScan, slot: number, from: number): number {
  const { memory, program } = scan
  const next = skipString(memory, from)
  if (next < 0) return BAIL
  const { start, end } = program.values
  start[slot] = from + 1
  end[slot] = next - 1
  if (program.slots.isKept[slot] === 0 || !hasEscape(memory.bytes, from + 1, next - 1)) return next
  start[slot] = memory.tail
  decodeText(memory, from + 1, next - 1)
  end[slot] = memory.tail
  return next
}

/** A text of 1 to 256 bytes. */
export function readId(scan: EventScan, slot: number, from: number): number {
  const next = readText(scan, slot, from)
  if (next < 0) return BAIL
  const { start, end } = scan.program.values
  const size = (end[slot] as number) - (start[slot] as number)
  return size >= 1 && size <= ID_BYTES_MAX ? next : BAIL
}

/** The event type that the program is for, written plainly. */
export function readType(scan: EventScan, slot: number, from: number): number {
  const { bytes } = scan.memory
  const { typeName, values } = scan.program
  const start = from + 1
  const end = start + typeName.length
  if (bytes[from] !== QUOTE) return BAIL
  for (let index = 0; index < typeName.length; index += 1) {
    if (bytes[start + index] !== typeName[index]) return BAIL
  }
  if (bytes[end] !== QUOTE) return BAIL
  values.start[slot] = start
  values.end[slot] = end
  return end + 1
}

function hasEscape(bytes: Uint8Array, start: number, end: number): boolean {
  for (let pos = start; pos < end; pos += 1) if (bytes[pos] === BACKSLASH) return true
  return false
}

/** Appends the text of bytes[start..end), the inside of a string that `skipString` has passed. */
function decodeText(memory: Memory, start: number, end: number): void {
  const { bytes } = memory
  for (let pos = start; pos < end; ) {
    if (bytes[pos] === BACKSLASH) {
      pos = decodeEscape(memory, pos)
    } else {
      bytes[memory.tail] = bytes[pos] as number
      memory.tail += 1
      pos += 1
    }
  }
}

/** What the letters of short escapes stand for; the others stand for themselves. */
const ESCAPED: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const index = 'bfnrt'.indexOf(String.fromCharCode(byte))
  return index < 0 ? byte : '\b\f\n\r\t'.charCodeAt(index)
})
const LETTER_U = 0x75

function decodeEscape(memory: Memory, pos: number): number {
  const { bytes } = memory
  const letter = bytes[pos + 1] as number
  if (letter !== LETTER_U) {
    bytes[memory.tail] = ESCAPED[letter] as number
    memory.tail += 1
    return pos + 2
  }
  const unit = readHex(bytes, pos + 2)
  if (unit < 0xd800 || unit > 0xdfff) {
    appendCodePoint(memory, unit)
    return pos + 6
  }
  const low = readHex(bytes, pos + 8)
  appendCodePoint(memory, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
  return pos + 12
}

function appendCodePoint(memory: Memory, point: number): void {
  const { bytes } = memory
  let { tail } = memory
  if (point < 0x80) {
    bytes[tail] = point
  } else if (point < 0x800) {
    bytes[tail] = 0xc0 | (point >> 6)
  } else if (point < 0x10000) {
    bytes[tail] = 0xe0 | (point >> 12)
  } else {
    bytes[tail] = 0xf0 | (point >> 18)
    tail += 1
    bytes[tail] = 0x80 | ((point >> 12) & 0x3f)
  }
  tail += 1
  if (point >= 0x800) {
    bytes[tail] = 0x80 | ((point >> 6) & 0x3f)
    tail += 1
  }
  if (point >= 0x80) {
    bytes[tail] = 0x80 | (point & 0x3f)
    tail += 1
  }
  memory.tail = tail
}
