/**
 * One partition on disk. Group commit: the records that arrive while a batch is being written and
 * fsynced form the next one.
 */
import { unlink } from 'node:fs/promises'
import type { NewRecord, PartitionBounds } from '../../model/record.ts'
import type { Clock } from '../../std/clock.ts'
import { Fault, systemCodeOf } from '../../std/fault.ts'
import type { Bell } from '../bell.ts'
import type { Partition } from '../partition.ts'
import { createAppendQueue } from '../queue.ts'
import type { Quota } from '../quota.ts'
import { planRetention, type Retention } from '../retention.ts'
import { createCursor } from './cursor.ts'
import { toLogFault } from './files.ts'
import { HarmlessWriteError, type Writer, type Written } from './writer.ts'

export interface PartitionContext {
  readonly topic: string
  readonly partition: number
  readonly clock: Clock
  readonly retention: Retention
  readonly quota: Quota
  readonly bell: Bell
}

/** The partition owns the writer, and closes it. */
export function createSegmentPartition(writer: Writer, context: PartitionContext): Partition {
  const { topic, partition, quota, bell } = context
  const queue = createAppendQueue({ topic, partition })
  let refusal: Fault | null = null
  let sizeBytes = writer.segments.reduce((sum, segment) => sum + segment.sizeBytes, 0)
  let released = 0
  let isWriting = false
  let writing: Promise<void> | null = null
  let trimming: Promise<void> | null = null
  quota.add(sizeBytes)

  const resize = (bytes: number): void => {
    sizeBytes += bytes
    quota.add(bytes)
  }

  const bounds = (): PartitionBounds => {
    const offsetFirst = writer.segments[0]?.baseOffset ?? 0
    const { offsetEnd } = writer
    return { topic, partition, offsetFirst, offsetEnd, sizeBytes, retentionMs: null }
  }

  const write = async (
    records: readonly NewRecord[],
  ): Promise<Written | { readonly error: unknown }> => {
    if (refusal !== null) return { error: refusal }
    try {
      return await writer.write(records)
    } catch (error) {
      if (error instanceof HarmlessWriteError) {
        return { error: toLogFault(error.cause, `writing ${topic}-${partition}`) }
      }
      refusal = toRefusal(error, context)
      // What the system did not raise is ours, and told as it is.
      return { error: systemCodeOf(error) === null ? error : refusal }
    }
  }

  const writeQueue = async (): Promise<void> => {
    while (!queue.isEmpty) {
      const batch = queue.gather()
      const written = await write(batch.records)
      if ('error' in written) {
        batch.fail(written.error)
        continue
      }
      resize(written.sizeBytes)
      batch.land(written)
      bell.ring()
      trim()
    }
    isWriting = false
  }

  const trim = (): void => {
    const facts = { released, nowMs: context.clock.now() }
    const count = planRetention(writer.segments, context.retention, facts)
    if (count === 0) return
    trimming ??= deleteOldest(writer, count, resize).finally(() => {
      trimming = null
    })
  }

  return {
    get refusal() {
      return refusal
    },
    append: records => {
      const landing = queue.add(records)
      if (!isWriting) {
        isWriting = true
        writing = writeQueue()
      }
      return landing
    },
    bounds,
    cursorAt: offset => createCursor({ segments: writer.segments, bounds }, offset),
    release: offset => {
      released = Math.max(released, offset)
      trim()
    },
    close: async () => {
      await writing
      await trimming
      await writer.close()
    },
  }
}

function toRefusal(cause: unknown, { topic, partition }: PartitionContext): Fault {
  return new Fault(
    'LOG_UNAVAILABLE',
    `${topic}-${partition} takes no records since a write failed; look after the disk, ` +
      'then start weir again',
    { cause },
  )
}

/**
 * Deletes segments from the oldest on. One that cannot be deleted stays, and is tried again at the
 * next release; the limit of the log's size holds meanwhile.
 */
async function deleteOldest(
  { segments }: Writer,
  count: number,
  resize: (bytes: number) => void,
): Promise<void> {
  for (let left = count; left > 0; left -= 1) {
    const oldest = segments[0]
    if (oldest === undefined || !(await tryDelete(oldest.path))) return
    segments.shift()
    resize(-oldest.sizeBytes)
  }
}

/** Whether the file is gone. */
async function tryDelete(path: string): Promise<boolean> {
  try {
    await unlink(path)
    return true
  } catch (error) {
    return systemCodeOf(error) === 'ENOENT'
  }
}
