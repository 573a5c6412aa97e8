import { describeObjects } from '../objects.contract.ts'
import { openMemoryObjects } from './memory-objects.ts'

describeObjects('objects in memory', async () => {
  const objects = openMemoryObjects()
  return { objects, reopen: () => objects, [Symbol.asyncDispose]: async () => undefined }
})
