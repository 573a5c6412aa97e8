/**
 * A bucket of ids: an open-addressing table of 128-bit ids in one typed array, with what was added
 * since the last take, behind it the bucket's runs on disk.
 *
 * Slots are found by multilinear hashing under secret multipliers (Lemire and Kaser, "Strongly
 * universal string hashing is fast", 2014), so nobody can aim ids at one slot. The id of four zero
 * words marks an empty slot; that one id is kept as (0, 0, 0, 1).
 */

import type { IdBucket, IdRun } from '../../model/ids.ts'
import { ID_BYTES } from '../../model/ids.ts'

/** Four odd numbers below 2^32, secret. */
export type Multipliers = Int32Array

const CAPACITY_START = 16
/** Above this share of full slots a table grows, where memory allows. */
const LOAD_MAX = 0.6
/** Above this it grows whether memory allows or not, for probes would get long. */
const LOAD_HARD_MAX = 0.85
const FRESH_START = 32

/** Says whether so many more bytes may be taken; a table that is refused asks to be sealed. */
export type Grant = (bytes: number) => boolean

export class IdTable {
  readonly bucket: IdBucket
  /** Of the table in memory. */
  idCount = 0
  /** Number of the latest take before which the bucket was used: the coldest have the lowest. */
  touched = 0
  runs: IdRun[] = []
  /** Sealed by a step that is not committed yet: still to be looked into. */
  private retiring: IdTable | null = null
  private words: Int32Array = new Int32Array(CAPACITY_START * 4)
  private shift = 32 - Math.log2(CAPACITY_START)
  private fresh: Int32Array = new Int32Array(0)
  private freshCount = 0
  /** Keeps the loads of `touch` from being optimised away. */
  protected touchSum = 0
  private readonly multipliers: Multipliers
  private readonly grant: Grant

  constructor(bucket: IdBucket, multipliers: Multipliers, grant: Grant) {
    this.bucket = bucket
    this.multipliers = multipliers
    this.grant = grant
  }

  /** Of the slots, those that are retiring included. */
  get byteSize(): number {
    return this.words.byteLength + (this.retiring?.byteSize ?? 0)
  }

  /** Of the ids that wait for a take. */
  get freshByteSize(): number {
    return this.fresh.byteLength
  }

  get pendingCount(): number {
    return this.freshCount
  }

  /** Whether the bucket holds the id. */
  has(w0: number, w1: number, w2: number, w3: number): boolean {
    const last = lastWord(w0, w1, w2, w3)
    return this.find(w0, w1, w2, last) < 0 || this.isElsewhere(w0, w1, w2, last)
  }

  /** Adds the id; false where the bucket holds it already. */
  add(w0: number, w1: number, w2: number, w3: number): boolean {
    const last = lastWord(w0, w1, w2, w3)
    const place = this.find(w0, w1, w2, last)
    if (place < 0 || this.isElsewhere(w0, w1, w2, last)) return false
    this.put(place, w0, w1, w2, last)
    this.remember(w0, w1, w2, last)
    return true
  }

  /**
   * Loads the slots of ids, four words each, before they are looked for: independent loads overlap,
   * so that a batch waits for memory about once and not once an id.
   */
  touch(ids: Int32Array, idCount: number): void {
    const words = this.words
    let sum = 0
    for (let at = 0; at < idCount * 4; at += 4) {
      const slot = this.slotOf(
        ids[at] as number,
        ids[at + 1] as number,
        ids[at + 2] as number,
        ids[at + 3] as number,
      )
      sum ^= words[slot << 2] as number
    }
    this.touchSum = sum
  }

  /** Adds ids that rest in the store already, 16 bytes each; none of them is in the table. */
  load(ids: Uint8Array): void {
    const words = toWords(ids)
    for (let at = 0; at < words.length; at += 4) {
      const w0 = words[at] as number
      const w1 = words[at + 1] as number
      const w2 = words[at + 2] as number
      const w3 = words[at + 3] as number
      const place = this.find(w0, w1, w2, w3)
      if (place >= 0) this.put(place, w0, w1, w2, w3)
    }
  }

  /** The ids added since the last call, in order of addition; the caller's from then on. */
  takeFresh(): Uint8Array {
    const ids = toBytes(this.fresh.subarray(0, this.freshCount * 4))
    this.freshCount = 0
    this.fresh = new Int32Array(0)
    return ids
  }

  /** All ids of the table in memory, in no order. */
  toIds(): Int32Array {
    const ids = new Int32Array(this.idCount * 4)
    let at = 0
    for (let slot = 0; slot < this.words.length; slot += 4) {
      if (isEmpty(this.words, slot)) continue
      for (let word = 0; word < 4; word += 1) ids[at + word] = this.words[slot + word] as number
      at += 4
    }
    return ids
  }

  /** Starts an empty table; what was in it is still found, until `settle`. */
  retire(): void {
    const old = new IdTable(this.bucket, this.multipliers, this.grant)
    old.words = this.words
    old.shift = this.shift
    old.idCount = this.idCount
    old.retiring = this.retiring
    this.retiring = old
    this.words = new Int32Array(CAPACITY_START * 4)
    this.shift = 32 - Math.log2(CAPACITY_START)
    this.idCount = 0
  }

  /** The retired ids rest in these runs now. */
  settle(runs: readonly IdRun[]): void {
    this.retiring = null
    this.runs.push(...runs)
  }

  private isElsewhere(w0: number, w1: number, w2: number, w3: number): boolean {
    if (this.retiring === null && this.runs.length === 0) return false
    if (this.retiring?.has(w0, w1, w2, w3) === true) return true
    for (const run of this.runs) if (run.has(w0, w1, w2, w3)) return true
    return false
  }

  /** The empty place for an id, or -1 where the table holds it. */
  private find(w0: number, w1: number, w2: number, w3: number): number {
    const words = this.words
    const mask = words.length - 1
    let at = this.slotOf(w0, w1, w2, w3) << 2
    while (true) {
      const word0 = words[at] as number
      if (word0 === w0 && words[at + 1] === w1 && words[at + 2] === w2 && words[at + 3] === w3) {
        return -1
      }
      if (word0 === 0 && isEmpty(words, at)) return at
      at = (at + 4) & mask
    }
  }

  private slotOf(w0: number, w1: number, w2: number, w3: number): number {
    const factors = this.multipliers
    const sum =
      Math.imul(w0, factors[0] as number) +
      Math.imul(w1, factors[1] as number) +
      Math.imul(w2, factors[2] as number) +
      Math.imul(w3, factors[3] as number)
    const mixed = sum | 0
    return Math.imul(mixed ^ (mixed >>> 15), 0x9e3779b1) >>> this.shift
  }

  private put(place: number, w0: number, w1: number, w2: number, w3: number): void {
    const words = this.words
    words[place] = w0
    words[place + 1] = w1
    words[place + 2] = w2
    words[place + 3] = w3
    this.idCount += 1
    const load = this.idCount / (words.length >> 2)
    if (load <= LOAD_MAX) return
    // While a table grows, the old one and the new one, twice as large, are both there.
    if (this.grant(words.byteLength * 2) || load > LOAD_HARD_MAX) this.grow()
  }

  private grow(): void {
    const old = this.words
    // Written once before it is read: fresh pages that are read first fault twice.
    const words = new Int32Array(old.length * 2).fill(0)
    const mask = words.length - 1
    this.words = words
    this.shift -= 1
    for (let from = 0; from < old.length; from += 4) {
      if (isEmpty(old, from)) continue
      const w0 = old[from] as number
      const w1 = old[from + 1] as number
      const w2 = old[from + 2] as number
      const w3 = old[from + 3] as number
      let at = this.slotOf(w0, w1, w2, w3) << 2
      while (!isEmpty(words, at)) at = (at + 4) & mask
      words[at] = w0
      words[at + 1] = w1
      words[at + 2] = w2
      words[at + 3] = w3
    }
  }

  private remember(w0: number, w1: number, w2: number, w3: number): void {
    if (this.freshCount * 4 === this.fresh.length) {
      const grown = new Int32Array(Math.max(this.fresh.length * 2, FRESH_START * 4))
      grown.set(this.fresh)
      this.fresh = grown
    }
    const at = this.freshCount * 4
    this.fresh[at] = w0
    this.fresh[at + 1] = w1
    this.fresh[at + 2] = w2
    this.fresh[at + 3] = w3
    this.freshCount += 1
  }
}

/** Word 3, but 1 of the id of four zero words. */
function lastWord(w0: number, w1: number, w2: number, w3: number): number {
  return (w0 | w1 | w2 | w3) === 0 ? 1 : w3
}

function isEmpty(words: Int32Array, at: number): boolean {
  return (
    ((words[at] as number) |
      (words[at + 1] as number) |
      (words[at + 2] as number) |
      (words[at + 3] as number)) ===
    0
  )
}

function toWords(ids: Uint8Array): Int32Array {
  const aligned = ids.byteOffset % 4 === 0 ? ids : ids.slice()
  return new Int32Array(aligned.buffer, aligned.byteOffset, Math.floor(ids.length / ID_BYTES) * 4)
}

/** The words' bytes, in the machine's order. */
export function toBytes(words: Int32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
}
