/**
 * Batches are compressed off the main thread where Node can do so; small ones are left as they are.
 */
import { promisify } from 'node:util'
import { constants, gzip, zstdCompress } from 'node:zlib'
import { lz4Compress, snappyCompress } from '@platformatic/wasm-utils'
import type { KafkaCodec } from '../../model/kafka.ts'
import { unreachable } from '../../std/assert.ts'
import { KIB } from '../../std/units.ts'

const gzipBytes = promisify(gzip)
const zstdBytes = promisify(zstdCompress)

/** A few events: compressing them would cost more than it saves. */
const COMPRESSED_BYTES_MIN = KIB
/** The quickest level: events shrink to a fifth with it. */
const ZSTD_LEVEL = 1

/** The records of a batch, compressed; null where they are better left as they are. */
export async function compress(records: Uint8Array, codec: KafkaCodec): Promise<Uint8Array | null> {
  if (codec === 'none' || records.length < COMPRESSED_BYTES_MIN) return null
  const body = await compressAll(records, codec)
  return body.length < records.length ? body : null
}

async function compressAll(
  records: Uint8Array,
  codec: Exclude<KafkaCodec, 'none'>,
): Promise<Uint8Array> {
  const buffer = Buffer.from(records.buffer, records.byteOffset, records.byteLength)
  switch (codec) {
    case 'gzip':
      return gzipBytes(buffer, { level: constants.Z_BEST_SPEED })
    case 'zstd':
      return zstdBytes(buffer, { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } })
    case 'lz4':
      return lz4Compress(buffer)
    case 'snappy':
      return snappyCompress(buffer)
    default:
      return unreachable(codec)
  }
}
