/** Walks over the batches of a segment's file, checking each against its CRC. */
import type { FileHandle } from 'node:fs/promises'
import {
  type BatchHeader,
  isBatchIntact,
  peekBatchHeader,
  readBatchHeader,
} from '../../model/record-batch.ts'
import { KIB } from '../../std/units.ts'

/** What is read at once; a larger batch is read whole. */
const WINDOW_BYTES: number = 256 * KIB

export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** Tells of an intact batch; false stops the walk in front of it. */
export type Visit = (header: BatchHeader, position: number) => boolean

/** Visits the intact batches of the range, in order; gives the position where it ended. */
export async function walkBatches(
  file: FileHandle,
  range: ByteRange,
  visit: Visit,
): Promise<number> {
  let position = range.start
  // One for the whole walk: what is thrown away at each step stays with the process for long.
  let space = Buffer.allocUnsafe(Math.min(WINDOW_BYTES, range.end - range.start))
  while (position < range.end) {
    const size = Math.min(space.length, range.end - position)
    const window = await readFully(file, space.subarray(0, size), position)
    const walked = visitWindow(window, position, visit)
    position += walked.size
    if (walked.isStopped) return position
    if (walked.size > 0) continue
    const head = peekBatchHeader(window, 0)
    if (head === null || head.byteLength <= size || position + head.byteLength > range.end) break
    space = Buffer.allocUnsafe(head.byteLength)
  }
  return position
}

function visitWindow(
  window: Uint8Array,
  position: number,
  visit: Visit,
): { readonly size: number; readonly isStopped: boolean } {
  let at = 0
  for (;;) {
    const header = readBatchHeader(window, at)
    if (header === null) return { size: at, isStopped: false }
    if (!isBatchIntact(window, at, header) || !visit(header, position + at)) {
      return { size: at, isStopped: true }
    }
    at += header.byteLength
  }
}

/** Fills `target` from the file's position on; gives the part that the file had bytes for. */
export async function readFully<T extends Uint8Array>(
  file: FileHandle,
  target: T,
  position: number,
): Promise<Uint8Array> {
  let size = 0
  while (size < target.length) {
    const { bytesRead } = await file.read(target, size, target.length - size, position + size)
    if (bytesRead === 0) break
    size += bytesRead
  }
  return target.subarray(0, size)
}
