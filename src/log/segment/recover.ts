/**
 * Opening a partition's files: what is whole, what a crash tore, what is damaged.
 *
 * A batch is written only after the one before it is durable, and a segment is begun only after the
 * one before it is whole. So a crash can tear the last batch of the last segment and nothing else:
 * that one was never acknowledged, and is cut off. A bad batch with an intact one behind it was
 * damaged later; cutting there would lose acknowledged records, so the log does not open.
 */
import { type FileHandle, open, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import {
  BATCH_HEADER_BYTES,
  type BatchHeader,
  isBatchIntact,
  peekBatchHeader,
  readBatchHeader,
} from '../../model/record-batch.ts'
import { present } from '../../std/assert.ts'
import { Fault } from '../../std/fault.ts'
import { createVarintReader } from '../../std/varint.ts'
import { parseSegmentName, syncDirectory } from './files.ts'
import { createSegment, noteBatch, type Segment } from './segment.ts'
import { readFully, walkBatches } from './walk.ts'

/** What a crash left of the last batch, now cut off. */
export interface TornTail {
  readonly path: string
  /** Where the file ends now, and how many bytes were behind that. */
  readonly position: number
  readonly sizeBytes: number
}

export interface Recovered {
  /** Oldest first; none for a partition that never had a record. */
  readonly segments: Segment[]
  readonly offsetEnd: number
  /** Arrival of the last record; -1: none is held. */
  readonly arrivalLastMs: number
  readonly torn: TornTail | null
}

/** Reads a partition's directory, and cuts a torn tail. Throws LOG_CORRUPT, naming the place. */
export async function recoverPartition(directory: string): Promise<Recovered> {
  const segments = await listSegments(directory)
  const last = segments.at(-1)
  if (last === undefined) return { segments, offsetEnd: 0, arrivalLastMs: -1, torn: null }
  let tail = await recoverTail(last)
  const { torn } = tail
  if (last.sizeBytes === 0 && segments.length > 1) {
    // A crash came between beginning this segment and its first batch: the one before goes on.
    tail = await recoverWhole(segments, last.baseOffset)
    await unlink(last.path)
  }
  await syncDirectory(directory)
  for (const segment of segments.slice(0, -1)) await readBegin(segment)
  return { ...tail, segments, torn }
}

async function listSegments(directory: string): Promise<Segment[]> {
  const segments: Segment[] = []
  for (const name of await readdir(directory)) {
    const baseOffset = parseSegmentName(name)
    if (baseOffset !== null) segments.push(createSegment(join(directory, name), baseOffset))
  }
  return segments.sort((left, right) => left.baseOffset - right.baseOffset)
}

type Tail = Omit<Recovered, 'segments'>

/** Scans the last segment, and cuts what a crash tore. */
async function recoverTail(segment: Segment): Promise<Tail> {
  await using file = await open(segment.path, 'r+')
  const { size } = await file.stat()
  const { offsetEnd, arrivalLastMs } = await scan(file, segment, size)
  const torn = segment.sizeBytes === size ? null : await cutTail(file, segment, offsetEnd)
  // A killed process may have left a whole batch that was never fsynced: from now on it is read.
  await file.datasync()
  return { offsetEnd, arrivalLastMs, torn }
}

async function cutTail(file: FileHandle, segment: Segment, offsetEnd: number): Promise<TornTail> {
  const { path, sizeBytes: position } = segment
  const { size } = await file.stat()
  const rest = await readFully(file, Buffer.allocUnsafe(size - position), position)
  if (isDamaged(rest, offsetEnd)) throw corruptAt(path, position)
  await file.truncate(position)
  return { path, position, sizeBytes: size - position }
}

/** Drops the last segment from the list, and scans the one before, which must end there. */
async function recoverWhole(segments: Segment[], offsetEnd: number): Promise<Tail> {
  segments.pop()
  const segment = present(segments.at(-1), 'the segment before the last')
  await using file = await open(segment.path, 'r')
  const { size } = await file.stat()
  const tail = await scan(file, segment, size)
  if (segment.sizeBytes < size || tail.offsetEnd !== offsetEnd) {
    throw corruptAt(segment.path, segment.sizeBytes)
  }
  return { ...tail, torn: null }
}

/** Walks over the intact batches of a file, and notes in the segment what they are. */
async function scan(
  file: FileHandle,
  segment: Segment,
  size: number,
): Promise<{ readonly offsetEnd: number; readonly arrivalLastMs: number }> {
  let offsetEnd = segment.baseOffset
  let arrivalLastMs = -1
  segment.sizeBytes = await walkBatches(file, { start: 0, end: size }, (header, position) => {
    if (header.baseOffset !== offsetEnd) return false
    noteBatch(segment, header.baseOffset, position)
    segment.arrivalFirstMs ??= header.maxTimestamp
    offsetEnd = header.lastOffset + 1
    arrivalLastMs = header.maxTimestamp
    return true
  })
  return { offsetEnd, arrivalLastMs }
}

/** The Fault for bytes in a segment that are not the intact batch that should be there. */
export function corruptAt(path: string, position: number): Fault {
  return new Fault(
    'LOG_CORRUPT',
    `${path} is damaged at byte ${position}: there is no intact record batch; restore the file ` +
      'from a copy, or move the directory of its partition away to go on without its records',
  )
}

/** Whether a rest that begins with a bad batch is more than one torn write. */
function isDamaged(rest: Uint8Array, offset: number): boolean {
  // The base offset is not under the CRC: an intact batch that does not belong here is damage too.
  if (isIntactAt(rest, 0, 0)) return true
  const header = peekBatchHeader(rest, 0)
  const isOurs = header?.baseOffset === offset && header.codec === 'none'
  if (header === null || !isOurs) return hasIntactBatch(rest, { start: 1, offsetMin: offset })
  if (isIntactAt(rest, header.byteLength, offset)) return true
  return hasIntactBatch(rest, { start: reachOf(rest, header), offsetMin: offset })
}

function isIntactAt(bytes: Uint8Array, at: number, offsetMin: number): boolean {
  const header = readBatchHeader(bytes, at)
  return header !== null && header.baseOffset >= offsetMin && isBatchIntact(bytes, at, header)
}

function hasIntactBatch(
  bytes: Uint8Array,
  { start, offsetMin }: { readonly start: number; readonly offsetMin: number },
): boolean {
  for (let at = start; at + BATCH_HEADER_BYTES <= bytes.length; at += 1) {
    if (isIntactAt(bytes, at, offsetMin)) return true
  }
  return false
}

/**
 * How far the records of a bad batch reach by their own lengths. Nothing within them is taken for a
 * batch that follows: a visitor may well send the bytes of one.
 */
function reachOf(bytes: Uint8Array, header: BatchHeader): number {
  const reader = createVarintReader(bytes, header.recordsStart, bytes.length)
  for (let index = 0; index < header.recordCount; index += 1) {
    const start = reader.at
    const size = reader.varint()
    const bodyStart = reader.at
    if (size === null) return bodyStart === bytes.length ? bodyStart : start
    if (bodyStart + size > bytes.length) return bytes.length
    const looksRight =
      reader.take(1)?.[0] === 0 && reader.varint() === 0 && reader.varint() === index
    if (!looksRight) return start
    if (reader.take(bodyStart + size - reader.at) === null) return start
  }
  return reader.at
}

/** An older segment is whole; its first header tells whether it is what its name says. */
async function readBegin(segment: Segment): Promise<void> {
  await using file = await open(segment.path, 'r')
  segment.sizeBytes = (await file.stat()).size
  const head = await readFully(file, Buffer.allocUnsafe(BATCH_HEADER_BYTES), 0)
  const header = peekBatchHeader(head, 0)
  if (header?.baseOffset !== segment.baseOffset) throw corruptAt(segment.path, 0)
  segment.arrivalFirstMs = header.maxTimestamp
}
