/**
 * The root of a results place: what was fixed when it was made, and the key that ids are hashed
 * with. Both are made once, by whoever comes first.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { ObjectStore } from '../../model/object-store.ts'
import { assert } from '../../std/assert.ts'
import { fromUtf8, toUtf8 } from '../../std/bytes.ts'
import { Fault } from '../../std/fault.ts'
import { corrupt } from './faults.ts'
import { HASH_KEY, ROOT_KEY } from './keys.ts'

export const FORMAT = 1

/** What decides where a user is, and what ids are; fixed for the life of a place. */
export interface ResultsLayout {
  readonly shards: number
  readonly partitioner: string
  readonly topicPrefix: string
  /** Of the key that ids are hashed with; null: a reader, to whom it does not matter. */
  readonly keyId: string | null
}

interface Root {
  readonly format: number
  readonly shards: number
  readonly partitioner: string
  readonly topic_prefix: string
  readonly key_id: string
}

const rootSchema: z.ZodType<Root> = z.object({
  format: z.number().int(),
  shards: z.number().int().positive(),
  partitioner: z.string(),
  topic_prefix: z.string(),
  key_id: z.string(),
})

/** The hash key of a place: `fresh`, 16 random bytes or more, where it has none yet. */
export async function openHashKey(
  objects: ObjectStore,
  fresh: Uint8Array,
): Promise<{ readonly secret: Uint8Array; readonly keyId: string }> {
  await objects.put(HASH_KEY, fresh, { ifAbsent: true })
  const kept = await objects.get(HASH_KEY)
  if (kept === null || kept === 'unchanged') throw corrupt(HASH_KEY, 'is gone')
  const keyId = createHash('sha256').update(kept.bytes).digest('hex').slice(0, 16)
  return { secret: kept.bytes, keyId }
}

/** Makes the root where there is none. Throws DATA_DIR_MISMATCH where it says otherwise. */
export async function openRoot(objects: ObjectStore, layout: ResultsLayout): Promise<void> {
  assert(layout.keyId !== null, 'a worker knows the key of its ids')
  const root: Root = {
    format: FORMAT,
    shards: layout.shards,
    partitioner: layout.partitioner,
    topic_prefix: layout.topicPrefix,
    key_id: layout.keyId,
  }
  const bytes = toUtf8(`${JSON.stringify(root)}\n`)
  const outcome = await objects.put(ROOT_KEY, bytes, { ifAbsent: true })
  if (outcome === 'exists') await checkRoot(objects, layout)
}

/** What a place was made for; null: nobody made it yet. Throws DATA_DIR_MISMATCH. */
export async function readLayout(objects: ObjectStore): Promise<ResultsLayout | null> {
  const root = await readRoot(objects)
  if (root === null) return null
  const { shards, partitioner, topic_prefix: topicPrefix } = root
  return { shards, partitioner, topicPrefix, keyId: null }
}

/** Throws DATA_DIR_MISMATCH where there is a root that says otherwise; false: there is none. */
export async function checkRoot(objects: ObjectStore, layout: ResultsLayout): Promise<boolean> {
  const root = await readRoot(objects)
  if (root === null) return false
  const told = `the results place was made for`
  if (root.shards !== layout.shards) {
    return refuse(
      `${told} ${root.shards} partitions, and the config says ${layout.shards}; ` +
        `set partitions to ${root.shards}`,
    )
  }
  if (root.partitioner !== layout.partitioner) {
    const remedy = `set partitioner to '${root.partitioner}'`
    return refuse(
      `${told} partitioner '${root.partitioner}', and the config says another; ${remedy}`,
    )
  }
  if (root.topic_prefix !== layout.topicPrefix) {
    const remedy = `set topicPrefix to '${root.topic_prefix}'`
    return refuse(`${told} topics '${root.topic_prefix}…', and the config says others; ${remedy}`)
  }
  if (layout.keyId !== null && root.key_id !== layout.keyId) {
    return refuse(`${told} the hash key ${root.key_id}, and ${HASH_KEY} holds another; restore it`)
  }
  return true
}

async function readRoot(objects: ObjectStore): Promise<Root | null> {
  const kept = await objects.get(ROOT_KEY)
  if (kept === null || kept === 'unchanged') return null
  const root = parseRoot(kept.bytes)
  if (root.format === FORMAT) return root
  const message = `the results place has format ${root.format}, and this version of weir reads`
  return refuse(`${message} ${FORMAT}; start the version that wrote it`)
}

function parseRoot(bytes: Uint8Array): Root {
  try {
    return rootSchema.parse(JSON.parse(fromUtf8(bytes)))
  } catch (cause) {
    throw corrupt(ROOT_KEY, 'is damaged', cause)
  }
}

function refuse(message: string): never {
  throw new Fault('DATA_DIR_MISMATCH', `${message}, or name another place`)
}
