/** A log in memory, for tests: the same behaviour as on disk, but for surviving. */
import type { Fetch, NewRecord, PartitionBounds } from '../../model/record.ts'
import { encodeRecordBatch } from '../../model/record-batch.ts'
import type { Clock } from '../../std/clock.ts'
import { MIB } from '../../std/units.ts'
import { createBatchPlan } from '../batching.ts'
import { type Bell, createBell } from '../bell.ts'
import type { EventLog } from '../log.ts'
import {
  assertOffsetInRange,
  type Cursor,
  createPartitionTable,
  type Landing,
  type Partition,
} from '../partition.ts'
import { createPartitionedLog } from '../partitioned-log.ts'
import { createQuota, type Quota } from '../quota.ts'
import { planRetention, type SegmentFacts } from '../retention.ts'

/** As those of the segment log, where what they bound is memory. */
export interface MemoryLogOptions {
  readonly topics: readonly string[]
  readonly partitions: number
  readonly clock: Clock
  readonly segmentBytes?: number
  readonly retentionBytes?: number | null
  readonly retentionMs?: number | null
  readonly logBytesMax?: number
}

const SEGMENT_BYTES: number = MIB

export async function openMemoryLog(options: MemoryLogOptions): Promise<EventLog> {
  const bell = createBell(options.clock)
  const quota = createQuota(options.logBytesMax ?? Number.POSITIVE_INFINITY)
  const partitions = createPartitionTable(options, (topic, partition) =>
    createMemoryPartition({ topic, partition }, { options, quota, bell }),
  )
  return createPartitionedLog({ partitions, quota, bell })
}

interface Batch {
  readonly baseOffset: number
  readonly offsetNext: number
  readonly bytes: Uint8Array
}

/** What retention drops at once. */
interface Segment extends SegmentFacts {
  sizeBytes: number
  readonly batches: Batch[]
}

interface Context {
  readonly options: MemoryLogOptions
  readonly quota: Quota
  readonly bell: Bell
}

function createMemoryPartition(
  place: { readonly topic: string; readonly partition: number },
  { options, quota, bell }: Context,
): Partition {
  const segments: Segment[] = []
  let offsetEnd = 0
  let arrivalLastMs = -1
  let released = 0

  const bounds = (): PartitionBounds => ({
    ...place,
    offsetFirst: segments[0]?.baseOffset ?? 0,
    offsetEnd,
    sizeBytes: segments.reduce((sum, segment) => sum + segment.sizeBytes, 0),
    retentionMs: null,
  })

  const write = (records: readonly NewRecord[]): void => {
    arrivalLastMs = Math.max(options.clock.now(), arrivalLastMs)
    const baseOffset = offsetEnd
    const bytes = encodeRecordBatch({ baseOffset, arrivalMs: arrivalLastMs, records })
    const last = segments.at(-1)
    const sizeBytesMax = options.segmentBytes ?? SEGMENT_BYTES
    const hasRoom = last !== undefined && last.sizeBytes + bytes.length <= sizeBytesMax
    const segment = hasRoom
      ? last
      : { baseOffset, sizeBytes: 0, arrivalFirstMs: arrivalLastMs, batches: [] }
    if (segment !== last) segments.push(segment)
    offsetEnd += records.length
    segment.batches.push({ baseOffset, offsetNext: offsetEnd, bytes })
    segment.sizeBytes += bytes.length
    quota.add(bytes.length)
  }

  const append = async (records: readonly NewRecord[]): Promise<Landing> => {
    const places: Landing['places'][number][] = []
    for (let start = 0; start < records.length; ) {
      const plan = createBatchPlan()
      start = plan.fill(records, start)
      const baseOffset = offsetEnd
      write(plan.records)
      plan.records.forEach((_, index) => {
        places.push({ ...place, offset: baseOffset + index, arrivalMs: arrivalLastMs })
      })
    }
    trim()
    bell.ring()
    return { places, error: null }
  }

  const trim = (): void => {
    const { retentionBytes = null, retentionMs = null } = options
    const facts = { released, nowMs: options.clock.now() }
    const count = planRetention(segments, { retentionBytes, retentionMs }, facts)
    for (const { sizeBytes } of segments.splice(0, count)) quota.add(-sizeBytes)
  }

  return {
    refusal: null,
    append,
    bounds,
    cursorAt: offset => createMemoryCursor({ segments, bounds }, offset),
    release: offset => {
      released = Math.max(released, offset)
      trim()
    },
    close: async () => {},
  }
}

function createMemoryCursor(
  partition: { readonly segments: readonly Segment[]; bounds(): PartitionBounds },
  start: number,
): Cursor {
  let offset = start
  return {
    get hasMore() {
      const { offsetFirst, offsetEnd } = partition.bounds()
      return offset < offsetEnd || offset < offsetFirst
    },
    get recordsLeft() {
      return partition.bounds().offsetEnd - offset
    },
    assertInRange: () => assertOffsetInRange(offset, partition.bounds()),
    take: async ({ bytesMax, firstBytesMax }, arena): Promise<Fetch | null> => {
      const { sizeBytes: _sizeBytes, retentionMs: _retentionMs, ...bounds } = partition.bounds()
      assertOffsetInRange(offset, partition.bounds())
      const batches = partition.segments.flatMap(segment => segment.batches)
      const run: Batch[] = []
      let size = 0
      for (const batch of batches.slice(batches.findIndex(found => found.offsetNext > offset))) {
        const limit = run.length === 0 ? firstBytesMax : bytesMax
        if (size + batch.bytes.length > limit) break
        run.push(batch)
        size += batch.bytes.length
      }
      const last = run.at(-1)
      if (last === undefined) return null
      const bytes = arena.allocate(size)
      let at = 0
      for (const batch of run) {
        bytes.set(batch.bytes, at)
        at += batch.bytes.length
      }
      const { offsetNext } = last
      const fetch = { ...bounds, offset, offsetNext, abortedCount: 0, isVerified: false, bytes }
      offset = offsetNext
      return fetch
    },
    close: async () => {},
  }
}
