/** Files of ids: whole reads and writes, durable names, and open descriptors within a bound. */
import { closeSync, openSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import { Fault } from '../../std/fault.ts'

/** Writes all of `bytes` at `position`. */
export async function writeWhole(
  file: FileHandle,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  let written = 0
  while (written < bytes.length) {
    const left = bytes.length - written
    written += (await file.write(bytes, written, left, position + written)).bytesWritten
  }
}

/** Fills all of `bytes` from `position` on. Throws STORE_UNAVAILABLE where the file ends before. */
export async function readWhole(
  file: FileHandle,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  let read = 0
  while (read < bytes.length) {
    const { bytesRead } = await file.read(bytes, read, bytes.length - read, position + read)
    if (bytesRead === 0) throw damaged('ends too early')
    read += bytesRead
  }
}

/** Makes names that were created or removed in a directory durable. */
export async function syncDirectory(directory: string): Promise<void> {
  await using handle = await open(directory)
  await handle.sync()
}

export function damaged(what: string, path?: string): Fault {
  const file = path === undefined ? 'a file of seen ids' : `file '${path}' of seen ids`
  return new Fault(
    'STORE_UNAVAILABLE',
    `${file} ${what}: the disk lost or changed it; restore the store's directory from a copy, ` +
      'or remove it whole to count again from the log',
  )
}

/** Descriptors for reading, the least used closed first. */
export interface Descriptors {
  /** Opens `path` unless it is open. The descriptor is good until the next call. */
  use(path: string): number
  /** Closes one. */
  forget(path: string): void
  close(): void
}

export function createDescriptors(openMax: number): Descriptors {
  const known = new Map<string, number>()
  const forget = (path: string): void => {
    const descriptor = known.get(path)
    if (descriptor !== undefined) closeSync(descriptor)
    known.delete(path)
  }
  return {
    use: path => {
      const descriptor = known.get(path) ?? openSync(path, 'r')
      known.delete(path)
      known.set(path, descriptor)
      const [oldest] = known.keys()
      if (known.size > openMax && oldest !== undefined) forget(oldest)
      return descriptor
    },
    forget,
    close: () => {
      for (const path of known.keys()) forget(path)
    },
  }
}
