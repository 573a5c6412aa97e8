/**
 * Where an id of a list is, by its hash: open addressing over the numbers of the ids, which stay
 * where they are (as in "compact dictionaries": R. Hettinger, 2012). Hashing is multilinear under
 * secret multipliers (Lemire and Kaser, "Strongly universal string hashing is fast", 2014), so
 * nobody can aim ids at one slot.
 *
 * Of 2^k slots each is 32 bits: the hash's low 32 - k, then in k bits the number of the id plus 1;
 * 0 is empty. The hash's high k bits say where the search begins, so that an id is compared hardly
 * ever but to itself.
 *
 * Hot: `as number` stands on typed arrays whose index is within bounds by construction.
 */
import type { IdList } from './id-list.ts'
import { ID_WORDS } from './id-list.ts'

/** Four odd numbers below 2^32, secret. */
export type Multipliers = Int32Array

const BITS_START = 4
/** Above this share of full slots they are to grow. */
const LOAD_MAX = 0.75

/** The hash of an id: its bits are even, whatever the ids, to who does not know the multipliers. */
export function hashId(
  factors: Multipliers,
  w0: number,
  w1: number,
  w2: number,
  w3: number,
): number {
  const sum =
    Math.imul(w0, factors[0] as number) +
    Math.imul(w1, factors[1] as number) +
    Math.imul(w2, factors[2] as number) +
    Math.imul(w3, factors[3] as number)
  const mixed = sum | 0
  return Math.imul(mixed ^ (mixed >>> 15), 0x9e3779b1)
}

/** The same, of the id whose words begin at `at`. */
export function hashAt(factors: Multipliers, words: Int32Array, at: number): number {
  return hashId(
    factors,
    words[at] as number,
    words[at + 1] as number,
    words[at + 2] as number,
    words[at + 3] as number,
  )
}

export class IdIndex {
  slots: Int32Array = new Int32Array(1 << BITS_START)
  private readonly list: IdList
  private readonly factors: Multipliers
  private bits = BITS_START

  constructor(list: IdList, factors: Multipliers) {
    this.list = list
    this.factors = factors
  }

  get byteSize(): number {
    return this.slots.byteLength
  }

  /** Of the slots that `grow` makes; until then the old ones are there too. */
  get growthBytes(): number {
    return this.slots.byteLength * 2
  }

  /** The share of slots that are full, 0..1. */
  get load(): number {
    return this.list.count / this.slots.length
  }

  get isCrowded(): boolean {
    return this.list.count > this.slots.length * LOAD_MAX
  }

  /** The slot where the search for an id of this hash begins. */
  placeOf(hash: number): number {
    return hash >>> (32 - this.bits)
  }

  /** The empty slot for an id, or -1 where the list has it. */
  find(hash: number, w0: number, w1: number, w2: number, w3: number): number {
    const { slots, bits, list } = this
    const mask = slots.length - 1
    const low = hash << bits
    let place = hash >>> (32 - bits)
    while (true) {
      const slot = slots[place] as number
      if (slot === 0) return place
      const isLike = (slot ^ low) >>> bits === 0
      if (isLike && list.holds((slot & mask) - 1, w0, w1, w2, w3)) return -1
      place = (place + 1) & mask
    }
  }

  /** Fills the slot that `find` gave with the number of an id. */
  put(place: number, hash: number, number: number): void {
    this.slots[place] = (hash << this.bits) | (number + 1)
  }

  /** Twice as many slots. */
  grow(): void {
    this.rebuild(this.bits + 1)
  }

  /** Makes room for so many ids. */
  reserve(idCount: number): void {
    let { bits } = this
    while (idCount > 2 ** bits * LOAD_MAX) bits += 1
    if (bits > this.bits) this.rebuild(bits)
  }

  private rebuild(bits: number): void {
    const { list, factors } = this
    const slots = new Int32Array(2 ** bits)
    const mask = slots.length - 1
    let number = 0
    for (const words of list.blocks) {
      const end = Math.min(words.length, (list.count - number) * ID_WORDS)
      for (let at = 0; at < end; at += ID_WORDS) {
        const hash = hashAt(factors, words, at)
        let place = hash >>> (32 - bits)
        while (slots[place] !== 0) place = (place + 1) & mask
        number += 1
        slots[place] = (hash << bits) | number
      }
    }
    this.slots = slots
    this.bits = bits
  }
}
