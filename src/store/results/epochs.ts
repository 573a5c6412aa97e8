/**
 * Epochs: who owns a shard. To take it is to create the next number, which one worker does; whoever
 * had it before finds a higher number than its own, and writes no more. Numbers are never removed.
 */
import type { ObjectStore } from '../../model/object-store.ts'
import { toMillisecondText } from '../../model/time.ts'
import { toUtf8 } from '../../std/bytes.ts'
import type { OwnedShard } from './keys.ts'
import { FOLDERS, parseKey, toEpochKey } from './keys.ts'

export interface Taker {
  /** For people: which worker it is. */
  readonly who: string
  readonly atMs: number
}

/** Takes a shard over from whoever has it. Throws OBJECTS_UNAVAILABLE. */
export async function takeShard(
  objects: ObjectStore,
  shard: number,
  taker: Taker,
): Promise<OwnedShard> {
  const at = toMillisecondText(taker.atMs)
  const bytes = toUtf8(`${JSON.stringify({ who: taker.who, at })}\n`)
  for (;;) {
    const owned = { shard, epoch: (await newestEpoch(objects, shard)) + 1 }
    const outcome = await objects.put(toEpochKey(owned), bytes, { ifAbsent: true })
    if (outcome === 'stored') return owned
  }
}

/** Whether somebody took the shard after this owner. Throws OBJECTS_UNAVAILABLE. */
export async function isTakenOver(objects: ObjectStore, owned: OwnedShard): Promise<boolean> {
  const next = { shard: owned.shard, epoch: owned.epoch + 1 }
  return (await objects.get(toEpochKey(next))) !== null
}

/** 0: nobody ever took it. */
async function newestEpoch(objects: ObjectStore, shard: number): Promise<number> {
  let newest = 0
  for await (const { key } of objects.list(`${FOLDERS.epochs}/${shard}/`)) {
    newest = Math.max(newest, parseKey(key)?.epoch ?? 0)
  }
  return newest
}
