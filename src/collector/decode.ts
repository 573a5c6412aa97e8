/**
 * Content-Encoding: what a compressed body says, within a bound of memory whatever it claims to
 * hold. Only a few bodies are decompressed at once; the others wait as they came.
 */
import { promisify } from 'node:util'
import { brotliDecompress, constants, gunzip, inflate, zstdDecompress } from 'node:zlib'
import { messageOf, systemCodeOf } from '../std/fault.ts'
import { KIB } from '../std/units.ts'

export type Decoded =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'damaged'; readonly why: string }

/** Decompresses a body of one of ENCODINGS. */
export type Decode = (bytes: Uint8Array, encoding: string) => Promise<Decoded>

export const ENCODINGS: readonly string[] = ['gzip', 'x-gzip', 'deflate', 'br', 'zstd']

const CONCURRENT_COUNT_MAX = 4
const CHUNK_BYTES = 64 * KIB
/** A frame may ask for 128 MiB of window; 8 MiB is what RFC 9659 allows over HTTP. */
const ZSTD_WINDOW_LOG_MAX = 23

const gunzipAsync = promisify(gunzip)
const inflateAsync = promisify(inflate)
const brotliAsync = promisify(brotliDecompress)
const zstdAsync = promisify(zstdDecompress)

/** `bytesMax` bounds what one body may decompress to. */
export function createDecode(bytesMax: number): Decode {
  const enter = createGate(CONCURRENT_COUNT_MAX)
  return async (bytes, encoding) => {
    const leave = await enter()
    try {
      return { kind: 'bytes', bytes: await decompress(bytes, encoding, bytesMax) }
    } catch (error) {
      const isTooLarge = systemCodeOf(error) === 'ERR_BUFFER_TOO_LARGE'
      return isTooLarge ? { kind: 'too_large' } : { kind: 'damaged', why: messageOf(error) }
    } finally {
      leave()
    }
  }
}

function decompress(bytes: Uint8Array, encoding: string, bytesMax: number): Promise<Uint8Array> {
  const options = { maxOutputLength: bytesMax, chunkSize: CHUNK_BYTES }
  switch (encoding) {
    case 'deflate':
      return inflateAsync(bytes, options)
    case 'br':
      return brotliAsync(bytes, options)
    case 'zstd': {
      const params = { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX }
      return zstdAsync(bytes, { ...options, params })
    }
    default:
      return gunzipAsync(bytes, options)
  }
}

/** Lets `countMax` in at once, in order; who is let in gets the function that lets the next in. */
function createGate(countMax: number): () => Promise<() => void> {
  const waiting: (() => void)[] = []
  let insideCount = 0
  const leave = (): void => {
    const next = waiting.shift()
    if (next === undefined) insideCount -= 1
    else next()
  }
  return async () => {
    if (insideCount < countMax) insideCount += 1
    else await new Promise<void>(resolve => waiting.push(resolve))
    return leave
  }
}
