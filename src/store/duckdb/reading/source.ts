/**
 * Where the rows of a question come from, with the key fields and windows of the answer in the
 * place of those that are kept.
 */
import { isDerived } from '../../../model/shape.ts'
import { present } from '../../../std/assert.ts'
import type { Ask } from '../../question.ts'
import type { Bind } from '../database/binding.ts'
import { keyColumns, measureColumns } from '../tables/schema.ts'
import type { Stretch } from './larger.ts'
import { toLarger } from './larger.ts'
import type { Tables } from './pieces.ts'
import { isEndless, meantOf, piecesOf, union } from './pieces.ts'

/** What a question is asked of. */
export interface Kept {
  readonly tables: Tables
  /** Of the larger windows of all rows of the question; empty where they stay as they are. */
  readonly stretches: readonly Stretch[]
}

export interface Source {
  /** What stands after FROM. */
  readonly sql: string
  /** Whether it has one row at most of each place of the answer. */
  readonly isSettled: boolean
}

/** The rows of a question, with the key fields and windows of the answer. */
export function sourceOf(ask: Ask, kept: Kept, bind: Bind): Source {
  const pieces = piecesOf(ask, kept.tables, bind)
  const { base, plan } = ask
  const others = measureColumns(base).map(column => column.name)
  const counted = ['currency', ...TOLD_TALLIES, ...others]
  if (!isDerived(ask)) {
    const columns = ['window_start', 'window_end', ...keyColumns(plan), ...counted]
    const isSettled = pieces.every(piece => piece.table !== kept.tables.recent)
    return { sql: union(pieces, columns), isSettled }
  }
  const keys = ask.kept.map(from => `k${from}`)
  // Totals are of no window.
  const windows = isEndless(ask) ? [] : ['window_start', 'window_end']
  const rows = union(pieces, [...windows, ...keys, ...counted])
  return { sql: toAnswer(ask, { ...kept, rows, counted }), isSettled: false }
}

/** The same of the ids of distinct values. */
export function idsOf(ask: Ask, kept: Kept, bind: Bind): string {
  const table = present(kept.tables.sets, 'the table of sets')
  const rows = union([{ table, conditions: meantOf(ask, bind) }], ['*'])
  return isDerived(ask) ? toAnswer(ask, { ...kept, rows, counted: ['measure', 'id'] }) : rows
}

/** Rows with the key fields and windows of the answer in the place of those that are kept. */
function toAnswer(
  ask: Ask,
  {
    rows,
    counted,
    stretches,
  }: {
    readonly rows: string
    readonly counted: readonly string[]
    readonly stretches: readonly Stretch[]
  },
): string {
  const keys = ask.kept.map((from, to) => `k${from} AS k${to}`)
  const columns = [...windowsOf(ask, stretches), ...keys, ...counted]
  return `(SELECT ${columns.join(', ')} FROM ${rows})`
}

function windowsOf(ask: Ask, stretches: readonly Stretch[]): readonly string[] {
  if (isEndless(ask)) return ['NULL::BIGINT AS window_start', 'NULL::BIGINT AS window_end']
  if (ask.windowing === null) return ['window_start', 'window_end']
  const { start, end } = toLarger(stretches)
  return [`${start} AS window_start`, `${end} AS window_end`]
}

/** What is told of every row beside its measures. */
export const TOLD_TALLIES = ['misplaced', 'late', 'revision'] as const
