/**
 * Interns pairs of integers from 0 to 2^31 as dense numbers 0, 1, 2, …: the join of two group
 * fields, or of a window and a group. Open addressing in one typed array; slots come from secret
 * multipliers.
 */
const CAPACITY_START = 256
const LOAD_MAX = 0.5
/** 32 KiB: of the right parts below this, most pairs are found without hashing. */
const NEAR_COUNT = 4096
const TURN_MAX: number = 2 ** 30

export class PairTable {
  count = 0
  /** (left, right, number + 1) a slot; number 0 marks an empty one. */
  private slots: Int32Array = new Int32Array(CAPACITY_START * 4)
  private lefts: Int32Array = new Int32Array(CAPACITY_START)
  private rights: Int32Array = new Int32Array(CAPACITY_START)
  /** The numbers found last, by their right part, where `nearTurns` tells that they are of now. */
  private readonly near: Int32Array = new Int32Array(NEAR_COUNT)
  private readonly nearTurns: Int32Array = new Int32Array(NEAR_COUNT)
  private nearLeft = 0
  /** Goes up when the left part changes. */
  private turn = 1
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

  /** The left parts of the first `count` numbers, in order; valid until the next `intern`. */
  leftsOf(count: number): Int32Array {
    return this.lefts.subarray(0, count)
  }

  /** As `leftsOf`. */
  rightsOf(count: number): Int32Array {
    return this.rights.subarray(0, count)
  }

  /** The number of a pair: `count` before the call, where it is new. */
  intern(left: number, right: number): number {
    if (left !== this.nearLeft) this.turnTo(left)
    if (right < NEAR_COUNT && this.nearTurns[right] === this.turn) return this.near[right] as number
    const number = this.internFar(left, right)
    if (right < NEAR_COUNT) {
      this.near[right] = number
      this.nearTurns[right] = this.turn
    }
    return number
  }

  clear(): void {
    if (this.count === 0) return
    this.count = 0
    this.turnTo(this.nearLeft)
    this.slots.fill(0)
  }

  private turnTo(left: number): void {
    this.nearLeft = left
    this.turn += 1
    if (this.turn < TURN_MAX) return
    this.turn = 1
    this.nearTurns.fill(0)
  }

  private internFar(left: number, right: number): number {
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
    return number
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
