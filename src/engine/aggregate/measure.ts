/** The running values of one measure within a step, one per row of its metric. */

import type { PartialColumn } from '../../model/partial.ts'
import type { ColumnRef } from '../../model/plan.ts'
import type { Batch } from './batch.ts'
import { numberColumnOf, withRoomF64 } from './batch.ts'
import type { Matcher } from './conditions.ts'

/** Row numbers of a batch: `rowOf[i]` is the row that accepted event i goes to; -1: none. */
export type RowOf = Int32Array

export interface MeasureColumn {
  /** `rowCount` rows exist by now, those of this batch included. */
  add(batch: Batch, rowOf: RowOf, rowCount: number): void
  /** The partials of all rows; the column starts anew. */
  take(rowCount: number): PartialColumn
}

/** Above this a double is moved to the exact part: a sum of two stays below 2^53. */
const CARRY_AT = 2 ** 52

export function createCount(matches: Matcher): MeasureColumn {
  let counts: Float64Array = new Float64Array(0)
  return {
    add: (batch, rowOf, rowCount) => {
      counts = withRoomF64(counts, rowCount)
      const isMatch = matches(batch)
      for (let index = 0; index < batch.count; index += 1) {
        const row = rowOf[index] as number
        if (row < 0 || !isMatch(batch.rows[index] as number)) continue
        counts[row] = (counts[row] as number) + 1
      }
    },
    take: rowCount => {
      const values = counts.slice(0, rowCount)
      counts.fill(0, 0, rowCount)
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
      const values = Array.from(
        sums.subarray(0, rowCount),
        (sum, row) => BigInt(sum) + (carried.get(row) ?? 0n),
      )
      const column: PartialColumn = { kind: 'sum', values, carriers: carriers.slice(0, rowCount) }
      sums.fill(0, 0, rowCount)
      carriers.fill(0, 0, rowCount)
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
