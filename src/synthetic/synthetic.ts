/**
 * Synthetic visitors: a shop's traffic made from a seed, for trying things out and for benchmarks.
 *
 * Equal options give equal bytes, on every machine. Visits follow a funnel, products are popular by
 * Zipf's law, customers return; and as from any real shop, some events come twice, some late, and
 * some are broken.
 */
import { toUtf8 } from '../std/bytes.ts'
import type { ItemKind, VisitorOptions } from './stream.ts'
import { createStream } from './stream.ts'

export type { FileOptions, FileSummary } from './file.ts'
export { generateFile } from './file.ts'
export type { ItemKind, VisitorOptions } from './stream.ts'

export interface Item {
  readonly kind: ItemKind
  /** The bytes that a visitor's browser would send. */
  readonly value: Uint8Array
}

/** Iterating gives the same items as `next`, one by one, whatever the time; it does not end. */
export interface Visitors extends Iterable<Item> {
  /**
   * The items that are due up to a time and were not given yet, in order; at most NEXT_ITEMS_MAX,
   * so that a clock that jumped ahead is caught up in several calls.
   */
  next(untilMs: number): readonly Item[]
}

export const NEXT_ITEMS_MAX = 10_000

export function createVisitors(options: VisitorOptions): Visitors {
  const send = createStream(options)
  let waiting = send()
  const take = (): Item => {
    const { kind, value } = waiting
    waiting = send()
    return { kind, value: typeof value === 'string' ? toUtf8(value) : value }
  }
  return {
    next: untilMs => {
      const items: Item[] = []
      while (waiting.dueMs <= untilMs && items.length < NEXT_ITEMS_MAX) items.push(take())
      return items
    },
    *[Symbol.iterator]() {
      for (;;) yield take()
    },
  }
}
