/**
 * Where things lie in the results place. `results/` is for readers, `state/` is private to workers.
 * Numbers are padded, so that keys stand in their order.
 */

const DIGITS = 10

export const ROOT_KEY = 'results/root.json'
export const HASH_KEY = 'state/hash.key'
export const MANIFESTS = 'results/manifests/'

/** What lies under a shard, by its folder. */
export const FOLDERS = {
  objects: 'results/objects',
  rejects: 'results/rejects',
  ids: 'state/ids',
  refused: 'state/refused',
  manifests: 'results/manifests',
  epochs: 'state/epochs',
} as const

export type FileKind = 'rows' | 'rejects' | 'ids' | 'run' | 'refused'

const FILES: { readonly [Kind in FileKind]: readonly [folder: string, ending: string] } = {
  rows: [FOLDERS.objects, 'ndjson.gz'],
  rejects: [FOLDERS.rejects, 'ndjson.gz'],
  ids: [FOLDERS.ids, 'ids'],
  run: [FOLDERS.ids, 'run'],
  refused: [FOLDERS.refused, 'runs'],
}

/** A shard of this worker, and since when: nobody else ever gets the same pair. */
export interface OwnedShard {
  readonly shard: number
  /** 1 for the first owner, and one more for each after. */
  readonly epoch: number
}

export function toEpochKey({ shard, epoch }: OwnedShard): string {
  return `${FOLDERS.epochs}/${shard}/${pad(epoch)}`
}

export function toManifestKey({ shard, epoch }: OwnedShard): string {
  return `${FOLDERS.manifests}/${shard}/${pad(epoch)}.json`
}

/** `number` counts the files of the epoch. */
export function toFileKey(kind: FileKind, { shard, epoch }: OwnedShard, number: number): string {
  const [folder, ending] = FILES[kind]
  return `${folder}/${shard}/${pad(epoch)}-${pad(number)}.${ending}`
}

const SHARD_KEY = /\/(\d+)\/(\d{10})(?:-(\d{10}))?(?:\.[a-z.]+)?$/

/** Whose a key is, and its number, where it has one; null for a key that is not ours. */
export function parseKey(key: string): (OwnedShard & { readonly number: number | null }) | null {
  const [, shard, epoch, number] = SHARD_KEY.exec(key) ?? []
  if (shard === undefined || epoch === undefined) return null
  return {
    shard: Number(shard),
    epoch: Number(epoch),
    number: number === undefined ? null : Number(number),
  }
}

/** The last part of a key. */
export function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1)
}

function pad(number: number): string {
  return String(number).padStart(DIGITS, '0')
}
