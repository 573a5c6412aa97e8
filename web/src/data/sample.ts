/** Rows and ledger lines for tests: what matters is given, the rest is as usual. */
import type { AuditPartition } from '../../../src/api/contract.ts'
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

/** A partition of which all were accepted. */
export function samplePartition(rest: Partial<AuditPartition> = {}): AuditPartition {
  return {
    topic: 'purchase',
    partition: 0,
    offset_first: 0,
    offset_next: 10,
    offset_end: 10,
    lag: 0,
    lag_seconds: 0,
    retention_hours: null,
    repaired: 0,
    consumed: 10,
    skipped: 0,
    gap: 0,
    accepted: 10,
    duplicate: 0,
    invalid: {},
    misplaced: 0,
    applied: 10,
    quarantined: 0,
    archived_from: null,
    archived_offset: null,
    lake_rows: null,
    lake_rejects: null,
    balanced: true,
    ...rest,
  }
}
