/**
 * Predicting keys: producers write an object's keys in the same order again and again, so the bytes
 * from the end of a value to the start of the next (`,"user_id": `) are mostly known beforehand.
 * Comparing them takes a few words; only where they differ is a key read, looked up and learnt.
 *
 * Hot: `as number` stands on typed arrays whose index is checked, or whose memory has slack.
 */

import { toUtf8 } from '../../std/bytes.ts'

/** The bytes of a separator and key, and which key it is. Entries form a chain as last seen. */
export interface KeyEntry {
  /** UNKNOWN: the key is not declared. */
  readonly slot: number
  /** Bytes from the value before (or the opening brace) to the key's value. */
  readonly size: number
  readonly wordCount: number
  /** The bytes, by four, little-endian; the last word padded with zeros. */
  readonly words: Int32Array
  /** Which bits of the word after `wordCount` whole ones count. */
  readonly tailMask: number
  /** What followed it last time. */
  next: KeyEntry | null
}

/** What is known of an object's keys. */
export interface KeyTable {
  /** The known keys, each with an entry that predicts nothing: of a key read, but not learnt. */
  readonly names: readonly { readonly bytes: Uint8Array; readonly entry: KeyEntry }[]
  /** The same, of all other keys. */
  readonly stranger: KeyEntry
  /** Stands before the first key. */
  readonly start: KeyEntry
  /** Every entry that can be predicted. */
  readonly entries: KeyEntry[]
}

/** Longer separators (deep indentation) and keys are read each time. */
const ENTRY_BYTES_MAX = 120
/** A producer with ever new keys makes the table start over. */
const ENTRIES_MAX = 64
const NOTHING = new Uint8Array(0)
/** The slot of keys that are not known. */
export const UNKNOWN = -1

export function createKeyTable(slots: ReadonlyMap<string, number>): KeyTable {
  const names = [...slots].map(([name, slot]) => {
    return { bytes: toUtf8(name), entry: createEntry(NOTHING, slot) }
  })
  const stranger = createEntry(NOTHING, UNKNOWN)
  return { names, stranger, start: createEntry(NOTHING, UNKNOWN), entries: [] }
}

/** Whether the entry's bytes stand at `pos`. */
export function isAt(entry: KeyEntry, view: DataView, pos: number): boolean {
  const { words, wordCount } = entry
  let index = 0
  for (; index < wordCount; index += 1) {
    if (view.getInt32(pos + index * 4, true) !== words[index]) return false
  }
  return (view.getInt32(pos + index * 4, true) & entry.tailMask) === words[index]
}

/** The entry, not learnt, of a key by its bytes as they stand between its quotes. */
export function findKey(table: KeyTable, key: Uint8Array): KeyEntry {
  for (const { bytes, entry } of table.names) {
    if (bytes.length === key.length && isEqual(bytes, key)) return entry
  }
  return table.stranger
}

/** The entry of these bytes, made if need be; it then follows `previous` until another does. */
export function learnEntry(
  table: KeyTable,
  previous: KeyEntry,
  seen: { readonly bytes: Uint8Array; readonly slot: number },
): KeyEntry {
  const entry = createEntry(seen.bytes, seen.slot)
  if (entry.size > ENTRY_BYTES_MAX) return entry
  const known = table.entries.find(other => isSame(other, entry))
  previous.next = known ?? entry
  if (known !== undefined) return known
  if (table.entries.length === ENTRIES_MAX) forget(table)
  table.entries.push(entry)
  return entry
}

/** Unlinks every entry; the table then learns anew. */
function forget(table: KeyTable): void {
  for (const entry of table.entries) entry.next = null
  table.entries.length = 0
  table.start.next = null
}

function createEntry(bytes: Uint8Array, slot: number): KeyEntry {
  const wordCount = bytes.length >> 2
  const padded = new Uint8Array(4 * (wordCount + 1))
  padded.set(bytes)
  const view = new DataView(padded.buffer)
  const words = new Int32Array(wordCount + 1)
  for (let index = 0; index <= wordCount; index += 1) words[index] = view.getInt32(4 * index, true)
  const tailMask = (1 << (8 * (bytes.length & 3))) - 1
  return { slot, size: bytes.length, wordCount, words, tailMask, next: null }
}

function isSame(left: KeyEntry, right: KeyEntry): boolean {
  if (left.size !== right.size) return false
  return left.words.every((word, index) => word === right.words[index])
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  for (let index = 0; index < left.length; index += 1) {
    if (left[index] !== right[index]) return false
  }
  return true
}
