/**
 * Ids in the order in which they came, by number: in blocks, so that none is moved once they are
 * many.
 *
 * Hot: `as number` stands on typed arrays whose index is within bounds by construction.
 */
import { ID_BYTES } from '../../model/ids.ts'

export const ID_WORDS: number = ID_BYTES / 4
/** Ids of a full block, as a power of two. */
const BLOCK_BITS = 12
const BLOCK_IDS = 1 << BLOCK_BITS
const BLOCK_WORDS: number = BLOCK_IDS * ID_WORDS
const WORDS_START: number = 8 * ID_WORDS

export class IdList {
  count = 0
  /** All full but the last. */
  blocks: Int32Array[] = []
  private last: Int32Array = new Int32Array(0)
  /** Of the next word in the last block. */
  private at = 0

  get byteSize(): number {
    const fullCount = Math.max(this.blocks.length - 1, 0)
    return fullCount * BLOCK_IDS * ID_BYTES + this.last.byteLength
  }

  /** Whether the next id takes more memory: `growthBytes`, for the time being or for good. */
  get isFull(): boolean {
    return this.at === this.last.length
  }

  get growthBytes(): number {
    return this.roomWords() * 4
  }

  push(w0: number, w1: number, w2: number, w3: number): void {
    if (this.isFull) this.makeRoom()
    const { last, at } = this
    last[at] = w0
    last[at + 1] = w1
    last[at + 2] = w2
    last[at + 3] = w3
    this.at = at + ID_WORDS
    this.count += 1
  }

  /** Whether the id of a number, which is there, is this one. */
  holds(number: number, w0: number, w1: number, w2: number, w3: number): boolean {
    const words = this.blocks[number >>> BLOCK_BITS] as Int32Array
    const at = (number & (BLOCK_IDS - 1)) * ID_WORDS
    return words[at] === w0 && words[at + 1] === w1 && words[at + 2] === w2 && words[at + 3] === w3
  }

  /** The words of all ids from a number on; a copy. */
  copyFrom(start: number): Int32Array {
    const words = new Int32Array((this.count - start) * ID_WORDS)
    let from = (start & (BLOCK_IDS - 1)) * ID_WORDS
    let to = 0
    for (const block of this.blocks.slice(start >>> BLOCK_BITS)) {
      const part = block.subarray(from, Math.min(block.length, from + words.length - to))
      words.set(part, to)
      to += part.length
      from = 0
    }
    return words
  }

  /** Another block; the first grows, so that what is small stays small. */
  private makeRoom(): void {
    const { last } = this
    this.last = new Int32Array(this.roomWords())
    if (last.length < BLOCK_WORDS) {
      this.last.set(last)
      this.blocks = [this.last]
    } else {
      this.blocks.push(this.last)
      this.at = 0
    }
  }

  /** Of the block that comes next, or in place of the first. */
  private roomWords(): number {
    return Math.min(Math.max(this.last.length * 2, WORDS_START), BLOCK_WORDS)
  }
}
