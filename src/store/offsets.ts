/** Whether what was counted as of some offsets may still be put into a store. */
import type { PartitionTotals } from '../model/step.ts'
import type { Swap } from '../model/swap.ts'
import { Fault } from '../std/fault.ts'

/** Throws STORE_CONFLICT where the store is elsewhere than the swap. */
export function assertOffsets({ offsets }: Swap, partitions: readonly PartitionTotals[]): void {
  const known = new Map(offsets.map(one => [`${one.partition} ${one.topic}`, one.offset]))
  for (const { topic, partition, offsetNext } of partitions) {
    const counted = known.get(`${partition} ${topic}`)
    if (counted === offsetNext) continue
    throw new Fault(
      'STORE_CONFLICT',
      `the store is at offset ${offsetNext} of ${topic}/${partition}, and what it is to take was ` +
        `counted up to ${counted ?? 'none'}; nothing changed; count it again`,
    )
  }
}
