/** How many bytes the log holds and is about to hold, against the two bounds that refuse more. */
import { Fault } from '../std/fault.ts'
import { MIB, toSizeText } from '../std/units.ts'

/**
 * Appends that wait for the disk hold so many bytes at most, over all partitions: a second of a
 * disk that writes 64 MiB/s. One append alone may hold more.
 */
export const PENDING_BYTES_MAX: number = 64 * MIB

export interface Quota {
  /** What rests in the log changed by so many bytes. */
  add(bytes: number): void
  /** Takes room for an append; call the result when it has landed. Throws LOG_FULL. */
  reserve(bytesMax: number): () => void
}

export function createQuota(logBytesMax: number): Quota {
  let held = 0
  let pending = 0
  return {
    add: bytes => {
      held += bytes
    },
    reserve: bytesMax => {
      if (held + pending + bytesMax > logBytesMax) {
        throw new Fault(
          'LOG_FULL',
          `the log holds ${toSizeText(held)} and may hold ${toSizeText(logBytesMax)}; ` +
            'let its readers catch up, shorten its retention, or allow it more',
        )
      }
      if (pending > 0 && pending + bytesMax > PENDING_BYTES_MAX) {
        throw new Fault(
          'LOG_FULL',
          `${toSizeText(pending)} wait to be written already; send them again a little later`,
        )
      }
      pending += bytesMax
      return () => {
        pending -= bytesMax
      }
    },
  }
}
