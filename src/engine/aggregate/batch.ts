/** The accepted events of one scan, as the aggregators see them. */

import type { ColumnRef } from '../../model/plan.ts'
import { assert, present } from '../../std/assert.ts'
import type { Columns, FieldColumn, NumberColumn, TextColumn } from '../scan/scanner.ts'
import type { SymbolTable } from './symbols.ts'

export interface Batch {
  readonly eventType: string
  readonly columns: Columns
  /** The fields of `columns.fields`, in its order. */
  readonly wanted: readonly ColumnRef[]
  /** How many events were accepted, and which rows of the columns they are. */
  readonly count: number
  readonly rows: Int32Array
  /** Four words a row of this list: the keyed id of its user. */
  readonly users: Int32Array
  /** 1 where the user does not belong in this partition. */
  readonly misplaced: Uint8Array
  /** How many of all valid rows stood there, duplicates included. */
  readonly misplacedCount: number
}

/** The column of a field in a batch. */
export function columnOf(batch: Batch, path: string): FieldColumn {
  if (path === 'user_id') return batch.columns.userId
  if (path === 'event_id') return batch.columns.eventId
  const index = batch.wanted.findIndex(ref => ref.path === path)
  return present(batch.columns.fields[index], `the column of ${path}`)
}

export function numberColumnOf(batch: Batch, path: string): NumberColumn {
  const column = columnOf(batch, path)
  assert(column.kind === 'number', `${path} is a number`)
  return column
}

/** Symbols of a text field for all rows of a batch, written to `out`. */
export function internTexts(
  batch: Batch,
  column: TextColumn,
  symbols: SymbolTable,
  out: Int32Array,
): void {
  const { rows, count } = batch
  const { bytes } = batch.columns
  const { start, end } = column
  for (let index = 0; index < count; index += 1) {
    const row = rows[index] as number
    out[index] = symbols.intern(bytes, start[row] as number, end[row] as number)
  }
}

/**
 * A typed array with room for `size` entries: `old` if it has, else a larger one, old entries kept.
 */
export function withRoom(old: Int32Array, size: number): Int32Array {
  if (old.length >= size) return old
  const larger = new Int32Array(Math.max(size, old.length * 2))
  larger.set(old)
  return larger
}

/** As `withRoom`, for doubles. */
export function withRoomF64(old: Float64Array, size: number): Float64Array {
  if (old.length >= size) return old
  const larger = new Float64Array(Math.max(size, old.length * 2))
  larger.set(old)
  return larger
}
