/**
 * Predicting keys: producers write an object's keys in the same order again and again, so the bytes
 * from the end of a value to the start of the next (`,"user_id": `) are mostly known beforehand.
 * Comparing them takes a block or two; only where they differ is a key read, looked up and learnt.
 * What followed an entry last, and before that, is predicted: keys that come and go cost nothing.
 */
import { BAIL, ENTRY_TEXT, KeyEntry, KeyName, ObjectNode, Slot } from './layout'
import { BACKSLASH, skipString } from './text'
import { COMMA, skipColon, skipSpace } from './value'

/** Longer separators (deep indentation) and keys are read each time. */
const ENTRY_BYTES_MAX: usize = 120
/** A producer with ever new keys makes the node forget, and learn anew. */
export const POOL_BYTES: usize = 4096
/** An event with more keys that were not predicted is no example to learn from. */
const MISSES_MAX: i32 = 64

/** Keys of the event under way that were not predicted. */
let missCount: i32 = 0
/** Of the key read last: its slot, null where it is not declared; its entry, null if not learnt. */
export let keySlot: Slot | null = null
export let keyEntry: KeyEntry | null = null

export function startKeys(): void {
  missCount = 0
}

/** Whether the entry's bytes stand at `pos`. */
export function isAt(entry: KeyEntry, pos: usize): bool {
  return isEqual(changetype<usize>(entry) + ENTRY_TEXT, entry.size, pos)
}

/** Whether `size` bytes are alike. Blocks are read whole, and looked at as far as they count. */
export function isEqual(left: usize, size: i32, right: usize): bool {
  let at: usize = 0
  let rest = size
  while (rest > 16) {
    if (countAlike(left + at, right + at) < 16) return false
    at += 16
    rest -= 16
  }
  return countAlike(left + at, right + at) >= rest
}

/** How many of 16 bytes are alike, up to the first that is not. */
function countAlike(left: usize, right: usize): i32 {
  return ctz(~i8x16.bitmask(i8x16.eq(v128.load(left), v128.load(right))))
}

/** Reads the key that follows `previous`, to the first byte of its value. */
export function readKey(node: ObjectNode, previous: KeyEntry | null, from: usize): usize {
  let pos = skipSpace(from)
  if (previous !== node.start) {
    if (load<u8>(pos) !== COMMA) return BAIL
    pos = skipSpace(pos + 1)
  }
  const start = pos + 1
  pos = skipString(pos)
  if (pos === BAIL) return BAIL
  const size = pos - 1 - start
  for (let at: usize = 0; at < size; at += 1) {
    if (load<u8>(start + at) === BACKSLASH) return BAIL
  }
  pos = skipColon(pos)
  if (pos === BAIL) return BAIL
  keySlot = findSlot(node, start, <i32>size)
  missCount += 1
  keyEntry = missCount > MISSES_MAX ? null : learn(node, previous, from, pos - from)
  return pos
}

function findSlot(node: ObjectNode, start: usize, size: i32): Slot | null {
  for (let index = 0; index < node.nameCount; index += 1) {
    const name = changetype<KeyName>(node.names + <usize>index * offsetof<KeyName>())
    if (name.size === size && isEqual(name.text, size, start)) return name.slot
  }
  return null
}

/** The entry of these bytes, made if need be; it is then predicted after `previous`. */
function learn(
  node: ObjectNode,
  previous: KeyEntry | null,
  from: usize,
  size: usize,
): KeyEntry | null {
  if (size > ENTRY_BYTES_MAX) return null
  const known = findEntry(node, from, <i32>size)
  const isForgotten = known === null && makeRoom(node, size)
  const entry = known !== null ? known : addEntry(node, from, size)
  // What was forgotten is overwritten; the start entry does not stand in the pool.
  const last: KeyEntry | null = isForgotten && previous !== node.start ? null : previous
  if (last !== null && last.next !== entry) {
    last.other = last.next
    last.next = entry
  }
  return entry
}

function findEntry(node: ObjectNode, from: usize, size: i32): KeyEntry | null {
  for (let at = node.pool; at < node.poolTail; ) {
    const entry = changetype<KeyEntry>(at)
    if (entry.size === size && isAt(entry, from)) return entry
    at += entryBytes(entry.size)
  }
  return null
}

/** Makes room for one more entry; true: all others had to go. */
function makeRoom(node: ObjectNode, size: usize): bool {
  if (node.poolTail + entryBytes(size) <= node.pool + POOL_BYTES) return false
  node.poolTail = node.pool
  node.start.next = null
  node.start.other = null
  return true
}

function addEntry(node: ObjectNode, from: usize, size: usize): KeyEntry {
  const entry = changetype<KeyEntry>(node.poolTail)
  node.poolTail += entryBytes(size)
  entry.slot = keySlot
  entry.size = <i32>size
  entry.next = null
  entry.other = null
  memory.copy(changetype<usize>(entry) + ENTRY_TEXT, from, size)
  return entry
}

function entryBytes(size: usize): usize {
  return ENTRY_TEXT + ((size + 15) & ~15)
}
