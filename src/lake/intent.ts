/**
 * Intents: before the files of a range are put, an object says which range it is. Whoever comes
 * second finds it, and writes that range: so there is one way to cut a partition, however many try.
 * Intents are kept for ever: without one, somebody who sleeps since could cut anew.
 */
import { z } from 'zod'
import type { Place } from '../model/archive.ts'
import type { ObjectStore } from '../model/object-store.ts'
import { fromUtf8, toUtf8 } from '../std/bytes.ts'
import { Fault } from '../std/fault.ts'
import type { RangeName } from './keys.ts'
import { toIntentKey } from './keys.ts'

export interface Intent extends RangeName {
  /** The config that the files were written with. */
  readonly catalog_version: string
  readonly files: readonly { readonly key: string; readonly rows: number }[]
}

const FORMAT = 1
const offset = z.number().int().nonnegative()
const intentSchema: z.ZodType<Intent & { readonly format: number }> = z.object({
  format: z.literal(FORMAT),
  topic: z.string(),
  partition: offset,
  first: offset,
  last: offset,
  catalog_version: z.string(),
  files: z.array(z.object({ key: z.string(), rows: offset })),
})

/** The intent of the range that begins at `first`; null: there is none yet. */
export async function readIntent(
  objects: ObjectStore,
  place: Place,
  { first, signal }: { readonly first: number; readonly signal: AbortSignal },
): Promise<Intent | null> {
  const key = toIntentKey(place, first)
  const found = await objects.get(key, { signal })
  if (found === null || found === 'unchanged') return null
  try {
    return intentSchema.parse(JSON.parse(fromUtf8(found.bytes)))
  } catch (cause) {
    const message = `object '${key}' of the lake is damaged; restore it from a copy`
    throw new Fault('STORE_CORRUPT', message, { cause })
  }
}

/** Says which range it will be; the answer is the intent that counts, ours or another's. */
export async function makeIntent(
  objects: ObjectStore,
  intent: Intent,
  signal: AbortSignal,
): Promise<Intent> {
  const key = toIntentKey(intent, intent.first)
  const bytes = toUtf8(`${JSON.stringify({ format: FORMAT, ...intent })}\n`)
  const outcome = await objects.put(key, bytes, { ifAbsent: true, signal })
  if (outcome === 'stored') return intent
  const { first } = intent
  return (await readIntent(objects, intent, { first, signal })) ?? intent
}
