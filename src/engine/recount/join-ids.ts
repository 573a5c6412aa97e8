/** Ids of a recount join those that a shard has: what it lacks is added, as a step would. */
import type { IdBlock, IdChange, IdState } from '../../model/ids.ts'
import { createIdSet } from '../ids/id-set.ts'
import { deriveKeys } from '../ids/keys.ts'

export interface JoinOptions {
  /** As of the last commit. */
  readonly state: IdState
  readonly secret: Uint8Array
  /** Bytes of the shard's ids in memory, beyond which the coldest are sealed. */
  readonly idsMemoryMax: number
}

/**
 * Nothing is taken away: ids of one metric cannot be told from those of another, and none has to
 * be, since each was that of an accepted event, which a recount finds too.
 */
export function joinIds(
  { state, secret, idsMemoryMax }: JoinOptions,
  blocks: readonly IdBlock[],
): IdChange {
  const { multipliers } = deriveKeys(secret)
  const ids = createIdSet(state, idsMemoryMax, multipliers)
  for (const block of blocks) {
    const table = ids.table(block.bucket)
    const bytes = block.ids.byteOffset % 4 === 0 ? block.ids : block.ids.slice()
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
    for (let at = 0; at < words.length; at += 4) {
      table.add(words[at] ?? 0, words[at + 1] ?? 0, words[at + 2] ?? 0, words[at + 3] ?? 0)
    }
  }
  return ids.take()
}
