import { testStore } from '../store.contract.ts'
import { createMemoryDisk, openMemoryStore } from './memory.ts'

testStore('memory store', async () => {
  const disk = createMemoryDisk()
  return {
    open: async (plans, shards = 2) => openMemoryStore({ plans, shards, disk }),
    [Symbol.asyncDispose]: async () => undefined,
  }
})
