/**
 * Decompression, pulled: gzip and zstd, as streams of bytes. What was readable comes out before an
 * error does, and neither a second member (gzip) nor a second frame (zstd) is left out: `cat` of
 * two compressed files is one.
 */
import type { Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { KIB } from '../std/units.ts'

export type Compression = 'none' | 'gzip' | 'zstd'

const OUTPUT_BYTES = 256 * KIB
/** RFC 1952, section 2.3.1; RFC 8878, section 3.1.1, and skippable frames in 3.1.2. */
const GZIP_MAGIC = [0x1f, 0x8b]
const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd]

/** A decoder of node:zlib, which counts the bytes that it has used. */
type Decoder = Transform & { readonly bytesWritten: number }

export function detectCompression(head: Uint8Array): Compression {
  if (startsWith(head, GZIP_MAGIC)) return 'gzip'
  return startsWith(head, ZSTD_MAGIC) ? 'zstd' : 'none'
}

export function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte)
}

/** Decompresses chunks. Throws what the decoder throws: for bytes cut off, or damaged. */
export async function* decompress(
  input: AsyncIterable<Uint8Array>,
  compression: Compression,
): AsyncGenerator<Uint8Array> {
  if (compression === 'none') {
    yield* input
    return
  }
  const feed = createFeed(input)
  try {
    // One decoder reads all members of a gzip file, but a zstd decoder ends with its frame.
    do yield* decode(feed, openDecoder(compression))
    while (await feed.hasMore())
  } finally {
    await feed.close()
  }
}

function openDecoder(compression: 'gzip' | 'zstd'): Decoder {
  const options = { chunkSize: OUTPUT_BYTES }
  return compression === 'gzip' ? createGunzip(options) : createZstdDecompress(options)
}

/** Chunks of input of which the unused end can be given back. */
interface Feed {
  next(): Promise<Uint8Array | null>
  giveBack(rest: Uint8Array): void
  hasMore(): Promise<boolean>
  close(): Promise<void>
}

function createFeed(input: AsyncIterable<Uint8Array>): Feed {
  const iterator = input[Symbol.asyncIterator]()
  let held: Uint8Array | null = null
  const next = async (): Promise<Uint8Array | null> => {
    const chunk = held
    held = null
    if (chunk !== null) return chunk
    const result = await iterator.next()
    return result.done === true ? null : result.value
  }
  return {
    next,
    giveBack: rest => {
      held = rest.length === 0 ? null : rest
    },
    hasMore: async () => {
      held = await next()
      return held !== null
    },
    close: async () => {
      await iterator.return?.()
    },
  }
}

/**
 * One frame, or all members: then some input may be left unused. Output waits in the decoder, a
 * bounded amount, until it is pulled.
 */
async function* decode(feed: Feed, decoder: Decoder): AsyncGenerator<Uint8Array> {
  const progress = watch(decoder)
  let fedBytes = 0
  let last: Uint8Array = new Uint8Array(0)
  try {
    for (;;) {
      const output: unknown = decoder.read()
      if (output instanceof Uint8Array) yield output
      else if (progress.failure !== null) throw progress.failure
      else if (progress.isEnded) break
      else if (progress.isIdle && decoder.bytesWritten === fedBytes) {
        const chunk = await feed.next()
        fedBytes += chunk?.length ?? 0
        last = chunk ?? last
        progress.write(chunk)
      } else await progress.change()
    }
    feed.giveBack(last.subarray(last.length - (fedBytes - decoder.bytesWritten)))
  } finally {
    decoder.destroy()
  }
}

/** What a decoder tells by events, as state that can be asked for. */
interface Progress {
  readonly failure: Error | null
  readonly isEnded: boolean
  /** Whether what was written is used up. */
  readonly isIdle: boolean
  /** Writes a chunk; null is the end of the input. */
  write(chunk: Uint8Array | null): void
  /** Resolves at the next event, or at once if one came since the last call. */
  change(): Promise<void>
}

function watch(decoder: Decoder): Progress {
  let failure: Error | null = null
  let isEnded = false
  let isIdle = true
  let isChanged = false
  let wake = (): void => {}
  const note = (): void => {
    isChanged = true
    wake()
  }
  decoder.on('readable', note)
  decoder.on('end', () => {
    isEnded = true
    note()
  })
  decoder.on('error', error => {
    failure = error
    note()
  })
  return {
    get failure() {
      return failure
    },
    get isEnded() {
      return isEnded
    },
    get isIdle() {
      return isIdle
    },
    write: chunk => {
      isIdle = false
      if (chunk === null) decoder.end()
      else
        decoder.write(chunk, () => {
          isIdle = true
          note()
        })
    },
    change: async () => {
      if (!isChanged) await new Promise<void>(resolve => (wake = resolve))
      isChanged = false
    },
  }
}
