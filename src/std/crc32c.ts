/** CRC-32C (Castagnoli), as in RFC 3720, appendix B.4: what Kafka's record batches carry. */
import { crc32c as crc32cOf } from '@node-rs/crc32'

/** The checksum of bytes[start..end), as an unsigned 32-bit integer. */
export function crc32c(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  return crc32cOf(bytes.subarray(start, end))
}
