/**
 * Which windows the settled rows of a metric are of. They lie in the order of windows, so the
 * window of every 256th row tells how far so many rows reach, and no question need be asked for it.
 */
import type { MetricPlan } from '../../../model/plan.ts'
import type { WindowRange } from '../../../model/swap.ts'
import type { Connection } from '../database/ask.ts'
import { ask } from '../database/ask.ts'

/** Rows from one that is known to the next. */
export const STEP = 256

/** When the windows of the rows 0, STEP, 2 · STEP, … begin, ascending. */
export type SparseIndex = readonly number[]

interface Known {
  readonly table: string
  readonly index: Promise<SparseIndex>
}

/** Those of the tables in use: what is settled does not change before the next compaction. */
export class SparseIndexes {
  readonly #known = new Map<string, Known>()

  async of(connection: Connection, { hash }: MetricPlan, table: string): Promise<SparseIndex> {
    const before = this.#known.get(hash)
    if (before?.table === table) return before.index
    const known = { table, index: readIndex(connection, table) }
    this.#known.set(hash, known)
    try {
      return await known.index
    } catch (error) {
      // The table is gone, or the store is: whoever asks next looks again.
      if (this.#known.get(hash) === known) this.#known.delete(hash)
      throw error
    }
  }
}

async function readIndex(connection: Connection, table: string): Promise<SparseIndex> {
  const sql = `SELECT window_start::DOUBLE FROM ${table} WHERE rowid % ${STEP} = 0 ORDER BY rowid`
  return (await ask(connection, sql)).map(([start]) => start as number)
}

/**
 * The window that at least the first `count` rows of a range reach to, and not many more; from the
 * newest down where `isDescending`. null: there may be fewer, but not many more.
 */
export function edgeOf(
  index: SparseIndex,
  { fromMs, toMs, isDescending }: WindowRange & { readonly isDescending: boolean },
  count: number,
): number | null {
  const steps = Math.ceil((count - 1) / STEP)
  const first = fromMs === null ? 0 : findStart(index, fromMs)
  const end = toMs === null ? index.length : findStart(index, toMs)
  const at = isDescending ? end - 1 - steps : first + steps
  return at < first || at >= end ? null : (index[at] ?? null)
}

/** The first entry that is not before an instant. */
function findStart(index: SparseIndex, startMs: number): number {
  let [low, high] = [0, index.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((index[middle] ?? 0) < startMs) low = middle + 1
    else high = middle
  }
  return low
}
