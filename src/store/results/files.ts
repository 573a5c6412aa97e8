/** Writing new objects of a shard: each under a key of its own, never over another. */
import type { ObjectStore } from '../../model/object-store.ts'
import type { FileKind, OwnedShard } from './keys.ts'
import { toFileKey } from './keys.ts'

export interface ShardFiles {
  /** Stores bytes under a new key, and gives it. Throws OBJECTS_UNAVAILABLE. */
  putNew(kind: FileKind, bytes: Uint8Array): Promise<string>
}

/** `numberFirst`: the lowest number that may be free. */
export function createShardFiles(
  objects: ObjectStore,
  owned: OwnedShard,
  numberFirst: number,
): ShardFiles {
  let number = numberFirst
  return {
    putNew: async (kind, bytes) => {
      for (;;) {
        const key = toFileKey(kind, owned, number)
        number += 1
        // What a commit that failed left is never written over: nobody knows who reads it.
        if ((await objects.put(key, bytes, { ifAbsent: true })) === 'stored') return key
      }
    },
  }
}
