/**
 * Interns windows as dense numbers, good until `clear`: most events fall where the last one fell.
 */
import type { Interval, Windowing, WindowSpec } from '../../model/window.ts'
import { createWindowing } from '../../model/window.ts'
import { present } from '../../std/assert.ts'

export class WindowTable {
  private readonly windows: Interval[] = []
  private readonly numbers = new Map<number, number>()
  private readonly find: Windowing
  private start = 0
  private end = 0
  private last = 0

  constructor(spec: WindowSpec) {
    this.find = createWindowing(spec)
  }

  intern(timeMs: number): number {
    if (timeMs >= this.start && timeMs < this.end) return this.last
    return this.lookUp(timeMs)
  }

  /** The window of a number that `intern` gave. */
  at(number: number): Interval {
    return present(this.windows[number], 'the window of a number')
  }

  clear(): void {
    this.windows.length = 0
    this.numbers.clear()
    this.start = 0
    this.end = 0
  }

  private lookUp(timeMs: number): number {
    const window = this.find(timeMs)
    let number = this.numbers.get(window.start)
    if (number === undefined) {
      number = this.windows.length
      this.windows.push(window)
      this.numbers.set(window.start, number)
    }
    this.start = window.start
    this.end = window.end
    this.last = number
    return number
  }
}
