/**
 * Distinct values of a field, one set per row of a metric, kept as ids of the shard.
 *
 * Hot: `as number` stands on typed arrays whose index is within bounds by construction.
 */

import type { PartialColumn } from '../../model/partial.ts'
import type { ColumnRef } from '../../model/plan.ts'
import type { IdHash } from '../ids/hash.ts'
import type { IdTable } from '../ids/id-table.ts'
import type { Batch } from './batch.ts'
import { columnOf, withRoom, withRoomF64 } from './batch.ts'
import type { MeasureColumn, RowOf } from './measure.ts'
import { RecentIds } from './recent-ids.ts'
import type { RowIdentities } from './row-identities.ts'

export interface DistinctOptions {
  readonly field: ColumnRef
  /** false: the ids themselves are given out, to be united over the shards. */
  readonly additive: boolean
  readonly hash: IdHash
  readonly rows: RowIdentities
}

/** Values whose places in the tables are loaded ahead. */
const CHUNK_ROWS = 256

/**
 * A value is new for a row if the shard's ids do not hold value-id xor row-id yet. Both are keyed
 * tags, so what is joined is as hard to hit by chance as either.
 */
export function createDistinct(options: DistinctOptions): MeasureColumn {
  const { additive } = options
  const found = createFound(additive)
  const recent = new RecentIds()
  const readValues = createValueReader(options)
  const chunk: Chunk = {
    rows: new Int32Array(CHUNK_ROWS),
    ids: new Int32Array(CHUNK_ROWS * 4),
  }
  return {
    add: (batch, rowOf, rowCount) => {
      found.reserve(rowCount)
      const { words, tables } = options.rows.current()
      const values = readValues(batch, rowOf)
      const { words: valueWords, isMissing } = values
      const { ids, rows } = chunk
      let lastRow = -1
      let count = 0
      let table: IdTable | null = null
      for (let index = 0; index < batch.count; index += 1) {
        const row = rowOf[index] as number
        if (row < 0 || isMissing[index] === 1) continue
        if (row !== lastRow) {
          const next = tables[row] as IdTable
          if (table !== null && next !== table) {
            found.look(table, chunk, { count, words })
            count = 0
          }
          table = next
          lastRow = row
        }
        const from = index * 4
        const at = row * 4
        const word0 = (words[at] as number) ^ (valueWords[from] as number)
        const word1 = (words[at + 1] as number) ^ (valueWords[from + 1] as number)
        const word2 = (words[at + 2] as number) ^ (valueWords[from + 2] as number)
        const word3 = (words[at + 3] as number) ^ (valueWords[from + 3] as number)
        // What was seen just now is not looked for: mostly the same user comes again.
        if (recent.has(word0, word1, word2, word3)) continue
        const to = count * 4
        ids[to] = word0
        ids[to + 1] = word1
        ids[to + 2] = word2
        ids[to + 3] = word3
        rows[count] = row
        count += 1
        if (count < CHUNK_ROWS || table === null) continue
        found.look(table, chunk, { count, words })
        count = 0
      }
      if (table !== null) found.look(table, chunk, { count, words })
    },
    take: rowCount => {
      options.rows.clear()
      return found.take(rowCount)
    },
  }
}

/** Rows, and joined ids, to be looked for in one table. */
interface Chunk {
  readonly rows: Int32Array
  readonly ids: Int32Array
}

/** What was new, per row. */
interface Found {
  reserve(rowCount: number): void
  /** Moves the chunk's first ids to the table, and notes which were new there. */
  look(table: IdTable, chunk: Chunk, of: { count: number; words: Int32Array }): void
  take(rowCount: number): PartialColumn
}

function createFound(additive: boolean): Found {
  let counts: Float64Array = new Float64Array(0)
  let newRows: number[] = []
  let newIds: Int32Array = new Int32Array(0)
  const keep = (row: number, { ids }: Chunk, at: number, words: Int32Array): void => {
    const to = newRows.length * 4
    newIds = withRoom(newIds, to + 4)
    for (let word = 0; word < 4; word += 1) {
      newIds[to + word] = (ids[at + word] as number) ^ (words[row * 4 + word] as number)
    }
    newRows.push(row)
  }
  return {
    reserve: rowCount => {
      counts = withRoomF64(counts, rowCount)
    },
    look: (table, chunk, { count, words }) => {
      const { ids, rows } = chunk
      table.touch(ids, count)
      for (let index = 0; index < count; index += 1) {
        const at = index * 4
        const isNew = table.add(
          ids[at] as number,
          ids[at + 1] as number,
          ids[at + 2] as number,
          ids[at + 3] as number,
        )
        if (!isNew) continue
        const row = rows[index] as number
        counts[row] = (counts[row] as number) + 1
        if (!additive) keep(row, chunk, at, words)
      }
    },
    take: rowCount => {
      const column: PartialColumn = additive
        ? { kind: 'count', values: counts.slice(0, rowCount) }
        : { kind: 'set', rows: newRows, ids: toIdBytes(newIds, newRows.length) }
      counts.fill(0, 0, rowCount)
      newRows = []
      newIds = new Int32Array(0)
      return column
    },
  }
}

/** The keyed ids of the values of a batch's events: four words each, valid until the next call. */
interface Values {
  readonly words: Int32Array
  /** 1 where the event has none; what it has is not told of events without a row. */
  readonly isMissing: Uint8Array
}

type ValueReader = (batch: Batch, rowOf: RowOf) => Values

function createValueReader({ field, hash }: DistinctOptions): ValueReader {
  let words: Int32Array = new Int32Array(0)
  let isMissing = new Uint8Array(0)
  const out = new Int32Array(4)
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  return (batch, rowOf) => {
    const { count, rows, columns } = batch
    if (isMissing.length < count) isMissing = new Uint8Array(rows.length)
    // The ids of users are made for every batch.
    if (field.path === 'user_id') return { words: batch.users, isMissing }
    words = withRoom(words, count * 4)
    const column = columnOf(batch, field.path)
    for (let index = 0; index < count; index += 1) {
      if ((rowOf[index] as number) < 0) continue
      const row = rows[index] as number
      if (column.kind === 'text') {
        const start = column.start[row] as number
        isMissing[index] = start < 0 ? 1 : 0
        if (start >= 0) hash.keyed(columns.bytes, start, column.end[row] as number, out)
      } else {
        const value = column.values[row] as number
        isMissing[index] = Number.isNaN(value) ? 1 : 0
        view.setFloat64(0, value + 0)
        hash.keyed(bytes, 0, 8, out)
      }
      words.set(out, index * 4)
    }
    return { words, isMissing }
  }
}

function toIdBytes(words: Int32Array, idCount: number): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, idCount * 16).slice()
}
