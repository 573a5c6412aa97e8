/** A store on a disk and one of plain Maps, which are given the same. */
import { EventEmitter, once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ShardStep } from '../../model/step.ts'
import { openMemoryStore } from '../memory/memory.ts'
import { stepOf } from '../steps.ts'
import type { Store } from '../store.ts'
import { openDuckDbStore } from './duckdb.ts'
import type { DuckDbStoreOptions } from './options.ts'

export interface Twins extends AsyncDisposable {
  readonly disk: Store
  readonly plain: Store
  commit(step: Partial<ShardStep>): Promise<void>
  /** Waits for the end of the next compaction. */
  compacted(): Promise<unknown>
}

export async function openTwins(options: Omit<DuckDbStoreOptions, 'directory'>): Promise<Twins> {
  const directory = await mkdtemp(join(tmpdir(), 'weir-twins-'))
  const points = new EventEmitter()
  const crash = (point: string): void => void points.emit(point)
  const disk = await openDuckDbStore({ ...options, directory, crash })
  const plain = openMemoryStore(options)
  return {
    disk,
    plain,
    commit: async step => {
      for (const store of [disk, plain]) await store.commit(stepOf(step))
    },
    compacted: () => once(points, 'compaction.after'),
    [Symbol.asyncDispose]: async () => {
      for (const store of [disk, plain]) await store[Symbol.asyncDispose]()
      await rm(directory, { recursive: true })
    },
  }
}
