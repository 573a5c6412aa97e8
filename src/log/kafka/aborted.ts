/**
 * Leaving out what aborted transactions wrote (KIP-98): such records stay in the partition, and the
 * broker tells from which offset on a producer's are void. They are so up to the control batch that
 * ends the transaction.
 */
import { BATCH_HEADER_BYTES, readBatchHeader } from '../../model/record-batch.ts'
import type { AbortedTransaction } from './wire/fetch.ts'

export interface Committed {
  /** Whole batches back to back, without those of aborted transactions. */
  readonly bytes: Uint8Array
  /** Records left out, those below the offset asked for not counted. */
  readonly abortedCount: number
  /** One past the last offset, left out or not. */
  readonly offsetNext: number
}

const PRODUCER_ID_AT = 43

/** The batches of a fetch that began at `offset`; what is cut at its end waits for the next. */
export function keepCommitted(
  bytes: Uint8Array,
  offset: number,
  aborted: readonly AbortedTransaction[],
): Committed {
  const pending = aborted.toSorted((left, right) => left.offsetFirst - right.offsetFirst)
  const voidProducers = new Set<bigint>()
  const kept: Uint8Array[] = []
  let abortedCount = 0
  let offsetNext = offset
  let at = 0
  let keptFrom = 0
  for (let header = readBatchHeader(bytes, at); header !== null; ) {
    while ((pending[0]?.offsetFirst ?? Number.POSITIVE_INFINITY) <= header.lastOffset) {
      voidProducers.add(pending.shift()?.producerId ?? -1n)
    }
    const producerId = aborted.length === 0 ? -1n : producerOf(bytes, at)
    const end = at + header.byteLength
    if (header.isControl) voidProducers.delete(producerId)
    else if (header.isTransactional && voidProducers.has(producerId)) {
      kept.push(bytes.subarray(keptFrom, at))
      keptFrom = end
      abortedCount += header.lastOffset + 1 - Math.max(header.baseOffset, offset)
    }
    offsetNext = header.lastOffset + 1
    at = end
    header = readBatchHeader(bytes, at)
  }
  const last = bytes.subarray(keptFrom, at)
  return { bytes: kept.length === 0 ? last : join([...kept, last]), abortedCount, offsetNext }
}

function producerOf(bytes: Uint8Array, at: number): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, BATCH_HEADER_BYTES)
  return view.getBigInt64(PRODUCER_ID_AT)
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts)
}
