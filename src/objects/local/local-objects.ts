/**
 * Objects in a directory, which several processes may share: a key is a path below it.
 *
 * A put writes a file apart, makes it durable, and gives it its name in one step: by renaming, or,
 * where there must be none, by a link, which one caller gets. So a reader sees a whole object, old
 * or new. What a crash leaves apart is no object, and is removed an hour later.
 */
import type { FileHandle } from 'node:fs/promises'
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type {
  GetOptions,
  ObjectEntry,
  ObjectStore,
  PutOptions,
  StoredObject,
} from '../../model/object-store.ts'
import { Fault, isFault, messageOf, systemCodeOf } from '../../std/fault.ts'
import { HOUR_MS } from '../../std/units.ts'
import { assertKey, assertPrefix, isSegment } from '../keys.ts'

export interface LocalObjectsOptions {
  /** Made at the first put if missing. */
  readonly directory: string
}

/** Where files are written before they have a name; `~` is in no key. */
const APART = '~apart'
/** Files apart that are older were left by a crash. */
const APART_MS_MAX: number = HOUR_MS

export function openLocalObjects({ directory }: LocalObjectsOptions): ObjectStore {
  const place = new Place(directory)
  const guard = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      throw toFault(error, `${what} in '${directory}'`)
    }
  }
  return {
    put: async (key, bytes, options = {}) => {
      assertKey(key)
      options.signal?.throwIfAborted()
      return guard(`writing object '${key}'`, () => place.put(key, bytes, options))
    },
    get: async (key, options = {}) => {
      assertKey(key)
      options.signal?.throwIfAborted()
      return guard(`reading object '${key}'`, () => place.get(key, options))
    },
    list: async function* (prefix, signal) {
      assertPrefix(prefix)
      const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1)
      const walk = place.walk(folder, prefix)
      for (;;) {
        signal?.throwIfAborted()
        const next = await guard(`listing objects '${prefix}'`, () => walk.next())
        if (next.done === true) return
        yield next.value
      }
    },
    delete: async key => {
      assertKey(key)
      await guard(`deleting object '${key}'`, () => place.delete(key))
    },
  }
}

class Place {
  readonly #root: string
  readonly #apart: string
  /** Made once, swept once. */
  #ready: Promise<void> | null = null
  #count = 0
  /** When the last put of this process was, by its file's own clock; in microseconds. */
  #lastMicros = 0

  constructor(root: string) {
    this.#root = root
    this.#apart = join(root, APART)
  }

  async put(key: string, bytes: Uint8Array, options: PutOptions): Promise<'stored' | 'exists'> {
    await this.#prepare()
    const path = join(this.#root, key)
    const apart = await this.#writeApart(bytes)
    try {
      await this.#makeFolder(dirname(path))
      if (options.ifAbsent === true) {
        if (!(await tryLink(apart, path))) return 'exists'
      } else {
        await rename(apart, path)
      }
      await syncDirectory(dirname(path))
      return 'stored'
    } finally {
      await rm(apart, { force: true })
    }
  }

  async get(key: string, options: GetOptions): Promise<StoredObject | 'unchanged' | null> {
    const file = await openIfAny(join(this.#root, key))
    if (file === null) return this.#absent()
    await using handle = file
    const found = await handle.stat({ bigint: true })
    if (!found.isFile()) return null
    const version = [found.ino, found.mtimeNs, found.size].map(part => part.toString(36)).join('-')
    if (options.unless === version) return 'unchanged'
    const size = Number(found.size)
    const { offset, length } = options.range ?? { offset: 0, length: size }
    const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)))
    await readWhole(handle, bytes, offset)
    return { bytes, version }
  }

  /** Objects below a folder ('' or ending in `/`) whose keys begin with `prefix`, by key. */
  async *walk(folder: string, prefix: string): AsyncGenerator<ObjectEntry, undefined> {
    const entries = await listIfAny(join(this.#root, folder))
    if (entries === null) {
      await this.#absent()
      return
    }
    // A folder stands where its keys do: `a.b` before `a/b`, since `.` is before `/`.
    const names = entries
      .filter(entry => isSegment(entry.name))
      .map(entry => (entry.isDirectory() ? `${entry.name}/` : entry.name))
      .toSorted((a, b) => (a < b ? -1 : 1))
    for (const name of names) {
      const key = `${folder}${name}`
      if (name.endsWith('/')) {
        if (key.startsWith(prefix) || prefix.startsWith(key)) yield* this.walk(key, prefix)
      } else if (key.startsWith(prefix)) {
        const sizeBytes = await sizeIfAny(join(this.#root, key))
        if (sizeBytes !== null) yield { key, sizeBytes }
      }
    }
  }

  async delete(key: string): Promise<void> {
    try {
      await rm(join(this.#root, key))
    } catch (error) {
      if (!isAbsence(error)) throw error
      await this.#absent()
    }
  }

  /** null, unless nothing can be there because the root is no directory. */
  async #absent(): Promise<null> {
    const root = await stat(this.#root).catch((error: unknown) => {
      if (systemCodeOf(error) === 'ENOENT') return null
      throw error
    })
    if (root !== null && !root.isDirectory()) {
      throw new Fault(
        'OBJECTS_UNAVAILABLE',
        `'${this.#root}' is a file; objects need a directory: name another, or remove the file`,
      )
    }
    return null
  }

  /** Writes a durable file without a name among objects, and gives its path. */
  async #writeApart(bytes: Uint8Array): Promise<string> {
    const [path, file] = await this.#openApart()
    await using handle = file
    await handle.writeFile(bytes)
    // A version tells inode, time and size. Inodes are used again, and the clock of a file system
    // may tick slowly: so each file is at least a microsecond younger than the one before.
    const { mtimeMs, atimeMs } = await handle.stat()
    this.#lastMicros = Math.max(Math.round(mtimeMs * 1_000), this.#lastMicros + 1)
    await handle.utimes(atimeMs / 1_000, this.#lastMicros / 1_000_000)
    await handle.sync()
    return path
  }

  async #openApart(): Promise<[string, FileHandle]> {
    for (;;) {
      this.#count += 1
      const path = join(this.#apart, `${process.pid}-${this.#count}`)
      try {
        return [path, await open(path, 'wx')]
      } catch (error) {
        // One that a process of the same number left, or writes on another machine.
        if (systemCodeOf(error) !== 'EEXIST') throw error
      }
    }
  }

  async #prepare(): Promise<void> {
    this.#ready ??= this.#sweep()
    try {
      await this.#ready
    } catch (error) {
      this.#ready = null
      throw error
    }
  }

  /** Removes what crashes left; its age is told by the file system's own clock. */
  async #sweep(): Promise<void> {
    await this.#makeFolder(this.#apart)
    const [path, file] = await this.#openApart()
    await file.close()
    const { mtimeMs: nowMs } = await stat(path)
    for (const name of await readdir(this.#apart)) {
      const left = join(this.#apart, name)
      const found = await stat(left).catch(() => null)
      if (found !== null && nowMs - found.mtimeMs > APART_MS_MAX) await rm(left, { force: true })
    }
    await rm(path, { force: true })
  }

  /** Makes a folder and those above it, with durable names. */
  async #makeFolder(path: string): Promise<void> {
    if (await tryMakeFolder(path)) return
    await this.#makeFolder(dirname(path))
    await mkdir(path).catch((error: unknown) => {
      if (systemCodeOf(error) !== 'EEXIST') throw error
    })
    await syncDirectory(dirname(path))
  }
}

/** false: there is no folder to make it in. */
async function tryMakeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path)
  } catch (error) {
    const code = systemCodeOf(error)
    if (code === 'EEXIST') return true
    if (code === 'ENOENT' && dirname(path) !== path) return false
    throw error
  }
  await syncDirectory(dirname(path))
  return true
}

/** false: there is one. */
async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error
    if ((await stat(to)).isFile()) return false
    throw error
  }
}

async function readWhole(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  let read = 0
  while (read < bytes.length) {
    const { bytesRead } = await file.read(bytes, read, bytes.length - read, offset + read)
    if (bytesRead === 0)
      throw new Fault('OBJECTS_UNAVAILABLE', 'an object was cut while it was read')
    read += bytesRead
  }
}

async function openIfAny(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if (isAbsence(error)) return null
    throw error
  }
}

async function listIfAny(
  path: string,
): Promise<readonly { readonly name: string; isDirectory(): boolean }[] | null> {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (error) {
    if (isAbsence(error)) return null
    throw error
  }
}

async function sizeIfAny(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (isAbsence(error)) return null
    throw error
  }
}

/** Makes the names in a directory durable. */
async function syncDirectory(path: string): Promise<void> {
  await using handle = await open(path, 'r')
  await handle.sync()
}

/** Nothing there; or an object stands where the key has a folder, or the other way round. */
function isAbsence(error: unknown): boolean {
  const code = systemCodeOf(error) ?? ''
  return ['ENOENT', 'ENOTDIR', 'EISDIR', 'ERR_FS_EISDIR'].includes(code)
}

function toFault(error: unknown, what: string): unknown {
  const code = systemCodeOf(error)
  if (isFault(error) || code === null) return error
  const remedy = REMEDIES[code] ?? 'see what the system says'
  const message = `${what} failed (${messageOf(error)}): ${remedy}`
  return new Fault('OBJECTS_UNAVAILABLE', message, { cause: error })
}

const REMEDIES: { readonly [code: string]: string } = {
  EACCES: 'give this user the right to read and write there',
  EPERM: 'give this user the right to read and write there',
  EROFS: 'the file system is read-only; mount it for writing, or name another directory',
  ENOSPC: 'the disk is full; free some space',
  EDQUOT: "the user's share of the disk is used up; free some space",
  EEXIST: 'a file stands where a folder must be, or a folder where a file must; remove it',
  ENOTDIR: 'a file stands where a folder must be; remove it, or name another directory',
  EISDIR: 'a folder stands where a file must be; remove it, or name another directory',
}
