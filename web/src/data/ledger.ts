/** The ledger as the page shows it: sums per topic, and every equation that does not hold. */

import type { AuditAnswer, AuditPartition } from '../../../src/api/contract.ts'
import { invalidTotal } from '../../../src/model/ledger.ts'

export interface LedgerLine {
  readonly topic: string
  readonly consumed: number
  readonly accepted: number
  readonly duplicate: number
  readonly invalid: number
  /** null: not known. */
  readonly lag: number | null
  readonly balanced: boolean
}

/** One stage of the way of records, with both of its sides, over all partitions that are given. */
export interface Stage {
  readonly name: string
  readonly left: Side
  readonly right: readonly Side[]
  /** Left minus the sum of the right; 0: it holds. */
  readonly difference: number
}

export interface Side {
  readonly name: string
  readonly count: number
}

/** An equation of one partition whose sides differ; `difference` is left minus right. */
export interface Breach {
  readonly topic: string
  readonly partition: number
  readonly equation: string
  readonly left: number
  readonly right: number
  readonly difference: number
}

export interface LedgerView {
  /** Whether the server says so and all equations hold here too. */
  readonly balanced: boolean
  readonly total: LedgerLine
  /** By topic name. */
  readonly topics: readonly LedgerLine[]
  readonly breaches: readonly Breach[]
  /** How long the record waits that waits longest, in seconds; 0: none waits; null: not known. */
  readonly lagSeconds: number | null
  /** Until the log deletes a record unread, in hours, of the partition nearest to it; null: never. */
  readonly retentionHours: number | null
  /** How many of the invalid were repaired and sent again. */
  readonly repaired: number
  /** Most frequent first. */
  readonly invalidCodes: readonly { readonly code: string; readonly count: number }[]
}

export function toLedgerView(audit: AuditAnswer): LedgerView {
  const byTopic = Map.groupBy(audit.partitions, partition => partition.topic)
  const topics = [...byTopic].map(([topic, partitions]) => addUp(topic, partitions))
  const breaches = audit.partitions.flatMap(findBreaches)
  return {
    balanced: audit.balanced && breaches.length === 0,
    total: addUp('all topics', audit.partitions),
    topics: topics.sort((left, right) => (left.topic < right.topic ? -1 : 1)),
    breaches,
    lagSeconds: findLongestWait(audit.partitions),
    retentionHours: leastOf(audit.partitions.map(partition => partition.retention_hours)),
    repaired: audit.partitions.reduce((sum, partition) => sum + (partition.repaired ?? 0), 0),
    invalidCodes: countCodes(audit.partitions),
  }
}

function findLongestWait(partitions: readonly AuditPartition[]): number | null {
  if (partitions.some(isUnread)) return null
  const waits = partitions.filter(partition => (partition.lag ?? 0) > 0).map(one => one.lag_seconds)
  if (waits.length === 0) return 0
  const known = waits.filter(wait => wait !== null)
  return known.length === 0 ? null : Math.max(...known)
}

/** Whether who answers does not read the log. */
function isUnread({ lag }: AuditPartition): boolean {
  return lag === null
}

function leastOf(values: readonly (number | null)[]): number | null {
  const known = values.filter(value => value !== null)
  return known.length === 0 ? null : Math.min(...known)
}

function addUp(topic: string, partitions: readonly AuditPartition[]): LedgerLine {
  const sum = (of: (partition: AuditPartition) => number): number =>
    partitions.reduce((total, partition) => total + of(partition), 0)
  return {
    topic,
    consumed: sum(partition => partition.consumed),
    accepted: sum(partition => partition.accepted),
    duplicate: sum(partition => partition.duplicate),
    invalid: sum(invalidTotal),
    lag: partitions.some(isUnread) ? null : sum(partition => partition.lag ?? 0),
    balanced: partitions.every(
      partition => partition.balanced && findBreaches(partition).length === 0,
    ),
  }
}

/** The equations of the ledger, in the order in which a record comes through them. */
export function toStages(partitions: readonly AuditPartition[]): readonly Stage[] {
  const sum = (of: (partition: AuditPartition) => number): number =>
    partitions.reduce((total, partition) => total + of(partition), 0)
  const side = (name: string, of: (partition: AuditPartition) => number): Side => ({
    name,
    count: sum(of),
  })
  const consumed = side('consumed', one => one.consumed)
  const accepted = side('accepted', one => one.accepted)
  const invalid = side('invalid', invalidTotal)
  const passed = side('offsets passed', one => one.offset_next - one.offset_first)
  return [
    toStage('Read', passed, [
      consumed,
      side('control records', one => one.skipped),
      side('gaps', one => one.gap),
    ]),
    toStage('Judged', consumed, [accepted, side('duplicate', one => one.duplicate), invalid]),
    toStage(
      'Counted',
      side('applied to results', one => one.applied),
      [accepted],
    ),
    toStage(
      'Kept',
      side('in quarantine', one => one.quarantined),
      [invalid],
    ),
  ]
}

function toStage(name: string, left: Side, right: readonly Side[]): Stage {
  const difference = left.count - right.reduce((total, { count }) => total + count, 0)
  return { name, left, right, difference }
}

/** Recounts what the server says of a partition. */
export function findBreaches(partition: AuditPartition): readonly Breach[] {
  const invalid = invalidTotal(partition)
  const { topic, consumed, accepted, duplicate, skipped, gap, applied, quarantined } = partition
  const passed = partition.offset_next - partition.offset_first
  const sides: readonly (readonly [equation: string, left: number, right: number])[] = [
    ['consumed = accepted + duplicate + invalid', consumed, accepted + duplicate + invalid],
    ['offsets passed = consumed + skipped + gap', passed, consumed + skipped + gap],
    ['applied to results = accepted', applied, accepted],
    ['in quarantine = invalid', quarantined, invalid],
  ]
  return sides
    .filter(([, left, right]) => left !== right)
    .map(([equation, left, right]) => ({
      topic,
      partition: partition.partition,
      equation,
      left,
      right,
      difference: left - right,
    }))
}

function countCodes(partitions: readonly AuditPartition[]): LedgerView['invalidCodes'] {
  const counts = new Map<string, number>()
  for (const partition of partitions) {
    for (const [code, count] of Object.entries(partition.invalid)) {
      counts.set(code, (counts.get(code) ?? 0) + count)
    }
  }
  return [...counts]
    .map(([code, count]) => ({ code, count }))
    .sort((left, right) => right.count - left.count || (left.code < right.code ? -1 : 1))
}
