/**
 * Interns the values of a group field as dense numbers, its symbols, without making a string per
 * event: texts by their bytes, numbers by value. Symbol 0 is the missing value. Symbols are good
 * until `clear`, which comes with every step, so the table is bounded by the step's size.
 */
import { fromUtf8 } from '../../std/bytes.ts'

const CAPACITY_START = 256
const BYTES_START = 16 * 1024
const LOAD_MAX = 0.5
export const MISSING = 0

export class SymbolTable {
  /** How many symbols there are, the missing one included. */
  count = 1
  /** (hash, symbol) a slot; symbol 0 marks an empty one. */
  private slots: Int32Array = new Int32Array(CAPACITY_START * 2)
  private starts: Int32Array = new Int32Array(CAPACITY_START)
  private ends: Int32Array = new Int32Array(CAPACITY_START)
  private bytes: Uint8Array = new Uint8Array(BYTES_START)
  private size = 0
  private readonly texts: (string | null)[] = [null]
  private readonly factor: number

  /** `factor`: an odd number below 2^32, secret. */
  constructor(factor: number) {
    this.factor = factor
  }

  /** The symbol of bytes[start..end); of start -1, MISSING. */
  intern(bytes: Uint8Array, start: number, end: number): number {
    if (start < 0) return MISSING
    const hash = this.hashOf(bytes, start, end)
    const slots = this.slots
    const mask = slots.length - 1
    let at = (hash << 1) & mask
    while (slots[at + 1] !== 0) {
      const symbol = slots[at + 1] as number
      if (slots[at] === hash && this.equals(symbol, bytes, start, end)) return symbol
      at = (at + 2) & mask
    }
    return this.add(bytes, start, end, hash)
  }

  /** The value of a symbol; null of MISSING. */
  textOf(symbol: number): string | null {
    if (symbol === MISSING) return null
    let text = this.texts[symbol]
    if (text === undefined) {
      text = fromUtf8(this.bytesOf(symbol))
      this.texts[symbol] = text
    }
    return text
  }

  /** The bytes of a symbol, valid until the next `intern`; empty of MISSING. */
  bytesOf(symbol: number): Uint8Array {
    return this.bytes.subarray(this.starts[symbol] as number, this.ends[symbol] as number)
  }

  clear(): void {
    if (this.count === 1) return
    this.count = 1
    this.size = 0
    this.slots.fill(0)
    this.texts.length = 1
  }

  private hashOf(bytes: Uint8Array, start: number, end: number): number {
    let hash = this.factor ^ (end - start)
    for (let at = start; at < end; at += 1) {
      hash = Math.imul(hash ^ (bytes[at] as number), 0x9e3779b1)
      hash ^= hash >>> 15
    }
    return Math.imul(hash, this.factor) ^ (hash >>> 13)
  }

  private equals(symbol: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.starts[symbol] as number
    if ((this.ends[symbol] as number) - from !== end - start) return false
    for (let index = 0; index < end - start; index += 1) {
      if (this.bytes[from + index] !== bytes[start + index]) return false
    }
    return true
  }

  private add(bytes: Uint8Array, start: number, end: number, hash: number): number {
    if (this.count >= this.starts.length * LOAD_MAX) this.grow()
    const length = end - start
    if (this.size + length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.size + length))
      larger.set(this.bytes)
      this.bytes = larger
    }
    const symbol = this.count
    this.count += 1
    for (let index = 0; index < length; index += 1) {
      this.bytes[this.size + index] = bytes[start + index] as number
    }
    this.starts[symbol] = this.size
    this.size += length
    this.ends[symbol] = this.size
    this.place(symbol, hash)
    return symbol
  }

  private place(symbol: number, hash: number): void {
    const mask = this.slots.length - 1
    let at = (hash << 1) & mask
    while (this.slots[at + 1] !== 0) at = (at + 2) & mask
    this.slots[at] = hash
    this.slots[at + 1] = symbol
  }

  private grow(): void {
    const capacity = this.starts.length * 2
    const starts = new Int32Array(capacity)
    starts.set(this.starts)
    this.starts = starts
    const ends = new Int32Array(capacity)
    ends.set(this.ends)
    this.ends = ends
    const old = this.slots
    this.slots = new Int32Array(capacity * 2)
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] !== 0) this.place(old[at + 1] as number, old[at] as number)
    }
  }
}
