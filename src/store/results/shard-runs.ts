/**
 * A shard's sealed ids: runs that are objects, and lie in a directory of the worker too, since
 * lookups do not wait. The directory is a cache: what is missing or damaged there is fetched again.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { IdBlock } from '../../model/ids.ts'
import { ID_BYTES } from '../../model/ids.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import { present } from '../../std/assert.ts'
import { Fault, isFault, messageOf, systemCodeOf } from '../../std/fault.ts'
import type { Descriptors } from '../ids/files.ts'
import type { HeldRuns } from '../ids/held-runs.ts'
import { createHeldRuns } from '../ids/held-runs.ts'
import { mergeRuns } from '../ids/merge.ts'
import type { RunFile } from '../ids/run.ts'
import { openRun, writeRun } from '../ids/run.ts'
import { corrupt, missing } from './faults.ts'
import type { ShardFiles } from './files.ts'
import { nameOf } from './keys.ts'
import type { RunEntry } from './manifest.ts'

export interface NamedRun {
  readonly entry: RunEntry
  readonly file: RunFile
}

export interface ShardRuns {
  readonly held: HeldRuns<NamedRun>
  /** Stores a sealed block; nothing counts yet. */
  write(block: IdBlock): Promise<NamedRun>
  /** Stores several runs of a bucket as one; nothing counts yet. */
  merge(from: readonly NamedRun[], signal: AbortSignal): Promise<NamedRun>
  /** Lets `to` answer for `from`, whose files here are removed. */
  adoptMerge(from: readonly NamedRun[], to: NamedRun): Promise<void>
}

export interface ShardRunsOptions {
  readonly objects: ObjectStore
  readonly files: ShardFiles
  /** For this shard alone, and this process. */
  readonly directory: string
  readonly descriptors: Descriptors
  readonly entries: readonly RunEntry[]
}

/** Fetches what is not here, removes what is not named. Throws STORE_UNAVAILABLE, STORE_CORRUPT. */
export async function openShardRuns(options: ShardRunsOptions): Promise<ShardRuns> {
  const { objects, files, directory, descriptors, entries } = options
  await guard(directory, () => sweep(directory, new Set(entries.map(one => nameOf(one.key)))))
  const held = createHeldRuns<NamedRun>(descriptors)
  for (const entry of entries) {
    const file = await guard(directory, () => openOrFetch(objects, directory, entry))
    held.hold({ entry, file })
  }
  let count = 0
  const store = async (
    head: { readonly bucket: number; readonly idCount: number },
    slices: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ): Promise<NamedRun> => {
    count += 1
    const draft = join(directory, `draft-${count}`)
    const file = await writeRun(draft, head, slices)
    const key = await files.putNew('run', await readFile(draft))
    const path = join(directory, nameOf(key))
    await rename(draft, path)
    const { bucket, idCount: ids, checksum } = file
    return { entry: { kind: 'run', key, bucket, ids, checksum }, file: { ...file, path } }
  }
  return {
    held,
    write: block =>
      guard(directory, () =>
        store({ bucket: block.bucket, idCount: block.ids.length / ID_BYTES }, [block.ids]),
      ),
    merge: (from, signal) =>
      guard(directory, () => {
        const merged = from.map(run => run.file)
        const { bucket } = present(merged[0], 'a run to merge')
        const idCount = merged.reduce((total, file) => total + file.idCount, 0)
        return store({ bucket, idCount }, mergeRuns(merged, signal))
      }),
    adoptMerge: async (from, to) => {
      held.replace(from, to)
      for (const { file } of from) {
        descriptors.forget(file.path)
        await rm(file.path, { force: true }).catch(() => null)
      }
    },
  }
}

async function sweep(directory: string, named: ReadonlySet<string>): Promise<void> {
  await mkdir(directory, { recursive: true })
  for (const name of await readdir(directory)) {
    if (/^draft-\d+$|\.run$/.test(name) && !named.has(name)) await rm(join(directory, name))
  }
}

async function openOrFetch(
  objects: ObjectStore,
  directory: string,
  entry: RunEntry,
): Promise<RunFile> {
  const path = join(directory, nameOf(entry.key))
  const kept = await openRun(path).catch(() => null)
  if (kept !== null && isOf(kept, entry)) return kept
  const found = await objects.get(entry.key)
  if (found === null || found === 'unchanged') throw missing(entry.key)
  const draft = join(directory, 'draft-0')
  await writeFile(draft, found.bytes)
  await rename(draft, path)
  const fetched = await openRun(path).catch((cause: unknown) => {
    throw isFault(cause) ? corrupt(entry.key, 'is damaged', cause) : cause
  })
  if (!isOf(fetched, entry)) throw corrupt(entry.key, 'is not what its manifest says')
  return fetched
}

function isOf(file: RunFile, entry: RunEntry): boolean {
  return (
    file.bucket === entry.bucket && file.idCount === entry.ids && file.checksum === entry.checksum
  )
}

/** What the system says about the directory, as a fault of the store. */
async function guard<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isFault(error) || systemCodeOf(error) === null) throw error
    const message = `the directory '${directory}' for ids failed: ${messageOf(error)}`
    throw new Fault('STORE_UNAVAILABLE', message, { cause: error })
  }
}
