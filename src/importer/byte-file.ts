/** A file as bytes from an offset on, whether it is compressed or not. */
import type { Stats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { open, stat } from 'node:fs/promises'
import { Fault, isFault, messageOf, systemCodeOf } from '../std/fault.ts'
import { KIB } from '../std/units.ts'
import type { Compression } from './decompress.ts'
import { decompress, detectCompression } from './decompress.ts'

/** How much of a file its format is told from. */
export const HEAD_BYTES: number = 64 * KIB
const CHUNK_BYTES = 256 * KIB

export interface ByteFile extends AsyncDisposable {
  readonly path: string
  readonly compression: Compression
  /** The first bytes, uncompressed; HEAD_BYTES, or the whole of a smaller file. */
  readonly head: Buffer
  readonly sizeBytes: number
  /** How far the reader is in the file, as it lies on disk; for progress bars. */
  readonly bytesRead: number
  /**
   * The bytes from an (uncompressed) offset on, in chunks that are valid until the next pull.
   * Throws FILE_UNREADABLE, after all that could be read, for a file that is damaged, cut off or
   * too short.
   */
  chunks(from: number): AsyncGenerator<Uint8Array>
}

/** Opens a file. Throws FILE_UNREADABLE, with what to do. */
export async function openByteFile(path: string): Promise<ByteFile> {
  const handle = await openHandle(path)
  try {
    const sizeBytes = await measure(handle, path)
    let bytesRead = 0
    const rawFrom = (position: number): AsyncGenerator<Uint8Array> =>
      readRaw(handle, position, offset => {
        bytesRead = offset
      })
    const compression = detectCompression(await readHead(rawFrom(0)))
    const chunks = (from: number): AsyncGenerator<Uint8Array> =>
      explainErrors(path, compression, readFrom(rawFrom, { path, compression, sizeBytes }, from))
    return {
      path,
      compression,
      head: await readHead(chunks(0)),
      sizeBytes,
      get bytesRead() {
        return bytesRead
      },
      chunks,
      [Symbol.asyncDispose]: () => handle.close(),
    }
  } catch (error) {
    await handle.close()
    throw toUnreadable(path, 'none', error)
  }
}

async function openHandle(path: string): Promise<FileHandle> {
  try {
    // A pipe would keep waiting for who writes.
    assertFile(await stat(path), path)
    return await open(path, 'r')
  } catch (error) {
    throw toUnreadable(path, 'none', error)
  }
}

async function measure(handle: FileHandle, path: string): Promise<number> {
  const stats = await handle.stat()
  assertFile(stats, path)
  return stats.size
}

function assertFile(stats: Stats, path: string): void {
  if (stats.isFile()) return
  const what = stats.isDirectory() ? 'a directory; name one of its files' : 'not a regular file'
  throw new Fault('FILE_UNREADABLE', `cannot import ${path}: it is ${what}`)
}

async function* readRaw(
  handle: FileHandle,
  position: number,
  onRead: (offset: number) => void,
): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  let offset = position
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, offset)
    if (bytesRead === 0) return
    offset += bytesRead
    onRead(offset)
    yield buffer.subarray(0, bytesRead)
  }
}

async function* readFrom(
  rawFrom: (position: number) => AsyncGenerator<Uint8Array>,
  { path, compression, sizeBytes }: Pick<ByteFile, 'path' | 'compression' | 'sizeBytes'>,
  from: number,
): AsyncGenerator<Uint8Array> {
  if (compression === 'none') {
    if (from > sizeBytes) throw tooShort(path)
    yield* rawFrom(from)
    return
  }
  let skip = from
  for await (const chunk of decompress(rawFrom(0), compression)) {
    if (chunk.length > skip) yield chunk.subarray(skip)
    skip = Math.max(0, skip - chunk.length)
  }
  if (skip > 0) throw tooShort(path)
}

function tooShort(path: string): Fault {
  const why = 'it ends before the place where its import stopped; it is not the file that it was'
  return new Fault('FILE_UNREADABLE', `cannot import ${path}: ${why}`)
}

/** The first HEAD_BYTES of chunks; what is wrong behind them is found again by who reads on. */
async function readHead(chunks: AsyncGenerator<Uint8Array>): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of chunks) {
      parts.push(Buffer.from(chunk))
      size += chunk.length
      if (size >= HEAD_BYTES) break
    }
  } catch (error) {
    if (size === 0) throw error
  }
  return Buffer.concat(parts).subarray(0, HEAD_BYTES)
}

async function* explainErrors(
  path: string,
  compression: Compression,
  chunks: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks
  } catch (error) {
    throw toUnreadable(path, compression, error)
  }
}

/** What the system and the decoders throw, explained; anything else is not of the file. */
function toUnreadable(path: string, compression: Compression, cause: unknown): unknown {
  const code = systemCodeOf(cause)
  if (code === null || isFault(cause)) return cause
  const why = reasonOf(compression, code) ?? messageOf(cause)
  return new Fault('FILE_UNREADABLE', `cannot import ${path}: ${why}`, { cause })
}

function reasonOf(compression: Compression, code: string): string | null {
  const isOfDecoder = compression !== 'none' && /^Z(STD)?_/.test(code)
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'there is no such file; check the path'
    case 'EACCES':
    case 'EPERM':
      return 'it may not be read; check its permissions'
    case 'Z_BUF_ERROR':
      return `its ${compression} data is cut off; what came before is imported; fetch it again`
    default:
      return isOfDecoder
        ? `its ${compression} data is damaged; what came before is imported; fetch it again`
        : null
  }
}
