/** The batches of a fetch: checked against their CRC-32C, and their records decompressed. */
import { inflate } from '../../model/inflate.ts'
import type { Fetch } from '../../model/record.ts'
import type { BatchHeader } from '../../model/record-batch.ts'
import { BATCH_HEADER_BYTES, isBatchIntact, readBatchHeader } from '../../model/record-batch.ts'
import { Fault, messageOf } from '../../std/fault.ts'

export interface Batch {
  readonly header: BatchHeader
  /** The records, decompressed; a view into the fetch where they were not compressed. */
  readonly records: Uint8Array
}

/** A record takes at least: length, attributes, two deltas, key and value lengths, header count. */
const RECORD_BYTES_MIN = 7

/** All batches of a fetch, back to back. Throws LOG_CORRUPT; `place` names them in its message. */
export function readBatches({ bytes, isVerified }: Fetch, place: string): readonly Batch[] {
  const batches: Batch[] = []
  for (let at = 0; at < bytes.length; ) {
    const header = readBatchHeader(bytes, at)
    if (header === null) throw toCorrupt(place, `has no record batch of version 2 at byte ${at}`)
    if (!isVerified && !isBatchIntact(bytes, at, header)) {
      throw toCorrupt(place, `fails its checksum in the batch at offset ${header.baseOffset}`)
    }
    const end = at + header.byteLength
    const records = inflateBatch(bytes.subarray(at + BATCH_HEADER_BYTES, end), header, place)
    if (header.recordCount * RECORD_BYTES_MIN > records.length) {
      throw toCorrupt(place, `has ${header.recordCount} records in ${records.length} bytes`)
    }
    batches.push({ header, records })
    at = end
  }
  return batches
}

function inflateBatch(bytes: Uint8Array, { codec }: BatchHeader, place: string): Uint8Array {
  if (codec === 'none') return bytes
  try {
    return inflate(bytes, codec)
  } catch (cause) {
    throw toCorrupt(place, `has ${codec} data that cannot be read: ${messageOf(cause)}`, cause)
  }
}

/** LOG_CORRUPT at a place such as `purchase/3`. */
export function toCorrupt(place: string, what: string, cause?: unknown): Fault {
  return new Fault('LOG_CORRUPT', `the log at ${place} ${what}`, { cause })
}
