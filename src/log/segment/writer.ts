/**
 * Writes a partition's batches: one at a time, each durable before the next is begun, into the
 * active segment, or into a new one where that would become too large.
 */
import { constants, type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { NewRecord } from '../../model/record.ts'
import { encodeRecordBatch } from '../../model/record-batch.ts'
import { assert, present } from '../../std/assert.ts'
import type { Clock } from '../../std/clock.ts'
import { isDiskFull, syncDirectory, toSegmentPath } from './files.ts'
import type { Recovered } from './recover.ts'
import { createSegment, noteBatch, type Segment } from './segment.ts'

/** Named places where the kill test ends the process. */
export type CrashPoint =
  | 'append.before'
  | 'append.after'
  | 'fsync.before'
  | 'fsync.after'
  | 'roll.before'
  | 'roll.after'

export interface WriterOptions {
  /** Of the partition; made when the first batch is written. */
  readonly directory: string
  readonly segmentBytes: number
  readonly clock: Clock
  readonly crash: (point: CrashPoint) => void
}

export interface Writer {
  /** Oldest first; the last one is written to. Retention takes from the front. */
  readonly segments: Segment[]
  /** One past the last durable record. */
  readonly offsetEnd: number
  /**
   * Resolves when the records are durable, as one batch. Calls do not overlap. After any error but
   * a HarmlessWriteError nothing may be written until the partition is opened again: what a failed
   * fsync left on the disk is not known, and a second fsync would not tell.
   */
  write(records: readonly NewRecord[]): Promise<Written>
  close(): Promise<void>
}

export interface Written {
  readonly baseOffset: number
  readonly arrivalMs: number
  readonly sizeBytes: number
}

/** The file is as it was before the write that threw this, so that writing can go on. */
export class HarmlessWriteError extends Error {
  override readonly name = 'HarmlessWriteError'
}

export function createWriter(recovered: Recovered, options: WriterOptions): Writer {
  const { segments } = recovered
  const { clock, crash } = options
  let { offsetEnd, arrivalLastMs } = recovered
  let file: FileHandle | null = null

  const fileFor = async (sizeBytes: number): Promise<FileHandle> => {
    const active = segments.at(-1)
    const isFull =
      active !== undefined &&
      active.sizeBytes > 0 &&
      active.sizeBytes + sizeBytes > options.segmentBytes
    if (active !== undefined && !isFull) {
      file ??= await openFile(active.path, 'r+')
      return file
    }
    if (isFull) crash('roll.before')
    const path = toSegmentPath(options.directory, offsetEnd)
    const next = await beginSegment(path)
    segments.push(createSegment(path, offsetEnd))
    const ended = file
    file = next
    await ended?.close()
    if (isFull) crash('roll.after')
    return next
  }

  const write = async (records: readonly NewRecord[]): Promise<Written> => {
    const baseOffset = offsetEnd
    // The clock may jump back; arrivals do not.
    const arrivalMs = Math.max(clock.now(), arrivalLastMs)
    const bytes = encodeRecordBatch({ baseOffset, arrivalMs, records })
    const target = await fileFor(bytes.length)
    const segment = present(segments.at(-1), 'the active segment')
    crash('append.before')
    await writeOrUndo(target, bytes, segment.sizeBytes)
    crash('append.after')
    crash('fsync.before')
    await target.datasync()
    crash('fsync.after')
    noteBatch(segment, baseOffset, segment.sizeBytes)
    segment.arrivalFirstMs ??= arrivalMs
    segment.sizeBytes += bytes.length
    offsetEnd += records.length
    arrivalLastMs = arrivalMs
    return { baseOffset, arrivalMs, sizeBytes: bytes.length }
  }

  return {
    segments,
    get offsetEnd() {
      return offsetEnd
    },
    write,
    close: async () => {
      await file?.close()
      file = null
    },
  }
}

/** Makes a segment's file, and its directory where there is none, durably. */
async function beginSegment(path: string): Promise<FileHandle> {
  const directory = dirname(path)
  await makeDirectory(directory)
  const file = await openFile(path, constants.O_RDWR | constants.O_CREAT)
  try {
    assert((await file.stat()).size === 0, `${path} is new`)
    await syncDirectory(dirname(directory))
    await syncDirectory(directory)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch(toHarmless)
}

async function openFile(path: string, flags: string | number): Promise<FileHandle> {
  return await open(path, flags).catch(toHarmless)
}

function toHarmless(cause: unknown): never {
  throw new HarmlessWriteError('nothing is written yet', { cause })
}

async function writeOrUndo(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  try {
    await writeFully(file, bytes, position)
  } catch (cause) {
    if (!isDiskFull(cause)) throw cause
    await file.truncate(position)
    throw new HarmlessWriteError('what was written is cut off', { cause })
  }
}

async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let size = 0
  while (size < bytes.length) {
    const { bytesWritten } = await file.write(bytes, size, bytes.length - size, position + size)
    size += bytesWritten
  }
}
