/** A line of the ledger, for tests. */
import type { LedgerPartition } from './ledger.ts'

/** Of a partition of ten events, which were all accepted. */
export function sampleLine(rest: Partial<LedgerPartition> = {}): LedgerPartition {
  return {
    topic: 'purchase',
    partition: 0,
    offset_first: 0,
    offset_next: 10,
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
