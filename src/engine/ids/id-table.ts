/**
 * A bucket of ids: a table of 128-bit ids in memory, with what was added since the last take,
 * behind it the bucket's runs on disk. The id of four zero words is kept as (0, 0, 0, 1).
 *
 * The table is made of sixteen, each of which grows by itself: while one does, its old slots and
 * its new ones are both in memory, and that is then a small part of the whole.
 */

import type { IdBucket, IdRun } from '../../model/ids.ts'
import { ID_BYTES } from '../../model/ids.ts'
import type { Multipliers } from './id-slots.ts'
import { HASH_BITS_USED, hashId, IdSlots } from './id-slots.ts'

const PART_COUNT: number = 1 << HASH_BITS_USED
const PART_SHIFT: number = 32 - HASH_BITS_USED
/** Above this share of full slots they grow whether memory allows or not: probes would get long. */
const LOAD_HARD_MAX = 0.85
const FRESH_START = 32

/** Says whether so many more bytes may be taken; a table that is refused asks to be sealed. */
export type Grant = (bytes: number) => boolean

export class IdTable {
  readonly bucket: IdBucket
  /** Number of the latest take before which the bucket was used: the coldest have the lowest. */
  touched = 0
  runs: IdRun[] = []
  /** Sealed by a step that is not committed yet: still to be looked into. */
  private retiring: IdTable | null = null
  /** By the top bits of the ids' hashes. */
  private parts: readonly IdSlots[] = createParts()
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

  /** Of the table in memory. */
  get idCount(): number {
    return this.parts.reduce((sum, part) => sum + part.idCount, 0)
  }

  /** Of the slots, those that are retiring included. */
  get byteSize(): number {
    const own = this.parts.reduce((sum, part) => sum + part.words.byteLength, 0)
    return own + (this.retiring?.byteSize ?? 0)
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
    const hash = hashId(this.multipliers, w0, w1, w2, last)
    const isHere = this.partOf(hash).find(hash, w0, w1, w2, last) < 0
    return isHere || this.isElsewhere(w0, w1, w2, last)
  }

  /** Adds the id; false where the bucket holds it already. */
  add(w0: number, w1: number, w2: number, w3: number): boolean {
    const last = lastWord(w0, w1, w2, w3)
    const hash = hashId(this.multipliers, w0, w1, w2, last)
    const part = this.partOf(hash)
    const place = part.find(hash, w0, w1, w2, last)
    if (place < 0 || this.isElsewhere(w0, w1, w2, last)) return false
    part.put(place, w0, w1, w2, last)
    if (part.isCrowded) this.growPart(part)
    this.remember(w0, w1, w2, last)
    return true
  }

  /**
   * Loads the slots of ids, four words each, before they are looked for: independent loads overlap,
   * so that a batch waits for memory about once and not once an id.
   */
  touch(ids: Int32Array, idCount: number): void {
    let sum = 0
    for (let at = 0; at < idCount * 4; at += 4) {
      const hash = hashId(
        this.multipliers,
        ids[at] as number,
        ids[at + 1] as number,
        ids[at + 2] as number,
        ids[at + 3] as number,
      )
      const part = this.partOf(hash)
      sum ^= part.words[part.placeOf(hash)] as number
    }
    this.touchSum = sum
  }

  /** Adds ids that rest in the store already, 16 bytes each; none of them is in the table. */
  load(ids: Uint8Array): void {
    const words = toWords(ids)
    // The hash spreads ids evenly; those that a part has more of make it grow.
    const partIdCount = words.length / 4 / PART_COUNT
    for (const part of this.parts) if (part.idCount === 0) part.reserve(partIdCount)
    for (let at = 0; at < words.length; at += 4) {
      const w0 = words[at] as number
      const w1 = words[at + 1] as number
      const w2 = words[at + 2] as number
      const w3 = words[at + 3] as number
      const hash = hashId(this.multipliers, w0, w1, w2, w3)
      const part = this.partOf(hash)
      const place = part.find(hash, w0, w1, w2, w3)
      if (place >= 0) part.put(place, w0, w1, w2, w3)
      if (part.isCrowded) this.growPart(part)
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
    let end = 0
    for (const part of this.parts) end = part.copyTo(ids, end)
    return ids
  }

  /** Starts an empty table; what was in it is still found, until `settle`. */
  retire(): void {
    const old = new IdTable(this.bucket, this.multipliers, this.grant)
    old.parts = this.parts
    old.retiring = this.retiring
    this.retiring = old
    this.parts = createParts()
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

  private partOf(hash: number): IdSlots {
    return this.parts[hash >>> PART_SHIFT] as IdSlots
  }

  /** While a part grows, its old slots and the new ones, twice as many, are both there. */
  private growPart(part: IdSlots): void {
    const isGranted = this.grant(part.words.byteLength * 2)
    if (isGranted || part.load > LOAD_HARD_MAX) part.grow(this.multipliers)
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

function createParts(): readonly IdSlots[] {
  return Array.from({ length: PART_COUNT }, () => new IdSlots())
}

/** Word 3, but 1 of the id of four zero words. */
function lastWord(w0: number, w1: number, w2: number, w3: number): number {
  return (w0 | w1 | w2 | w3) === 0 ? 1 : w3
}

function toWords(ids: Uint8Array): Int32Array {
  const aligned = ids.byteOffset % 4 === 0 ? ids : ids.slice()
  return new Int32Array(aligned.buffer, aligned.byteOffset, Math.floor(ids.length / ID_BYTES) * 4)
}

/** The words' bytes, in the machine's order. */
export function toBytes(words: Int32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
}
