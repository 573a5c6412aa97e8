/**
 * One partition on disk. Group commit: the records that arrive while a batch is being written and
 * fsynced form the next one.
 */
import { unlink } from 'node:fs/promises'
import type { Appended, NewRecord, PartitionBounds } from '../../model/record.ts'
import type { Clock } from '../../std/clock.ts'
import { Fault, systemCodeOf } from '../../std/fault.ts'
import { createBatchPlan } from '../batching.ts'
import type { Bell } from '../bell.ts'
import type { Landing, Partition } from '../partition.ts'
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

/** Records of one call that wait for the disk. */
interface Waiting {
  readonly records: readonly NewRecord[]
  /** How many of them are durable, and where. */
  readonly places: Appended[]
  readonly settle: (landing: Landing) => void
}

/** Which of the waiting records go into the batch: of this call so many, from the first left on. */
interface Share {
  readonly waiting: Waiting
  readonly count: number
}

/** The partition owns the writer, and closes it. */
export function createSegmentPartition(writer: Writer, context: PartitionContext): Partition {
  const { topic, partition, quota, bell } = context
  const queue: Waiting[] = []
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
    return { topic, partition, offsetFirst, offsetEnd: writer.offsetEnd, sizeBytes }
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
    while (queue.length > 0) {
      const { records, shares } = gather(queue)
      const written = await write(records)
      if ('error' in written) {
        queue.splice(0, shares.length)
        for (const { waiting } of shares)
          waiting.settle({ places: waiting.places, error: written.error })
        continue
      }
      resize(written.sizeBytes)
      land(shares, written, { topic, partition })
      // All of them are whole, but perhaps the last.
      queue.splice(0, shares.filter(({ waiting }) => isLanded(waiting)).length)
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
    append: records =>
      new Promise(settle => {
        queue.push({ records, places: [], settle })
        if (isWriting) return
        isWriting = true
        writing = writeQueue()
      }),
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

/** The next batch: as many of the waiting records as fit, in order. */
function gather(queue: readonly Waiting[]): {
  readonly records: readonly NewRecord[]
  readonly shares: readonly Share[]
} {
  const plan = createBatchPlan()
  const shares: Share[] = []
  for (const waiting of queue) {
    const start = waiting.places.length
    const end = plan.fill(waiting.records, start)
    if (end > start) shares.push({ waiting, count: end - start })
    if (end < waiting.records.length) break
  }
  return { records: plan.records, shares }
}

/** Tells every call where its records of the batch rest. */
function land(
  shares: readonly Share[],
  { baseOffset, arrivalMs }: Written,
  { topic, partition }: Pick<PartitionContext, 'topic' | 'partition'>,
): void {
  let offset = baseOffset
  for (const { waiting, count } of shares) {
    const { places, settle } = waiting
    for (let left = count; left > 0; left -= 1) {
      places.push({ topic, partition, offset, arrivalMs })
      offset += 1
    }
    if (isLanded(waiting)) settle({ places, error: null })
  }
}

function isLanded({ records, places }: Waiting): boolean {
  return places.length === records.length
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
