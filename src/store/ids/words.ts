/**
 * Ids as words: four 32-bit words each, in the machine's order, compared as unsigned numbers from
 * the first on.
 *
 * Hot loops over typed arrays: `as number` stands where an index is within bounds by construction.
 */
import { ID_BYTES } from '../../model/ids.ts'

export const ID_WORDS: number = ID_BYTES / 4

/** The words of ids, in place where they are aligned, else a copy. */
export function toWords(ids: Uint8Array): Int32Array {
  const aligned = ids.byteOffset % 4 === 0 ? ids : ids.slice()
  return new Int32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4)
}

/** The bytes of words, in place. */
export function toBytes(words: Int32Array | Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
}

/** Order of the ids at word `a` of `left` and word `b` of `right`. */
export function compareIds(left: Int32Array, a: number, right: Int32Array, b: number): number {
  for (let word = 0; word < ID_WORDS; word += 1) {
    const one = (left[a + word] as number) >>> 0
    const other = (right[b + word] as number) >>> 0
    if (one !== other) return one < other ? -1 : 1
  }
  return 0
}

/**
 * How many of the first `idCount` ids of sorted `words` are at or below the id at the start of
 * `target`.
 */
export function countUpTo(words: Int32Array, idCount: number, target: Int32Array): number {
  let low = 0
  let high = idCount
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareIds(words, middle * ID_WORDS, target, 0) <= 0) low = middle + 1
    else high = middle
  }
  return low
}
