/**
 * Compressed records become bytes: the four codecs of Kafka's record batches. lz4 comes in frames
 * (LZ4 frame format 1.6); snappy as one block, or in chunks as snappy-java writes them.
 */
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { lz4Decompress, snappyDecompress } from '@platformatic/wasm-utils'
import { concatBytes } from '../std/bytes.ts'
import { MIB } from '../std/units.ts'

/** By their number in a batch's attributes. */
export const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type Codec = (typeof CODECS)[number] | 'unknown'

/** Bytes that one batch may grow to: brokers take batches of 1 MiB, and events compress 50-fold. */
const INFLATED_BYTES_MAX = 128 * MIB

/** Throws an Error of any kind for what is no data of the codec, or grows beyond 128 MiB. */
export function inflate(bytes: Uint8Array, codec: Codec): Uint8Array {
  switch (codec) {
    case 'none':
      return bytes
    case 'gzip':
      return gunzipSync(bytes, { maxOutputLength: INFLATED_BYTES_MAX })
    case 'zstd':
      return zstdDecompressSync(bytes, { maxOutputLength: INFLATED_BYTES_MAX })
    case 'lz4':
      return assertSize(lz4Decompress(toBuffer(bytes)))
    case 'snappy':
      return assertSize(inflateSnappy(bytes))
    default:
      throw new Error(`codec ${codec} is not known`)
  }
}

/** Before the chunks of snappy-java stand this, a version and the least version to read it with. */
const CHUNKED = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]
const CHUNKED_HEADER_BYTES = 16

function inflateSnappy(bytes: Uint8Array): Uint8Array {
  if (!CHUNKED.every((byte, index) => bytes[index] === byte)) return inflateBlock(bytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const chunks: Uint8Array[] = []
  let size = 0
  for (let at = CHUNKED_HEADER_BYTES; at < bytes.length; ) {
    const end = at + 4 + view.getUint32(at)
    if (end > bytes.length) throw new Error('a chunk is cut')
    const chunk = inflateBlock(bytes.subarray(at + 4, end))
    size += chunk.length
    if (size > INFLATED_BYTES_MAX) throw new Error('it grows too large')
    chunks.push(chunk)
    at = end
  }
  return concatBytes(chunks)
}

/** A block begins with its inflated length, an unsigned varint. */
function inflateBlock(block: Uint8Array): Uint8Array {
  let size = 0
  for (let index = 0; index < 5; index += 1) {
    const byte = block[index] ?? 0
    size += (byte & 0x7f) * 128 ** index
    if (byte < 0x80) break
  }
  if (size > INFLATED_BYTES_MAX) throw new Error('it grows too large')
  return snappyDecompress(toBuffer(block))
}

function assertSize(bytes: Uint8Array): Uint8Array {
  if (bytes.length > INFLATED_BYTES_MAX) throw new Error('it grows too large')
  return bytes
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
