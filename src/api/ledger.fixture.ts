/** A line of the ledger as the API tells it, for tests. */
import { sampleLine } from '../model/ledger.fixture.ts'
import type { AuditPartition } from './contract.ts'

/** Of a partition of ten events, which were all accepted, and are all that there is. */
export function samplePartition(rest: Partial<AuditPartition> = {}): AuditPartition {
  const { invalid, ...line } = sampleLine()
  return {
    ...line,
    invalid: { ...invalid },
    offset_end: 10,
    lag: 0,
    lag_seconds: 0,
    retention_hours: null,
    repaired: 0,
    ...rest,
  }
}
