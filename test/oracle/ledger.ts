/** Where every record went, counted again: per topic and partition. */
import type { Judged } from './judge.ts'

export interface OracleLedgerLine {
  readonly topic: string
  readonly partition: number
  readonly consumed: number
  readonly accepted: number
  readonly duplicate: number
  readonly invalid: { readonly [code: string]: number }
}

/** One line for each partition that has records, by topic, then partition. */
export function recountLedger(judged: readonly Judged[]): OracleLedgerLine[] {
  const places = Map.groupBy(judged, ({ record }) => placeOf(record))
  const lines = [...places.values()].map(toLine)
  return lines.sort((left, right) => (placeOf(left) < placeOf(right) ? -1 : 1))
}

/** The lines of a ledger as the product gives it, in the same form; empty partitions left out. */
export function toLedgerLines(partitions: readonly OracleLedgerLine[]): OracleLedgerLine[] {
  const moved = partitions.filter(({ consumed }) => consumed > 0)
  const lines = moved.map(({ topic, partition, consumed, accepted, duplicate, invalid }) => {
    return { topic, partition, consumed, accepted, duplicate, invalid }
  })
  return lines.sort((left, right) => (placeOf(left) < placeOf(right) ? -1 : 1))
}

function placeOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic} ${String(partition).padStart(6, '0')}`
}

function toLine(judged: readonly Judged[]): OracleLedgerLine {
  const { topic = '', partition = 0 } = judged[0]?.record ?? {}
  const invalid: Record<string, number> = {}
  for (const { verdict } of judged) {
    if (verdict.kind === 'invalid') invalid[verdict.code] = (invalid[verdict.code] ?? 0) + 1
  }
  const countOf = (kind: string): number =>
    judged.filter(({ verdict }) => verdict.kind === kind).length
  return {
    topic,
    partition,
    consumed: judged.length,
    accepted: countOf('accepted'),
    duplicate: countOf('duplicate'),
    invalid,
  }
}
