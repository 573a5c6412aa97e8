/** Rows of a batch of partials: some of them, and all of them in their order. */
import { present } from '../std/assert.ts'
import { compareUtf8 } from '../std/bytes.ts'
import { compareKeys } from './answer.ts'
import { ID_BYTES } from './ids.ts'
import type { PartialBatch, PartialColumn } from './partial.ts'

/** By window, key and currency; no two rows of a batch are equal there, since each was added up. */
export function sortRows(batch: PartialBatch): PartialBatch {
  const order = Array.from({ length: batch.rowCount }, (_, row) => row)
  const keyOf = (row: number): readonly (string | null)[] =>
    batch.keys.map(column => column[row] ?? null)
  const startOf = (row: number): number => batch.windowStart[row] ?? 0
  order.sort((a, b) => {
    const [startA, startB] = [startOf(a), startOf(b)]
    if (startA !== startB) return startA < startB ? -1 : 1
    const byKey = compareKeys(keyOf(a), keyOf(b))
    return byKey !== 0 ? byKey : compareUtf8(batch.currency?.[a] ?? '', batch.currency?.[b] ?? '')
  })
  return pickRows(batch, order)
}

/** Some rows of a batch, in the order given. */
export function pickRows(batch: PartialBatch, rows: readonly number[]): PartialBatch {
  const pick = <T>(values: readonly T[]): T[] => rows.map(row => present(values[row], 'a row') as T)
  const pickNullable = <T>(values: readonly (T | null)[]): (T | null)[] =>
    rows.map(row => values[row] ?? null)
  const pickNumbers = (values: Float64Array): Float64Array =>
    Float64Array.from(rows, row => present(values[row], 'a row'))
  const places = new Map(rows.map((row, place) => [row, place]))
  return {
    plan: batch.plan,
    rowCount: rows.length,
    windowStart: pickNumbers(batch.windowStart),
    windowEnd: pickNumbers(batch.windowEnd),
    keys: batch.keys.map(pickNullable),
    currency: batch.currency === null ? null : pick(batch.currency),
    events: pickNumbers(batch.events),
    misplaced: pickNumbers(batch.misplaced),
    measures: batch.measures.map(column => {
      switch (column.kind) {
        case 'count':
          return { kind: 'count', values: pickNumbers(column.values) }
        case 'sum':
          return {
            kind: 'sum',
            values: pick(column.values),
            carriers: pickNumbers(column.carriers),
          }
        case 'min':
        case 'max':
          return { kind: column.kind, values: pickNullable(column.values) }
        case 'set':
          return pickSet(column, places)
        default:
          return column
      }
    }),
  }
}

type SetColumn = Extract<PartialColumn, { kind: 'set' }>

/** Ids by the place of their row, then by their bytes. */
function pickSet({ rows, ids }: SetColumn, places: ReadonlyMap<number, number>): SetColumn {
  const idAt = (at: number): Uint8Array => ids.subarray(at * ID_BYTES, (at + 1) * ID_BYTES)
  const picked = rows.flatMap((row, at) => {
    const place = places.get(row)
    return place === undefined ? [] : [{ place, at }]
  })
  picked.sort((a, b) => a.place - b.place || Buffer.compare(idAt(a.at), idAt(b.at)))
  const out = new Uint8Array(picked.length * ID_BYTES)
  for (const [index, { at }] of picked.entries()) out.set(idAt(at), index * ID_BYTES)
  return { kind: 'set', rows: picked.map(one => one.place), ids: out }
}
