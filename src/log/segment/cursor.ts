/** One reader's place in one partition's segments, with the file that it has open. */
import { type FileHandle, open } from 'node:fs/promises'
import type { Fetch, PartitionBounds } from '../../model/record.ts'
import {
  BATCH_HEADER_BYTES,
  isBatchIntact,
  peekBatchHeader,
  readBatchHeader,
} from '../../model/record-batch.ts'
import { present } from '../../std/assert.ts'
import { systemCodeOf } from '../../std/fault.ts'
import type { Arena } from '../arena.ts'
import { assertOffsetInRange, type Cursor, type TakeLimits } from '../partition.ts'
import { toLogFault } from './files.ts'
import { corruptAt } from './recover.ts'
import { noteBatch, positionBefore, type Segment } from './segment.ts'
import { readFully, walkBatches } from './walk.ts'

/** The partition as its readers see it. */
export interface Readable {
  readonly segments: readonly Segment[]
  bounds(): PartitionBounds
}

/** A place in an open segment, in front of a batch or at the end. */
interface Place {
  readonly segment: Segment
  readonly file: FileHandle
  position: number
  /** Of the batch there; 0: not known yet. */
  batchBytes: number
}

export function createCursor(partition: Readable, start: number): Cursor {
  let offset = start
  let place: Place | null = null

  const close = async (): Promise<void> => {
    const closing = place
    place = null
    await closing?.file.close()
  }

  /** The place of the next batch; at the end of a segment, that is in the next one. */
  const settle = async (): Promise<Place> => {
    if (place !== null && place.position < place.segment.sizeBytes) return place
    await close()
    const segment = segmentOf(partition.segments, offset)
    const file = await open(segment.path, 'r')
    place = { segment, file, position: 0, batchBytes: 0 }
    place.position = await locate(place, offset)
    return place
  }

  const take = async (limits: TakeLimits, arena: Arena): Promise<Fetch | null> => {
    assertOffsetInRange(offset, partition.bounds())
    try {
      const at = await settle()
      const bytes = await readBatches(at, limits, arena)
      if (bytes === null) return null
      const run = cutRun(at, bytes, offset)
      arena.giveBack(bytes.length - run.bytes.length)
      at.position += run.bytes.length
      at.batchBytes = peekBatchHeader(bytes, run.bytes.length)?.byteLength ?? 0
      const { sizeBytes: _sizeBytes, retentionMs: _retentionMs, ...bounds } = partition.bounds()
      const fetch = { ...bounds, offset, abortedCount: 0, isVerified: true, ...run }
      offset = run.offsetNext
      return fetch
    } catch (error) {
      // Retention may have taken the segment meanwhile: then the offset is out of range.
      if (systemCodeOf(error) === 'ENOENT') assertOffsetInRange(offset, partition.bounds())
      const { topic, partition: number } = partition.bounds()
      throw toLogFault(error, `reading ${topic}-${number}`)
    }
  }

  return {
    get hasMore() {
      const { offsetFirst, offsetEnd } = partition.bounds()
      return offset < offsetEnd || offset < offsetFirst
    },
    get recordsLeft() {
      return partition.bounds().offsetEnd - offset
    },
    assertInRange: () => assertOffsetInRange(offset, partition.bounds()),
    take,
    close,
  }
}

/** The segment that holds `offset`, or should; there is one at or below it. */
function segmentOf(segments: readonly Segment[], offset: number): Segment {
  const segment = segments.findLast(({ baseOffset }) => baseOffset <= offset)
  return present(segment, 'the segment of an offset in range')
}

/** The position of the batch that holds `offset`. */
async function locate({ segment, file }: Place, offset: number): Promise<number> {
  let isFound = false
  const range = { start: positionBefore(segment, offset), end: segment.sizeBytes }
  const position = await walkBatches(file, range, (header, at) => {
    noteBatch(segment, header.baseOffset, at)
    isFound = header.lastOffset >= offset
    return !isFound
  })
  if (!isFound) throw corruptAt(segment.path, position)
  return position
}

/**
 * At least the first batch, and more within the limits; the last one may be cut. null: the first
 * does not fit them, which is remembered, so that it is not read in vain again and again.
 */
async function readBatches(
  place: Place,
  limits: TakeLimits,
  arena: Arena,
): Promise<Uint8Array | null> {
  const { segment, file, position, batchBytes } = place
  if (batchBytes > Math.max(limits.firstBytesMax, limits.bytesMax)) return null
  const available = segment.sizeBytes - position
  const size = Math.min(available, Math.max(limits.bytesMax, batchBytes, BATCH_HEADER_BYTES))
  const bytes = await readFully(file, arena.allocate(size), position)
  const head = peekBatchHeader(bytes, 0)
  if (head === null || head.byteLength > available) throw corruptAt(segment.path, position)
  if (head.byteLength <= bytes.length) return bytes
  arena.giveBack(size)
  place.batchBytes = head.byteLength
  return await readBatches(place, limits, arena)
}

/** The whole batches at the start of `bytes`, each intact and behind the one before. */
function cutRun(
  { segment, position }: Place,
  bytes: Uint8Array,
  offset: number,
): Pick<Fetch, 'bytes' | 'offsetNext'> {
  let at = 0
  let offsetNext = offset
  for (;;) {
    const header = readBatchHeader(bytes, at)
    if (header === null) break
    const isNext = at === 0 ? header.baseOffset <= offset : header.baseOffset === offsetNext
    const isRight = isNext && header.lastOffset >= offsetNext && isBatchIntact(bytes, at, header)
    if (!isRight) {
      if (at > 0) break
      throw corruptAt(segment.path, position)
    }
    offsetNext = header.lastOffset + 1
    at += header.byteLength
  }
  if (at === 0) throw corruptAt(segment.path, position)
  return { bytes: bytes.subarray(0, at), offsetNext }
}
