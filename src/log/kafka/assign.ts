/**
 * Who gets which shard: as even as it goes, and as few moves as that allows, for every move costs
 * the new owner the loading of a shard's state.
 */

export interface Member {
  readonly id: string
  /** What it had last. Two may claim the same after one was cut off. */
  readonly owned: readonly number[]
}

/** The shards of each member, ascending. Pure, and the same for any order of members. */
export function assignShards(
  members: readonly Member[],
  shardCount: number,
): ReadonlyMap<string, readonly number[]> {
  const ordered = members.toSorted((left, right) => (left.id < right.id ? -1 : 1))
  const least = Math.floor(shardCount / ordered.length)
  let extraCount = shardCount % ordered.length
  const free = new Set(Array.from({ length: shardCount }, (_, shard) => shard))
  const shares = new Map<string, number[]>()
  // Those who had most keep one more, where not all can have the same.
  for (const { id, owned } of ordered.toSorted((a, b) => b.owned.length - a.owned.length)) {
    const claimed = [...new Set(owned)].filter(shard => free.has(shard)).toSorted(ascending)
    const keepsExtra = extraCount > 0 && claimed.length > least
    if (keepsExtra) extraCount -= 1
    const kept = claimed.slice(0, least + (keepsExtra ? 1 : 0))
    for (const shard of kept) free.delete(shard)
    shares.set(id, kept)
  }
  const left = [...free]
  for (const { id } of ordered) {
    const share = shares.get(id) ?? []
    while (share.length < least) share.push(left.shift() ?? 0)
  }
  for (const { id } of ordered) {
    const share = shares.get(id) ?? []
    const shard = share.length === least ? left.shift() : undefined
    if (shard !== undefined) share.push(shard)
  }
  return new Map([...shares].map(([id, share]) => [id, share.toSorted(ascending)]))
}

function ascending(left: number, right: number): number {
  return left - right
}
