/** An object store that notes what is asked of it, as asks of a role on a bucket. */
import type { ObjectStore } from '../../../src/model/object-store.ts'
import type { Role } from './policies.ts'
import { asks, deletes, lists, puts, reads } from './rights.ts'
import type { Ask } from './simulate.ts'

export interface RecordedAs {
  readonly role: Role
  /** ARN of a bucket. */
  readonly bucket: string
  /** Where the store is in it. */
  readonly folder: string
}

export interface Recording {
  readonly objects: ObjectStore
  /** Each once. */
  readonly asked: () => readonly Ask[]
}

export function recordObjects(objects: ObjectStore, as: RecordedAs): Recording {
  const { role, bucket, folder } = as
  const seen = new Map<string, Ask>()
  const note = (more: readonly Ask[]): void => {
    for (const ask of more) seen.set(`${ask.action} ${ask.resource} ${ask.context?.[PREFIX]}`, ask)
  }
  const at = (key: string): string => `${folder}/${key}`
  const recorded: ObjectStore = {
    put: async (key, bytes, options) => {
      note(puts(role, bucket, at(key)))
      return await objects.put(key, bytes, options)
    },
    get: async (key, options) => {
      const found = await objects.get(key, options)
      // That there is none is told only to who may list the key.
      const isThere = found !== null
      note(
        isThere ? asks(role, 's3:GetObject', `${bucket}/${at(key)}`) : reads(role, bucket, at(key)),
      )
      return found
    },
    list: (prefix, signal) => {
      note(lists(role, bucket, at(prefix)))
      return objects.list(prefix, signal)
    },
    delete: async key => {
      note(deletes(role, bucket, at(key)))
      await objects.delete(key)
    },
  }
  return { objects: recorded, asked: () => [...seen.values()] }
}

const PREFIX = 's3:prefix'
