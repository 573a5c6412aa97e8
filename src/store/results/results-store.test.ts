import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ObjectStore } from '../../model/object-store.ts'
import { openLocalObjects } from '../../objects/local/local-objects.ts'
import { openMemoryObjects } from '../../objects/memory/memory-objects.ts'
import type { StoreBed } from '../bed.ts'
import { testSharedStore } from '../store.contract.ts'
import { openPlaced } from './placed.contract.ts'

async function makeBed(
  isOnDisk: boolean,
  options: {
    readonly writers: 'one' | 'many'
    readonly crowd?: number
    readonly viewSizeMax?: number
  },
): Promise<StoreBed> {
  const directory = await mkdtemp(join(tmpdir(), 'weir-results-'))
  const objects: ObjectStore = isOnDisk
    ? openLocalObjects({ directory: join(directory, 'place') })
    : openMemoryObjects()
  return {
    open: (plans, shards = 2) =>
      openPlaced({ objects, directory: join(directory, 'cache'), plans, shards, ...options }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  }
}

testSharedStore('results in a directory', 'one', () => makeBed(true, { writers: 'one' }))
testSharedStore('results merged at once', 'one', () => makeBed(false, { writers: 'one', crowd: 1 }))
testSharedStore('results of two writers', 'many', () =>
  makeBed(false, { writers: 'many', crowd: 2 }),
)
testSharedStore('results too large for a view', 'one', () =>
  makeBed(false, { writers: 'one', viewSizeMax: 0 }),
)
