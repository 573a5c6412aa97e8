/**
 * The ids that were looked for last, in front of the large tables: a user who is in the shop comes
 * again and again, and is found here in the first level of cache. An id that was added to a set is
 * in it for good, so nothing here ever gets wrong.
 *
 * Hot: `as number` stands on typed arrays whose index is within bounds by construction.
 */

/** 16 KiB: with those of other shards and measures, what the second level of cache holds. */
const SLOT_COUNT = 1024

export class RecentIds {
  // A slot begins with a word that belongs elsewhere, so that no id is found before it came.
  private readonly words: Int32Array = Int32Array.from(
    { length: SLOT_COUNT * 4 },
    (_, word) => (word >> 2) ^ 1,
  )

  /** Whether the id was asked for lately. If not, it is remembered now. */
  has(word0: number, word1: number, word2: number, word3: number): boolean {
    const words = this.words
    const slot = (word0 & (SLOT_COUNT - 1)) << 2
    if (
      words[slot] === word0 &&
      words[slot + 1] === word1 &&
      words[slot + 2] === word2 &&
      words[slot + 3] === word3
    ) {
      return true
    }
    words[slot] = word0
    words[slot + 1] = word1
    words[slot + 2] = word2
    words[slot + 3] = word3
    return false
  }
}
