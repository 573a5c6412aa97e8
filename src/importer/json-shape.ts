/** What the first bytes of a file that begins with `{` tell about the rest. */
import { fromUtf8 } from '../std/bytes.ts'
import { isWhitespace } from './values.ts'

const NEWLINE = 0x0a
const QUOTE = 0x22
const COLON = 0x3a
const BACKSLASH = 0x5c
const OPEN_ARRAY = 0x5b
const OPEN_OBJECT = 0x7b

/** Called at each place outside strings, with the depth behind it; true ends the walk. */
type Visit = (index: number, depth: number) => boolean

/**
 * Offset behind the `[` of a member `events` of the object at `start`; null where there is none,
 * the object is an event itself, or more follows it: then it is the first line of many.
 */
export function findEventsArray(head: Buffer, start: number): number | null {
  const keys = new Set<string>()
  let array: number | null = null
  let end: number | null = null
  walk(head, start, (index, depth) => {
    if (depth === 0) end = index + 1
    if (depth === 1 && head[index] === COLON) {
      const key = keyBefore(head, index)
      keys.add(key)
      const value = skipWhitespace(head, index + 1)
      if (key === 'events' && head[value] === OPEN_ARRAY) array ??= value + 1
    }
    return depth === 0
  })
  const isEvent = keys.has('event_type') || keys.has('event_id')
  const isFollowed = end !== null && skipWhitespace(head, end) < head.length
  return isEvent || isFollowed ? null : array
}

/** Tells whether the value at `start` goes on behind its first line as printers break lines. */
export function isPrettyPrinted(head: Buffer, start: number): boolean {
  let isOpen = false
  let next = start
  walk(head, start, (index, depth) => {
    if (head[index] === NEWLINE) {
      isOpen = depth > 0
      next = skipWhitespace(head, index)
    }
    return depth === 0 || head[index] === NEWLINE
  })
  // A line that was cut off is followed by the next event, not by a member.
  return isOpen && next < head.length && head[next] !== OPEN_OBJECT
}

function walk(head: Buffer, start: number, visit: Visit): void {
  let depth = 0
  let index = start
  while (index < head.length) {
    const byte = head[index]
    if (byte === QUOTE) {
      const end = endOfString(head, index)
      // A newline in a string is not JSON: the line is broken, and tells nothing.
      if (end === -1) return
      index = end
      continue
    }
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1
    if (byte === 0x7d || byte === 0x5d) depth -= 1
    if (visit(index, depth)) return
    index += 1
  }
}

function endOfString(head: Buffer, start: number): number {
  let index = start + 1
  while (index < head.length && head[index] !== NEWLINE) {
    if (head[index] === QUOTE) return index + 1
    index += head[index] === BACKSLASH ? 2 : 1
  }
  return -1
}

/** The text of the string that ends before the colon; '' where there is none. */
function keyBefore(head: Buffer, colon: number): string {
  let end = colon - 1
  while (isWhitespace(head[end])) end -= 1
  if (head[end] !== QUOTE) return ''
  const begin = head.lastIndexOf(QUOTE, end - 1)
  return begin === -1 ? '' : fromUtf8(head.subarray(begin + 1, end))
}

function skipWhitespace(head: Buffer, start: number): number {
  let index = start
  while (isWhitespace(head[index])) index += 1
  return index
}
