/** Watching manifests: which is the newest of each shard, and what it says. */
import type { ObjectStore } from '../../model/object-store.ts'
import { MANIFESTS, parseKey } from './keys.ts'
import type { KnownManifest } from './manifest.ts'
import { readManifest } from './manifest.ts'

export interface ManifestWatch {
  /** By shard; of a shard that never committed there is none. */
  readonly known: ReadonlyMap<number, KnownManifest>
  /**
   * Reads what changed, and gives its shards. `withList`: also looks for newer epochs, which costs
   * a listing. A shard's epoch counts from its first manifest on.
   */
  poll(withList: boolean, signal?: AbortSignal): Promise<readonly number[]>
}

export function createManifestWatch(
  objects: ObjectStore,
  isWatched: (shard: number) => boolean,
): ManifestWatch {
  const known = new Map<number, KnownManifest>()

  const look = async (
    shard: number,
    epoch: number,
    signal: AbortSignal | undefined,
  ): Promise<number | null> => {
    const before = known.get(shard)
    const isSame = before?.manifest.epoch === epoch
    const found = await readManifest(
      objects,
      { shard, epoch },
      {
        ...(isSame ? { unless: before.version } : {}),
        ...(signal === undefined ? {} : { signal }),
      },
    )
    // null: it was replaced by a newer epoch's and removed since it was listed.
    if (found === null || found === 'unchanged') return null
    known.set(shard, found)
    return shard
  }
  return {
    known,
    poll: async (withList, signal) => {
      const epochs = new Map([...known].map(([shard, { manifest }]) => [shard, manifest.epoch]))
      if (withList) {
        for (const [shard, epoch] of await newestManifests(objects, MANIFESTS, signal)) {
          if (isWatched(shard)) epochs.set(shard, Math.max(epoch, epochs.get(shard) ?? 0))
        }
      }
      const looks = [...epochs].map(([shard, epoch]) => look(shard, epoch, signal))
      return (await Promise.all(looks)).filter(shard => shard !== null)
    },
  }
}

/** The newest epoch that has a manifest, by shard, of the manifests below a prefix. */
export async function newestManifests(
  objects: ObjectStore,
  prefix: string,
  signal?: AbortSignal,
): Promise<ReadonlyMap<number, number>> {
  const newest = new Map<number, number>()
  for await (const { key } of objects.list(prefix, signal)) {
    const owned = parseKey(key)
    if (owned === null) continue
    newest.set(owned.shard, Math.max(owned.epoch, newest.get(owned.shard) ?? 0))
  }
  return newest
}
