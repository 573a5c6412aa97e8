/** Sorting ids, for runs on disk: by word 0, 1, 2, 3 as unsigned numbers. */

const DIGIT_COUNT = 1 << 16

/**
 * Sorts ids, four words each, into a new array. Linear: two radix passes, then ties by insertion.
 */
export function sortIds(words: Int32Array): Int32Array {
  const idCount = words.length / 4
  const low = radixPass(words, identity(idCount), 0)
  const order = radixPass(words, low, 16)
  const sorted = new Int32Array(words.length)
  for (let index = 0; index < idCount; index += 1) {
    const from = (order[index] as number) * 4
    for (let word = 0; word < 4; word += 1) sorted[index * 4 + word] = words[from + word] as number
  }
  sortTies(sorted, idCount)
  return sorted
}

function identity(count: number): Uint32Array {
  const order = new Uint32Array(count)
  for (let index = 0; index < count; index += 1) order[index] = index
  return order
}

/** Orders `order` stably by 16 bits of word 0. */
function radixPass(words: Int32Array, order: Uint32Array, shift: number): Uint32Array {
  const starts = new Uint32Array(DIGIT_COUNT + 1)
  for (const index of order) {
    const digit = ((words[index * 4] as number) >>> shift) & 0xffff
    starts[digit + 1] = (starts[digit + 1] as number) + 1
  }
  for (let digit = 0; digit < DIGIT_COUNT; digit += 1) {
    starts[digit + 1] = (starts[digit + 1] as number) + (starts[digit] as number)
  }
  const result = new Uint32Array(order.length)
  for (const index of order) {
    const digit = ((words[index * 4] as number) >>> shift) & 0xffff
    const place = starts[digit] as number
    result[place] = index
    starts[digit] = place + 1
  }
  return result
}

/** Among ids of equal word 0, which are few, orders by the other words. */
function sortTies(sorted: Int32Array, idCount: number): void {
  for (let index = 1; index < idCount; index += 1) {
    let at = index
    while (at > 0 && sorted[at * 4] === sorted[at * 4 - 4] && isLess(sorted, at, at - 1)) {
      swap(sorted, at, at - 1)
      at -= 1
    }
  }
}

function isLess(words: Int32Array, left: number, right: number): boolean {
  for (let word = 0; word < 4; word += 1) {
    const a = (words[left * 4 + word] as number) >>> 0
    const b = (words[right * 4 + word] as number) >>> 0
    if (a !== b) return a < b
  }
  return false
}

function swap(words: Int32Array, left: number, right: number): void {
  for (let word = 0; word < 4; word += 1) {
    const kept = words[left * 4 + word] as number
    words[left * 4 + word] = words[right * 4 + word] as number
    words[right * 4 + word] = kept
  }
}
