/**
 * A bucket of ids: a table of 128-bit ids in memory, behind it the bucket's runs on disk. Those
 * that were added since the last take are the last of the list.
 */

import type { IdBucket, IdRun } from '../../model/ids.ts'
import { ID_BYTES } from '../../model/ids.ts'
import type { Multipliers } from './id-index.ts'
import { hashAt, hashId, IdIndex } from './id-index.ts'
import { ID_WORDS, IdList } from './id-list.ts'

/** Above this share of full slots they grow whether memory allows or not: probes would get long. */
const LOAD_HARD_MAX = 0.85

/** Says whether so many more bytes may be taken; a table that is refused asks to be sealed. */
export type Grant = (bytes: number) => boolean

export class IdTable {
  readonly bucket: IdBucket
  /** Number of the latest take before which the bucket was used: the coldest have the lowest. */
  touched = 0
  runs: IdRun[] = []
  /** Sealed by a step that is not committed yet: still to be looked into. */
  private retiring: IdTable | null = null
  private list: IdList
  private index: IdIndex
  /** How many of the list were taken. */
  private takenCount = 0
  /** Keeps the loads of `touch` from being optimised away. */
  protected touchSum = 0
  private readonly multipliers: Multipliers
  private readonly grant: Grant

  constructor(bucket: IdBucket, multipliers: Multipliers, grant: Grant) {
    this.bucket = bucket
    this.multipliers = multipliers
    this.grant = grant
    this.list = new IdList()
    this.index = new IdIndex(this.list, multipliers)
  }

  /** Of the table in memory. */
  get idCount(): number {
    return this.list.count
  }

  /** Those that are retiring included. */
  get byteSize(): number {
    return this.list.byteSize + this.index.byteSize + (this.retiring?.byteSize ?? 0)
  }

  /** How many were added since the last take. */
  get pendingCount(): number {
    return this.list.count - this.takenCount
  }

  /** Whether the bucket holds the id. */
  has(w0: number, w1: number, w2: number, w3: number): boolean {
    const hash = hashId(this.multipliers, w0, w1, w2, w3)
    return this.index.find(hash, w0, w1, w2, w3) < 0 || this.isElsewhere(w0, w1, w2, w3)
  }

  /** Adds the id; false where the bucket holds it already. */
  add(w0: number, w1: number, w2: number, w3: number): boolean {
    const hash = hashId(this.multipliers, w0, w1, w2, w3)
    const place = this.index.find(hash, w0, w1, w2, w3)
    if (place < 0 || this.isElsewhere(w0, w1, w2, w3)) return false
    // The id has to be kept; a refusal only asks for sealing.
    if (this.list.isFull) this.grant(this.list.growthBytes)
    this.index.put(place, hash, this.list.count)
    this.list.push(w0, w1, w2, w3)
    if (this.index.isCrowded) this.growIndex()
    return true
  }

  /**
   * Loads the slots of ids, four words each, before they are looked for: independent loads overlap,
   * so that a batch waits for memory about once and not once an id.
   */
  touch(ids: Int32Array, idCount: number): void {
    const { index, multipliers } = this
    const { slots } = index
    let sum = 0
    for (let at = 0; at < idCount * ID_WORDS; at += ID_WORDS) {
      sum ^= slots[index.placeOf(hashAt(multipliers, ids, at))] as number
    }
    this.touchSum = sum
  }

  /** Adds ids that rest in the store already, 16 bytes each; none of them is in the table. */
  load(ids: Uint8Array): void {
    const words = toWords(ids)
    this.index.reserve(this.list.count + words.length / ID_WORDS)
    for (let at = 0; at < words.length; at += ID_WORDS) {
      const w0 = words[at] as number
      const w1 = words[at + 1] as number
      const w2 = words[at + 2] as number
      const w3 = words[at + 3] as number
      const hash = hashId(this.multipliers, w0, w1, w2, w3)
      const place = this.index.find(hash, w0, w1, w2, w3)
      if (place < 0) continue
      this.index.put(place, hash, this.list.count)
      this.list.push(w0, w1, w2, w3)
    }
    this.takenCount = this.list.count
  }

  /** The ids added since the last call, in order of addition; the caller's from then on. */
  takeFresh(): Uint8Array {
    const words = this.list.copyFrom(this.takenCount)
    this.takenCount = this.list.count
    return toBytes(words)
  }

  /** All ids of the table in memory, in order of addition; the caller's from then on. */
  toIds(): Int32Array {
    return this.list.copyFrom(0)
  }

  /** Starts an empty table; what was in it is still found, until `settle`. All of it was taken. */
  retire(): void {
    const old = new IdTable(this.bucket, this.multipliers, this.grant)
    old.list = this.list
    old.index = this.index
    old.retiring = this.retiring
    this.retiring = old
    this.list = new IdList()
    this.index = new IdIndex(this.list, this.multipliers)
    this.takenCount = 0
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

  /** While an index grows, its old slots and the new ones, twice as many, are both there. */
  private growIndex(): void {
    const isGranted = this.grant(this.index.growthBytes)
    if (isGranted || this.index.load > LOAD_HARD_MAX) this.index.grow()
  }
}

function toWords(ids: Uint8Array): Int32Array {
  const aligned = ids.byteOffset % 4 === 0 ? ids : ids.slice()
  const idCount = Math.floor(ids.length / ID_BYTES)
  return new Int32Array(aligned.buffer, aligned.byteOffset, idCount * ID_WORDS)
}

/** The words' bytes, in the machine's order. */
export function toBytes(words: Int32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
}
