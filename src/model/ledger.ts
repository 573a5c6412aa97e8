/**
 * The ledger: where every record went, and the equations that must hold, per topic and partition.
 */
import type { PartitionTotals } from './step.ts'
import type { InvalidCode } from './verdict.ts'

/** One partition on the wire. */
export interface LedgerPartition {
  readonly topic: string
  readonly partition: number
  readonly offset_first: number
  readonly offset_next: number
  readonly consumed: number
  readonly skipped: number
  readonly gap: number
  readonly accepted: number
  readonly duplicate: number
  readonly invalid: { readonly [Code in InvalidCode]?: number }
  readonly misplaced: number
  /** Events applied to results, counted where they are applied. */
  readonly applied: number
  /** Rejects that rest in quarantine, counted there. */
  readonly quarantined: number
  readonly balanced: boolean
}

export interface Ledger {
  readonly balanced: boolean
  readonly partitions: readonly LedgerPartition[]
}

/** Closes the ledger. `quarantined` gives how many rejects of a partition rest in quarantine. */
export function closeLedger(
  partitions: readonly PartitionTotals[],
  quarantined: (topic: string, partition: number) => number,
): Ledger {
  const lines = partitions.map(totals =>
    closePartition(totals, quarantined(totals.topic, totals.partition)),
  )
  return { balanced: lines.every(line => line.balanced), partitions: lines }
}

function closePartition(totals: PartitionTotals, quarantined: number): LedgerPartition {
  const invalidCount = invalidTotal(totals)
  const passed = totals.offsetNext - totals.offsetFirst
  return {
    topic: totals.topic,
    partition: totals.partition,
    offset_first: totals.offsetFirst,
    offset_next: totals.offsetNext,
    consumed: totals.consumed,
    skipped: totals.skipped,
    gap: totals.gap,
    accepted: totals.accepted,
    duplicate: totals.duplicate,
    invalid: totals.invalid,
    misplaced: totals.misplaced,
    applied: totals.applied,
    quarantined,
    balanced:
      passed === totals.consumed + totals.skipped + totals.gap &&
      totals.consumed === totals.accepted + totals.duplicate + invalidCount &&
      totals.applied === totals.accepted &&
      quarantined === invalidCount,
  }
}

/** How many records of a partition were invalid, over all codes. */
export function invalidTotal(totals: Pick<PartitionTotals, 'invalid'>): number {
  let total = 0
  for (const count of Object.values(totals.invalid)) total += count
  return total
}
