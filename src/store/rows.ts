/**
 * Rows of partials, one object each: what a batch says by columns, for stores that keep rows apart.
 * Rows of equal window, key and currency add up.
 */
import type { AnswerPart } from '../model/answer.ts'
import { compareKeys, mergeParts, toPart } from '../model/answer.ts'
import { ID_BYTES } from '../model/ids.ts'
import type { PartialBatch } from '../model/partial.ts'
import type { Interval } from '../model/window.ts'
import { present } from '../std/assert.ts'
import { compareUtf8 } from '../std/bytes.ts'
import type { Lateness } from './lateness.ts'
import { IN_TIME } from './lateness.ts'

export interface PartialRow {
  readonly window: Interval
  readonly key: readonly (string | null)[]
  /** How many accepted events the row is made of. */
  readonly events: number
  readonly part: AnswerPart
  /** Per measure of the plan its ids in base64, sorted, each once; none where it keeps no set. */
  readonly sets: readonly (readonly string[])[]
}

/** `lateness`: what is late of each row; null: nothing is. */
export function rowsOfBatch(
  batch: PartialBatch,
  lateness: readonly Lateness[] | null,
): readonly PartialRow[] {
  const sets = batch.measures.map(column =>
    column.kind === 'set' ? toSets(column.rows, column.ids, batch.rowCount) : null,
  )
  return Array.from({ length: batch.rowCount }, (_, row) => ({
    window: {
      start: present(batch.windowStart[row], 'a row'),
      end: present(batch.windowEnd[row], 'a row'),
    },
    key: batch.keys.map(column => column[row] ?? null),
    events: present(batch.events[row], 'a row'),
    part: toPart(batch, row, lateness?.[row] ?? IN_TIME),
    sets: sets.map(set => set?.[row] ?? NO_IDS),
  }))
}

const NO_IDS: readonly string[] = []

function toSets(
  rows: readonly number[],
  ids: Uint8Array,
  rowCount: number,
): readonly (readonly string[])[] {
  const sets: Set<string>[] = Array.from({ length: rowCount }, () => new Set())
  const bytes = Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength)
  for (const [at, row] of rows.entries()) {
    const id = bytes.toString('base64', at * ID_BYTES, (at + 1) * ID_BYTES)
    present(sets[row], 'a row of a set').add(id)
  }
  return sets.map(set => [...set].toSorted(compareTexts))
}

/** By window, key and currency: 0 for rows that add up. */
export function compareRows(left: PartialRow, right: PartialRow): number {
  if (left.window.start !== right.window.start) {
    return left.window.start < right.window.start ? -1 : 1
  }
  const byKey = compareKeys(left.key, right.key)
  return byKey !== 0 ? byKey : compareUtf8(left.part.currency ?? '', right.part.currency ?? '')
}

/** Two rows of equal window, key and currency as one. Associative and commutative. */
export function mergeRows(left: PartialRow, right: PartialRow): PartialRow {
  return {
    window: left.window,
    key: left.key,
    events: left.events + right.events,
    part: mergeParts(left.part, right.part),
    sets: left.sets.map((ids, index) => uniteIds(ids, right.sets[index] ?? NO_IDS)),
  }
}

function uniteIds(left: readonly string[], right: readonly string[]): readonly string[] {
  if (left.length === 0) return right
  if (right.length === 0) return left
  return [...new Set([...left, ...right])].toSorted(compareTexts)
}

/** Of ASCII texts the order of their bytes. */
function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
