/**
 * The ledger: where every record went, and the equations that must hold, per topic and partition.
 */
import type { ArchiveTotals } from './archive.ts'
import { isArchiveBalanced } from './archive.ts'
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
  /** The lake holds the offsets from here, where archiving began, … */
  readonly archived_from: number | null
  /** … up to here, this one not included; null: nothing is archived now. */
  readonly archived_offset: number | null
  /** Rows of events and of rejects in the lake, counted where they are written. */
  readonly lake_rows: number | null
  readonly lake_rejects: number | null
  readonly balanced: boolean
}

export interface Ledger {
  readonly balanced: boolean
  readonly partitions: readonly LedgerPartition[]
}

/**
 * Closes the ledger. `quarantined` gives how many rejects of a partition rest in quarantine;
 * `archives` are of the partitions that are or were archived.
 */
export function closeLedger(
  partitions: readonly PartitionTotals[],
  quarantined: (topic: string, partition: number) => number,
  archives: readonly ArchiveTotals[] = [],
): Ledger {
  const known = new Map(archives.map(one => [`${one.partition} ${one.topic}`, one]))
  const lines = partitions.map(totals => {
    const { topic, partition } = totals
    const archive = known.get(`${partition} ${topic}`)
    return closePartition(totals, quarantined(topic, partition), archive)
  })
  return { balanced: lines.every(line => line.balanced), partitions: lines }
}

function closePartition(
  totals: PartitionTotals,
  quarantined: number,
  known: ArchiveTotals | undefined,
): LedgerPartition {
  // One that is behind stands still: archiving was turned off since.
  const archive = known?.offsetDigested === totals.offsetNext ? known : null
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
    archived_from: archive?.offsetFirst ?? null,
    archived_offset: archive?.offsetNext ?? null,
    lake_rows: archive?.rows ?? null,
    lake_rejects: archive?.rejects ?? null,
    balanced:
      (archive === null || isArchiveBalanced(archive, totals)) &&
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
