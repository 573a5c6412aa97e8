/** Rows and ledger lines for tests: what matters is given, the rest is as usual. */
import type { ResultRow } from '../../../src/model/result.ts'
import { toWireTime } from '../text/times.ts'

export interface Given extends Partial<Omit<ResultRow, 'window_start' | 'window_end'>> {
  /** As `10:15`, on 3 September 2024; null: `all`. */
  readonly at: string | null
  readonly minutes?: number
}

export function sampleRow({ at, minutes = 1, ...rest }: Given): ResultRow {
  const startMs = Date.parse(`2024-09-03T${at ?? '00:00'}:00Z`)
  return {
    window_start: at === null ? null : toWireTime(startMs),
    window_end: at === null ? null : toWireTime(startMs + minutes * 60_000),
    key: {},
    values: {},
    status: 'final',
    revision: 0,
    late: 0,
    exact: true,
    partial: false,
    source: 'stream',
    ...rest,
  }
}

export function sampleDay(date: string, rest: Partial<ResultRow>): ResultRow {
  const start = `${date}T00:00:00Z`
  const end = toWireTime(Date.parse(start) + 86_400_000)
  return { ...sampleRow({ at: '00:00' }), window_start: start, window_end: end, ...rest }
}
