/**
 * The ids of all shards beside the database: files are written and made durable first, then a
 * transaction of the database names them. What no transaction names is removed at open, so a crash
 * between the two leaves nothing behind.
 *
 * A change goes through three hands: `prepare` writes files, the caller commits the pointers, and
 * `adopt` makes them the state. A change that is not adopted is written over by the next.
 */
import type { FileHandle } from 'node:fs/promises'
import { mkdir, open, readdir, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import type { IdBlock, IdBucket, IdChange, IdRun } from '../../../model/ids.ts'
import { ID_BYTES } from '../../../model/ids.ts'
import { present } from '../../../std/assert.ts'
import type { Descriptors } from '../../ids/files.ts'
import { createDescriptors, damaged, syncDirectory } from '../../ids/files.ts'
import type { HeldRuns } from '../../ids/held-runs.ts'
import { createHeldRuns } from '../../ids/held-runs.ts'
import { findCrowded, mergeRuns } from '../../ids/merge.ts'
import type { RunFile } from '../../ids/run.ts'
import { openRun, writeRun } from '../../ids/run.ts'
import { appendDelta, readDelta } from './delta.ts'

/** How far the delta file of a shard counts; generation 0: there is none. */
export interface DeltaPointer {
  readonly generation: number
  readonly length: number
}

/** A run by its number, which is unique within the shard. */
export interface RunPointer {
  readonly shard: number
  readonly number: number
}

export interface IdPointers {
  readonly deltas: ReadonlyMap<number, DeltaPointer>
  readonly runs: readonly RunPointer[]
}

/** What `prepare` wrote, to be named by a transaction. */
export interface PreparedIds {
  readonly shard: number
  readonly delta: DeltaPointer
  readonly runs: readonly NumberedRun[]
}

/** What `merge` wrote: one run in place of several. */
export interface PreparedMerge {
  readonly shard: number
  readonly from: readonly NumberedRun[]
  readonly to: NumberedRun
}

export interface NumberedRun {
  readonly number: number
  readonly file: RunFile
}

/** Descriptors that lookups keep open; a bucket of a day has at most eight runs a shard. */
const DESCRIPTORS_MAX = 256
const FILE_NAME = /^ids-(\d+)-(\d+)\.(delta|run)$/

export class IdStore implements AsyncDisposable {
  readonly #directory: string
  readonly #descriptors: Descriptors = createDescriptors(DESCRIPTORS_MAX)
  /** Delta files open for writing, by shard. */
  readonly #files = new Map<number, { readonly generation: number; readonly file: FileHandle }>()
  readonly #deltas: Map<number, DeltaPointer>
  readonly #held = new Map<number, HeldRuns<NumberedRun>>()
  readonly #nextNumber = new Map<number, number>()

  private constructor(directory: string, pointers: IdPointers) {
    this.#directory = directory
    this.#deltas = new Map(pointers.deltas)
  }

  /** Opens what the pointers name, removes the rest. Throws STORE_UNAVAILABLE if damaged. */
  static async open(directory: string, pointers: IdPointers): Promise<IdStore> {
    await mkdir(directory, { recursive: true })
    const store = new IdStore(directory, pointers)
    const named = new Set<string>()
    for (const [shard, { generation, length }] of pointers.deltas) {
      if (generation === 0) continue
      const path = store.#deltaPath(shard, generation)
      named.add(path)
      const { size } = await stat(path).catch(() => ({ size: -1 }))
      if (size < length) throw damaged('is missing or too short', path)
      if (size > length) await truncate(path, length)
    }
    for (const pointer of pointers.runs) {
      const path = store.#runPath(pointer)
      named.add(path)
      store.#hold(pointer.shard, { number: pointer.number, file: await openRun(path) })
    }
    for (const name of await readdir(directory)) {
      const path = join(directory, name)
      if (FILE_NAME.test(name) && !named.has(path)) await rm(path)
    }
    await syncDirectory(directory)
    return store
  }

  /** The ids of a shard as committed. */
  async load(
    shard: number,
  ): Promise<{ readonly blocks: readonly IdBlock[]; readonly runs: readonly IdRun[] }> {
    const { generation, length } = this.#deltaOf(shard)
    const path = this.#deltaPath(shard, generation)
    const blocks = generation === 0 ? [] : await readDelta(path, length)
    return { blocks, runs: this.#heldOf(shard).runs }
  }

  /** Writes a change durably; nothing counts yet. */
  async prepare(shard: number, change: IdChange): Promise<PreparedIds> {
    const delta = this.#deltaOf(shard)
    if (change.sealed.length === 0 && change.added.length === 0) return { shard, delta, runs: [] }
    const runs: NumberedRun[] = []
    for (const block of change.sealed) {
      const number = this.#takeNumber(shard)
      const head = { bucket: block.bucket, idCount: block.ids.length / ID_BYTES }
      const path = this.#runPath({ shard, number })
      runs.push({ number, file: await writeRun(path, head, [block.ids]) })
    }
    const startsAnew = delta.generation === 0 || change.sealed.length > 0
    const generation = startsAnew ? delta.generation + 1 : delta.generation
    const file = await this.#openDelta(shard, generation)
    const blocks = change.sealed.length > 0 ? change.kept : change.added
    const length = await appendDelta(file, startsAnew ? 0 : delta.length, blocks)
    if (startsAnew) await syncDirectory(this.#directory)
    return { shard, delta: { generation, length }, runs }
  }

  /** Makes a committed change the state. Returns its runs, in the order of the sealed blocks. */
  async adopt(prepared: PreparedIds): Promise<readonly IdRun[]> {
    const { shard, delta, runs } = prepared
    const before = this.#deltaOf(shard)
    this.#deltas.set(shard, delta)
    if (before.generation !== 0 && before.generation !== delta.generation) {
      await removeLater(this.#deltaPath(shard, before.generation))
    }
    return runs.map(run => this.#hold(shard, run))
  }

  /** Merges the runs of one crowded bucket, durably; null: no bucket is crowded. */
  async merge(signal: AbortSignal): Promise<PreparedMerge | null> {
    for (const [shard, held] of this.#held) {
      const from = findCrowded(held.named)
      if (from.length > 0) return this.#writeMerged(shard, from, signal)
    }
    return null
  }

  /** Makes a committed merge the state. */
  async adoptMerge(prepared: PreparedMerge): Promise<void> {
    this.#heldOf(prepared.shard).replace(prepared.from, prepared.to)
    for (const { file } of prepared.from) {
      this.#descriptors.forget(file.path)
      await removeLater(file.path)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#descriptors.close()
    for (const { file } of this.#files.values()) await file.close()
    this.#files.clear()
  }

  async #writeMerged(
    shard: number,
    from: readonly NumberedRun[],
    signal: AbortSignal,
  ): Promise<PreparedMerge> {
    const files = from.map(run => run.file)
    const number = this.#takeNumber(shard)
    const idCount = files.reduce((total, file) => total + file.idCount, 0)
    const bucket: IdBucket = present(files[0], 'a run to merge').bucket
    const path = this.#runPath({ shard, number })
    const file = await writeRun(path, { bucket, idCount }, mergeRuns(files, signal))
    await syncDirectory(this.#directory)
    return { shard, from, to: { number, file } }
  }

  #hold(shard: number, numbered: NumberedRun): IdRun {
    this.#nextNumber.set(shard, Math.max(this.#nextNumber.get(shard) ?? 0, numbered.number + 1))
    return this.#heldOf(shard).hold(numbered)
  }

  /** The file of a generation, open; a new one comes empty. */
  async #openDelta(shard: number, generation: number): Promise<FileHandle> {
    const known = this.#files.get(shard)
    if (known?.generation === generation) return known.file
    this.#files.delete(shard)
    await known?.file.close()
    const isNew = this.#deltaOf(shard).generation !== generation
    const file = await open(this.#deltaPath(shard, generation), isNew ? 'w' : 'r+')
    this.#files.set(shard, { generation, file })
    return file
  }

  #takeNumber(shard: number): number {
    const number = this.#nextNumber.get(shard) ?? 0
    this.#nextNumber.set(shard, number + 1)
    return number
  }

  #heldOf(shard: number): HeldRuns<NumberedRun> {
    const held = this.#held.get(shard) ?? createHeldRuns<NumberedRun>(this.#descriptors)
    this.#held.set(shard, held)
    return held
  }

  #deltaOf(shard: number): DeltaPointer {
    return this.#deltas.get(shard) ?? { generation: 0, length: 0 }
  }

  #deltaPath(shard: number, generation: number): string {
    return join(this.#directory, `ids-${shard}-${generation}.delta`)
  }

  #runPath(pointer: RunPointer): string {
    return join(this.#directory, `ids-${pointer.shard}-${pointer.number}.run`)
  }
}

/** Removes a file that no transaction names; if that fails, the next open does it. */
async function removeLater(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => null)
}
