/** What the owners of other shards published: progress is the least over all shards. */
import type { ObjectStore } from '../../model/object-store.ts'
import type { PartitionTotals } from '../../model/step.ts'
import type { Clock } from '../../std/clock.ts'
import { laterOf } from './later-of.ts'
import type { Limits } from './limits.ts'
import type { Manifest } from './manifest.ts'
import { toTotals } from './manifest.ts'
import { createManifestWatch } from './watch.ts'

export interface Peers {
  /** Reads what changed, unless that was done just now. Throws OBJECTS_UNAVAILABLE. */
  look(): Promise<void>
  /** The latest that any of them published. */
  readonly progress: number | null
  /** How many of them published anything. */
  readonly shardCount: number
  readonly partitions: readonly PartitionTotals[]
}

export interface PeersOptions {
  readonly objects: ObjectStore
  readonly clock: Clock
  readonly limits: Limits
  /** Shards of this worker. */
  readonly isOwned: ReadonlySet<number>
}

export function createPeers({ objects, clock, limits, isOwned }: PeersOptions): Peers {
  const watch = createManifestWatch(objects, shard => !isOwned.has(shard))
  let lookedMs = Number.NEGATIVE_INFINITY
  let listedMs = Number.NEGATIVE_INFINITY
  const all = (): readonly Manifest[] => [...watch.known.values()].map(one => one.manifest)
  return {
    look: async () => {
      const nowMs = clock.monotonic()
      if (nowMs - lookedMs < limits.peersMs) return
      const withList = nowMs - listedMs >= limits.peersListMs
      await watch.poll(withList)
      lookedMs = nowMs
      if (withList) listedMs = nowMs
    },
    get progress() {
      return all()
        .map(manifest => manifest.progress)
        .reduce(laterOf, null)
    },
    get shardCount() {
      return watch.known.size
    },
    get partitions() {
      return all().flatMap(manifest => manifest.ledger.map(toTotals))
    },
  }
}
