/**
 * Interns pairs of 32-bit integers as dense numbers 0, 1, 2, …: the join of two group fields, or of
 * a window and a group. Open addressing in one typed array; slots come from secret multipliers.
 */
const CAPACITY_START = 256
const LOAD_MAX = 0.5

export class PairTable {
  count = 0
  /** (left, right, number + 1) a slot; number 0 marks an empty one. */
  private slots: Int32Array = new Int32Array(CAPACITY_START * 4)
  private lefts: Int32Array = new Int32Array(CAPACITY_START)
  private rights: Int32Array = new Int32Array(CAPACITY_START)
  private lastLeft = 0
  private lastRight = 0
  private lastNumber = -1
  private readonly factor: number

  /** `factor`: an odd number below 2^32, secret. */
  constructor(factor: number) {
    this.factor = factor
  }

  leftOf(number: number): number {
    return this.lefts[number] as number
  }

  rightOf(number: number): number {
    return this.rights[number] as number
  }

  /** The number of a pair: `count` before the call, where it is new. */
  intern(left: number, right: number): number {
    if (left === this.lastLeft && right === this.lastRight && this.lastNumber >= 0) {
      return this.lastNumber
    }
    let at = this.find(left, right)
    let number = (this.slots[at + 2] as number) - 1
    if (number < 0) {
      if (this.count >= this.lefts.length * LOAD_MAX) {
        this.grow()
        at = this.find(left, right)
      }
      number = this.count
      this.count += 1
      this.lefts[number] = left
      this.rights[number] = right
      this.write(at, number)
    }
    this.lastLeft = left
    this.lastRight = right
    this.lastNumber = number
    return number
  }

  clear(): void {
    if (this.count === 0) return
    this.count = 0
    this.lastNumber = -1
    this.slots.fill(0)
  }

  private find(left: number, right: number): number {
    const slots = this.slots
    const mask = slots.length - 1
    const mixed = Math.imul(Math.imul(left, this.factor) ^ right, 0x9e3779b1)
    let at = ((mixed ^ (mixed >>> 15)) << 2) & mask
    while (slots[at + 2] !== 0 && (slots[at] !== left || slots[at + 1] !== right)) {
      at = (at + 4) & mask
    }
    return at
  }

  private write(at: number, number: number): void {
    this.slots[at] = this.lefts[number] as number
    this.slots[at + 1] = this.rights[number] as number
    this.slots[at + 2] = number + 1
  }

  private grow(): void {
    const capacity = this.lefts.length * 2
    this.lefts = grown(this.lefts, capacity)
    this.rights = grown(this.rights, capacity)
    this.slots = new Int32Array(capacity * 4)
    for (let number = 0; number < this.count; number += 1) {
      this.write(this.find(this.lefts[number] as number, this.rights[number] as number), number)
    }
  }
}

function grown(old: Int32Array, capacity: number): Int32Array {
  const array = new Int32Array(capacity)
  array.set(old)
  return array
}
