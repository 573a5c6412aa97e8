/** What is wrong with a results place, said the same everywhere. */
import { Fault, isFault, messageOf } from '../../std/fault.ts'
import type { OwnedShard } from './keys.ts'

export function corrupt(key: string, what: string, cause?: unknown): Fault {
  const message =
    `object '${key}' of the results place ${what}: restore it from a copy, or name another place ` +
    'to count again from the log'
  return new Fault('STORE_CORRUPT', message, cause === undefined ? {} : { cause })
}

/** A manifest names it, and it is not there. */
export function missing(key: string): Fault {
  return new Fault(
    'STORE_UNAVAILABLE',
    `object '${key}' of the results place is named by a manifest, and is not there; ` +
      'read the newest manifest, and if it is missing still, restore it from a copy',
  )
}

export function fenced({ shard, epoch }: OwnedShard): Fault {
  return new Fault(
    'EPOCH_FENCED',
    `shard ${shard} was taken over from epoch ${epoch} by another worker; ` +
      'nothing more of it is written here',
  )
}

/** An error before anything changed, as a fault of the store; our own mistakes stay as they are. */
export function unchanged(what: string, error: unknown): unknown {
  if (!isFault(error, 'OBJECTS_UNAVAILABLE')) return error
  const message = `${what}, and nothing changed: ${messageOf(error)}`
  return new Fault('STORE_UNAVAILABLE', message, { cause: error })
}
