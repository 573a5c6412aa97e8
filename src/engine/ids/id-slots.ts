/**
 * Open addressing: 128-bit ids in one typed array. A slot is found by multilinear hashing under
 * secret multipliers (Lemire and Kaser, "Strongly universal string hashing is fast", 2014), so
 * nobody can aim ids at one slot. The id of four zero words marks an empty slot: it is never put.
 *
 * Hot: `as number` stands on typed arrays whose index is within bounds by construction.
 */

/** Four odd numbers below 2^32, secret. */
export type Multipliers = Int32Array

const CAPACITY_START = 16
/** Above this share of full slots they are to grow. */
const LOAD_MAX = 0.75
/** The top bits of a hash tell tables apart; the ones below them are for the slots of one table. */
export const HASH_BITS_USED = 4

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

export class IdSlots {
  idCount = 0
  words: Int32Array = new Int32Array(CAPACITY_START * 4)
  private shift = 32 - Math.log2(CAPACITY_START)

  /** The share of slots that are full, 0..1. */
  get load(): number {
    return this.idCount / (this.words.length >> 2)
  }

  get isCrowded(): boolean {
    return this.idCount > (this.words.length >> 2) * LOAD_MAX
  }

  /** Where the search for an id of this hash begins, in words. */
  placeOf(hash: number): number {
    return ((hash << HASH_BITS_USED) >>> this.shift) << 2
  }

  /** The empty place for an id, or -1 where it is there. */
  find(hash: number, w0: number, w1: number, w2: number, w3: number): number {
    const words = this.words
    const mask = words.length - 1
    let at = this.placeOf(hash)
    while (true) {
      const word0 = words[at] as number
      if (word0 === w0 && words[at + 1] === w1 && words[at + 2] === w2 && words[at + 3] === w3) {
        return -1
      }
      if (word0 === 0 && isEmpty(words, at)) return at
      at = (at + 4) & mask
    }
  }

  /** Puts an id at the place that `find` gave. */
  put(place: number, w0: number, w1: number, w2: number, w3: number): void {
    const words = this.words
    words[place] = w0
    words[place + 1] = w1
    words[place + 2] = w2
    words[place + 3] = w3
    this.idCount += 1
  }

  /** Twice as many slots, for the same ids. */
  grow(factors: Multipliers): void {
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
      let at = this.placeOf(hashId(factors, w0, w1, w2, w3))
      while (!isEmpty(words, at)) at = (at + 4) & mask
      words[at] = w0
      words[at + 1] = w1
      words[at + 2] = w2
      words[at + 3] = w3
    }
  }

  /** Makes room for so many ids, where there are none yet. */
  reserve(idCount: number): void {
    let capacity = CAPACITY_START
    while (idCount > capacity * LOAD_MAX) capacity *= 2
    this.words = new Int32Array(capacity * 4)
    this.shift = 32 - Math.log2(capacity)
  }

  /** Writes all ids, in no order, from `start` on; gives where they end. */
  copyTo(out: Int32Array, start: number): number {
    const words = this.words
    let to = start
    for (let at = 0; at < words.length; at += 4) {
      if (isEmpty(words, at)) continue
      for (let word = 0; word < 4; word += 1) out[to + word] = words[at + word] as number
      to += 4
    }
    return to
  }
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
