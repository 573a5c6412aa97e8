/**
 * Calls to the object store are tried a few times before an outage is told: a range has many calls,
 * and one in a few that fails must not make it begin anew again and again. All of them may be
 * tried again: what was put once is only found there.
 */
import type { ObjectStore } from '../model/object-store.ts'
import type { Clock } from '../std/clock.ts'
import { isFault } from '../std/fault.ts'

const ATTEMPTS_MAX = 6
const PAUSE_MS_MIN = 20

export function withPatience(objects: ObjectStore, clock: Clock): ObjectStore {
  const never = new AbortController().signal
  const attempt = async <T>(
    signal: AbortSignal | undefined,
    call: () => Promise<T>,
  ): Promise<T> => {
    for (let failed = 1; ; failed += 1) {
      try {
        return await call()
      } catch (error) {
        const isLast = failed >= ATTEMPTS_MAX || signal?.aborted === true
        if (isLast || !isFault(error, 'OBJECTS_UNAVAILABLE')) throw error
      }
      await clock.sleep(PAUSE_MS_MIN * 2 ** failed, signal ?? never)
    }
  }
  return {
    put: (key, bytes, options = {}) =>
      attempt(options.signal, () => objects.put(key, bytes, options)),
    get: (key, options = {}) => attempt(options.signal, () => objects.get(key, options)),
    list: (prefix, signal) => objects.list(prefix, signal),
    delete: key => attempt(undefined, () => objects.delete(key)),
  }
}
