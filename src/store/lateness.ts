/**
 * Lateness: which rows of a step change windows that were already final. A step revises a window
 * and key once, however many shards and currencies of it do.
 */
import type { PartialBatch } from '../model/partial.ts'
import { isFinal } from '../model/progress.ts'
import type { Step } from '../model/step.ts'
import { present } from '../std/assert.ts'

export interface Lateness {
  /** How many late events the row adds, and whether (1) it counts as the revision. */
  readonly late: number
  readonly revision: number
}

export const IN_TIME: Lateness = { late: 0, revision: 0 }

/** Finds the late rows of a step. `progress` is what was published before it. */
export function findLate(
  step: Step,
  progress: number | null,
): ReadonlyMap<PartialBatch, readonly Lateness[]> {
  const found = new Map<PartialBatch, readonly Lateness[]>()
  const revised = new Set<string>()
  for (const batch of step.shards.flatMap(shard => shard.partials)) {
    const { graceMs, hash } = batch.plan
    if (!batch.windowEnd.some(end => isFinal(end, graceMs, progress))) continue
    found.set(
      batch,
      Array.from(batch.windowEnd, (end, row) => {
        if (!isFinal(end, graceMs, progress)) return IN_TIME
        const place = [hash, batch.windowStart[row], ...batch.keys.map(column => column[row])]
        const text = JSON.stringify(place)
        const revision = revised.has(text) ? 0 : 1
        revised.add(text)
        return { late: present(batch.events[row], 'a row'), revision }
      }),
    )
  }
  return found
}
