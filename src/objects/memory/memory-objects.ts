/** Objects in memory: for tests, and the plainest reading of the port. */
import type { ObjectStore } from '../../model/object-store.ts'
import { assertKey, assertPrefix } from '../keys.ts'

interface Kept {
  readonly bytes: Uint8Array
  readonly version: string
}

export function openMemoryObjects(): ObjectStore {
  const kept = new Map<string, Kept>()
  let puts = 0
  return {
    put: async (key, bytes, options = {}) => {
      assertKey(key)
      options.signal?.throwIfAborted()
      if (options.ifAbsent === true && kept.has(key)) return 'exists'
      puts += 1
      // Not `slice`: that of a Buffer is no copy.
      kept.set(key, { bytes: new Uint8Array(bytes), version: String(puts) })
      return 'stored'
    },
    get: async (key, options = {}) => {
      assertKey(key)
      options.signal?.throwIfAborted()
      const found = kept.get(key)
      if (found === undefined) return null
      if (options.unless === found.version) return 'unchanged'
      const { offset, length } = options.range ?? { offset: 0, length: found.bytes.length }
      return { bytes: found.bytes.slice(offset, offset + length), version: found.version }
    },
    list: async function* (prefix, signal) {
      assertPrefix(prefix)
      // Keys are ASCII, so the order of strings is that of their bytes.
      for (const key of [...kept.keys()].toSorted((a, b) => (a < b ? -1 : 1))) {
        signal?.throwIfAborted()
        const found = kept.get(key)
        if (!key.startsWith(prefix) || found === undefined) continue
        yield { key, sizeBytes: found.bytes.length }
      }
    },
    delete: async key => {
      assertKey(key)
      kept.delete(key)
    },
  }
}
