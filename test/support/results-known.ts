/** What a results place of known steps is made with, and how many of them a shard holds. */
import type { ShardState } from '../../src/model/step.ts'
import { KNOWN_PLANS, KNOWN_SHARDS, knownStep } from '../../src/store/duckdb/known-steps.ts'
import type { ResultsLayout } from '../../src/store/results/root.ts'

export const KNOWN_LAYOUT: ResultsLayout = {
  shards: KNOWN_SHARDS,
  partitioner: 'murmur2',
  topicPrefix: '',
  keyId: 'known',
}

export { KNOWN_PLANS, KNOWN_SHARDS, knownStep }

export function stepsOf(state: Pick<ShardState, 'partitions'>): number {
  const perStep = knownStep(0).shards[0]?.partitions[0]?.accepted ?? Number.NaN
  return (state.partitions[0]?.accepted ?? 0) / perStep
}
