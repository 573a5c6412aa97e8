/** The running values of one measure within a step, one per row of its metric. */

import type { PartialColumn } from '../../model/partial.ts'
import type { ColumnRef } from '../../model/plan.ts'
import type { Interval } from '../../model/window.ts'
import type { IdHash } from '../ids/hash.ts'
import type { IdSet } from '../ids/id-set.ts'
import { bucketOf, DISTINCT_KIND, FOREVER_BUCKET } from '../ids/id-set.ts'
import type { IdTable } from '../ids/id-table.ts'
import type { Batch } from './batch.ts'
import { columnOf, numberColumnOf, withRoom, withRoomF64 } from './batch.ts'
import type { Matcher } from './conditions.ts'
import type { RowIdentities } from './row-identities.ts'

/** Row numbers of a batch: `rowOf[i]` is the row that accepted event i goes to; -1: none. */
export type RowOf = Int32Array

export interface MeasureColumn {
  /** `rowCount` rows exist by now, those of this batch included. */
  add(batch: Batch, rowOf: RowOf, rowCount: number): void
  /** The partials of all rows; the column starts anew. */
  take(rowCount: number): PartialColumn
}

/** Values whose places in the tables are loaded ahead. */
const CHUNK_ROWS = 256
/** Above this a double is moved to the exact part: a sum of two stays below 2^53. */
const CARRY_AT = 2 ** 52

export function createCount(matches: Matcher | null): MeasureColumn {
  let counts: Float64Array = new Float64Array(0)
  return {
    add: (batch, rowOf, rowCount) => {
      counts = withRoomF64(counts, rowCount)
      const isMatch = matches?.(batch) ?? null
      for (let index = 0; index < batch.count; index += 1) {
        const row = rowOf[index] as number
        if (row < 0 || (isMatch !== null && !isMatch(batch.rows[index] as number))) continue
        counts[row] = (counts[row] as number) + 1
      }
    },
    take: rowCount => {
      const values = toNumbers(counts, rowCount)
      counts = new Float64Array(0)
      return { kind: 'count', values }
    },
  }
}

export function createSum(field: ColumnRef): MeasureColumn {
  let sums: Float64Array = new Float64Array(0)
  let carriers: Float64Array = new Float64Array(0)
  let carried = new Map<number, bigint>()
  const carry = (row: number, value: number): void => {
    carried.set(row, (carried.get(row) ?? 0n) + BigInt(value))
  }
  return {
    add: (batch, rowOf, rowCount) => {
      sums = withRoomF64(sums, rowCount)
      carriers = withRoomF64(carriers, rowCount)
      const { values } = numberColumnOf(batch, field.path)
      for (let index = 0; index < batch.count; index += 1) {
        const row = rowOf[index] as number
        const value = values[batch.rows[index] as number] as number
        if (row < 0 || Number.isNaN(value)) continue
        carriers[row] = (carriers[row] as number) + 1
        const sum = (sums[row] as number) + value
        if (sum < CARRY_AT && sum > -CARRY_AT) {
          sums[row] = sum
        } else {
          carry(row, sums[row] as number)
          carry(row, value)
          sums[row] = 0
        }
      }
    },
    take: rowCount => {
      const values = toNumbers(sums, rowCount).map(
        (sum, row) => BigInt(sum) + (carried.get(row) ?? 0n),
      )
      const column: PartialColumn = { kind: 'sum', values, carriers: toNumbers(carriers, rowCount) }
      sums = new Float64Array(0)
      carriers = new Float64Array(0)
      carried = new Map()
      return column
    },
  }
}

export function createExtreme(kind: 'min' | 'max', field: ColumnRef): MeasureColumn {
  let found: (number | null)[] = []
  return {
    add: (batch, rowOf) => {
      const { values } = numberColumnOf(batch, field.path)
      for (let index = 0; index < batch.count; index += 1) {
        const row = rowOf[index] as number
        const value = values[batch.rows[index] as number] as number
        if (row < 0 || Number.isNaN(value)) continue
        const old = found[row] ?? null
        if (old === null || (kind === 'min' ? value < old : value > old)) found[row] = value
      }
    },
    take: rowCount => {
      const values = Array.from({ length: rowCount }, (_, row) => {
        const value = found[row] ?? null
        return value === null ? null : BigInt(value)
      })
      found = []
      return { kind, values }
    },
  }
}

export interface DistinctOptions {
  readonly field: ColumnRef
  /** false: the ids themselves are given out, to be united over the shards. */
  readonly additive: boolean
  readonly hash: IdHash
  readonly ids: IdSet
  readonly rows: RowIdentities
}

/**
 * A value is new for a row if the shard's ids do not hold value-id xor row-id yet. Both are keyed
 * tags, so what is joined is as hard to hit by chance as either.
 */
export function createDistinct(options: DistinctOptions): MeasureColumn {
  const { hash, ids, field, additive } = options
  let counts: Float64Array = new Float64Array(0)
  let newRows: number[] = []
  let newIds: Int32Array = new Int32Array(0)
  const value = new Int32Array(4)
  const chunkRows = new Int32Array(CHUNK_ROWS)
  const chunkIds = new Int32Array(CHUNK_ROWS * 4)
  return {
    add: (batch, rowOf, rowCount) => {
      counts = withRoomF64(counts, rowCount)
      const identity = options.rows.current()
      const { words } = identity
      const tables = new Map<number, IdTable>()
      const tableOf = (row: number): IdTable => {
        const known = tables.get(row)
        if (known !== undefined) return known
        const found = findTable(ids, identity.windowOf(row))
        tables.set(row, found)
        return found
      }
      const readValue = createValueReader(batch, field, hash)
      const flush = (table: IdTable, chunkCount: number): void => {
        table.touch(chunkIds, chunkCount)
        for (let index = 0; index < chunkCount; index += 1) {
          const at = index * 4
          const isNew = table.add(
            chunkIds[at] as number,
            chunkIds[at + 1] as number,
            chunkIds[at + 2] as number,
            chunkIds[at + 3] as number,
          )
          if (!isNew) continue
          const row = chunkRows[index] as number
          counts[row] = (counts[row] as number) + 1
          if (additive) continue
          for (let word = 0; word < 4; word += 1) {
            value[word] = (chunkIds[at + word] as number) ^ (words[row * 4 + word] as number)
          }
          newIds = withRoom(newIds, newRows.length * 4 + 4)
          newIds.set(value, newRows.length * 4)
          newRows.push(row)
        }
      }
      let lastRow = -1
      let table: IdTable | null = null
      let chunkCount = 0
      for (let index = 0; index < batch.count; index += 1) {
        const row = rowOf[index] as number
        if (row < 0 || !readValue(index, value)) continue
        const next: IdTable = row === lastRow && table !== null ? table : tableOf(row)
        lastRow = row
        if (table !== null && (next !== table || chunkCount === CHUNK_ROWS)) {
          flush(table, chunkCount)
          chunkCount = 0
        }
        table = next
        chunkRows[chunkCount] = row
        for (let word = 0; word < 4; word += 1) {
          chunkIds[chunkCount * 4 + word] =
            (words[row * 4 + word] as number) ^ (value[word] as number)
        }
        chunkCount += 1
      }
      if (table !== null) flush(table, chunkCount)
    },
    take: rowCount => {
      const column: PartialColumn = additive
        ? { kind: 'count', values: toNumbers(counts, rowCount) }
        : { kind: 'set', rows: newRows, ids: toIdBytes(newIds, newRows.length) }
      counts = new Float64Array(0)
      newRows = []
      newIds = new Int32Array(0)
      options.rows.clear()
      return column
    },
  }
}

function findTable(ids: IdSet, window: Interval): IdTable {
  return ids.table(
    Number.isFinite(window.start) ? bucketOf(DISTINCT_KIND, window.start) : FOREVER_BUCKET,
  )
}

/** Writes the keyed id of event i's value; false where the event has none. */
function createValueReader(
  batch: Batch,
  field: ColumnRef,
  hash: IdHash,
): (index: number, out: Int32Array) => boolean {
  const { users, rows, columns } = batch
  if (field.path === 'user_id') {
    return (index, out) => {
      const at = index * 4
      out[0] = users[at] as number
      out[1] = users[at + 1] as number
      out[2] = users[at + 2] as number
      out[3] = users[at + 3] as number
      return true
    }
  }
  const column = columnOf(batch, field.path)
  if (column.kind === 'text') {
    return (index, out) => {
      const row = rows[index] as number
      const start = column.start[row] as number
      if (start < 0) return false
      hash.keyed(columns.bytes, start, column.end[row] as number, out)
      return true
    }
  }
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  return (index, out) => {
    const value = column.values[rows[index] as number] as number
    if (Number.isNaN(value)) return false
    view.setFloat64(0, value + 0)
    hash.keyed(bytes, 0, 8, out)
    return true
  }
}

function toNumbers(values: Float64Array, rowCount: number): number[] {
  return Array.from({ length: rowCount }, (_, row) => values[row] ?? 0)
}

function toIdBytes(words: Int32Array, idCount: number): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, idCount * 16).slice()
}
