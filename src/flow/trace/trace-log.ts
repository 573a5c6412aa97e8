/**
 * An event's copies in the log. There is no index of ids: the records that arrived within a range
 * are looked through, up to a bound. Where a partition's range begins is found by halving, since
 * arrivals ascend; and a batch is decoded only where its bytes may hold the id.
 */
import type { EventLog } from '../../log/log.ts'
import type { LogPosition, PartitionBounds } from '../../model/record.ts'
import type { BatchHeader, DecodedRecord } from '../../model/record-batch.ts'
import { decodeRecords, readBatchHeader } from '../../model/record-batch.ts'
import type { ItemCheck } from '../../model/verdict.ts'
import { toUtf8 } from '../../std/bytes.ts'
import { MIB } from '../../std/units.ts'

export interface SearchOptions {
  readonly log: EventLog
  readonly check: (item: Uint8Array, nowMs: number) => ItemCheck
  readonly eventId: string
  /** Arrivals: `fromMs ≤ arrival < toMs`. */
  readonly fromMs: number
  readonly toMs: number
  readonly bytesMax: number
  /** Whether a partition may hold it. */
  readonly isPossible: (place: { readonly topic: string; readonly partition: number }) => boolean
  readonly signal: AbortSignal
}

export interface LogCopy {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly arrivalMs: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array
  readonly check: ItemCheck
}

export interface LogSearch {
  readonly copies: readonly LogCopy[]
  /** Bytes that were looked through. */
  readonly bytes: number
  /** Whether a bound ended it before the range did. */
  readonly isCut: boolean
  readonly bounds: readonly PartitionBounds[]
  /** Partitions, as `topic partition`, of which the log may have held more of the range. */
  readonly shortened: ReadonlySet<string>
}

/** Copies of one event at most. */
const COPIES_MAX = 100
const PULL_BYTES: number = 4 * MIB
const WAIT_MS_MAX = 300

export async function searchLog(options: SearchOptions): Promise<LogSearch> {
  const { log, signal, bytesMax } = options
  const bounds = (await log.bounds(signal)).filter(options.isPossible)
  const starts = await findStarts(options, bounds)
  const ends = new Map(bounds.map(bound => [toName(bound), bound.offsetEnd]))
  const open = new Set(starts.map(toName))
  const copies: LogCopy[] = []
  const shortened = new Set(
    bounds
      .filter(bound => bound.offsetFirst > 0)
      .filter(bound => isAtFirst(bound, starts))
      .map(toName),
  )
  let bytes = 0
  let isCut = false
  const readOptions = { bytesMax: PULL_BYTES, waitMsMax: WAIT_MS_MAX }
  if (open.size > 0) {
    for await (const fetches of log.read(starts, readOptions, signal)) {
      for (const fetch of fetches) {
        const name = toName(fetch)
        if (!open.has(name)) continue
        bytes += fetch.bytes.length
        const isPast = searchBatches(fetch, options, copies)
        if (isPast || fetch.offsetNext >= (ends.get(name) ?? 0)) open.delete(name)
      }
      isCut = bytes >= bytesMax || copies.length >= COPIES_MAX
      if (open.size === 0 || isCut || fetches.length === 0) break
    }
  }
  return { copies, bytes, isCut: isCut && open.size > 0, bounds, shortened }
}

function isAtFirst(bound: PartitionBounds, starts: readonly LogPosition[]): boolean {
  const start = starts.find(one => toName(one) === toName(bound))
  return start === undefined || start.offset === bound.offsetFirst
}

/** Adds what is found; true: the range ends within these batches. */
function searchBatches(
  { topic, partition, bytes, offset }: LogPosition & { readonly bytes: Uint8Array },
  { check, eventId, fromMs, toMs }: SearchOptions,
  copies: LogCopy[],
): boolean {
  const needle = Buffer.from(toUtf8(eventId))
  let at = 0
  let header = readBatchHeader(bytes, at)
  while (header !== null) {
    if (isAppended(header) && header.maxTimestamp >= toMs) return true
    const batch = Buffer.from(bytes.buffer, bytes.byteOffset + at, header.byteLength)
    if (mayHold(header, batch, needle)) {
      for (const record of decodeRecords(bytes, header)) {
        if (record.offset < offset || !isMeant(record, fromMs, toMs)) continue
        const found = checkRecord(record, { check, eventId, needle })
        if (found !== null && copies.length < COPIES_MAX) {
          copies.push({ topic, partition, ...found })
        }
      }
    }
    at += header.byteLength
    header = readBatchHeader(bytes, at)
  }
  return false
}

const BACKSLASH = 0x5c

/** An id stands there as it is, or with an escape; of compressed records nothing can be said. */
function mayHold(header: BatchHeader, batch: Buffer, needle: Buffer): boolean {
  if (header.isControl) return false
  return header.codec !== 'none' || mayBe(batch, needle)
}

function mayBe(bytes: Buffer, needle: Buffer): boolean {
  return bytes.includes(needle) || bytes.includes(BACKSLASH)
}

function isAppended({ timestampType }: BatchHeader): boolean {
  return timestampType === 'log-append'
}

function isMeant({ arrivalMs }: DecodedRecord, fromMs: number, toMs: number): boolean {
  return arrivalMs < 0 || (arrivalMs >= fromMs && arrivalMs < toMs)
}

interface Sought extends Pick<SearchOptions, 'check' | 'eventId'> {
  readonly needle: Buffer
}

function checkRecord(
  { offset, arrivalMs, key, value }: DecodedRecord,
  { check, eventId, needle }: Sought,
): Omit<LogCopy, 'topic' | 'partition'> | null {
  if (value === null) return null
  if (!mayBe(Buffer.from(value.buffer, value.byteOffset, value.length), needle)) return null
  const checked = check(value, arrivalMs)
  if (checked.eventId !== eventId) return null
  // The bytes are the log's until the next pull.
  const copy = { key: key === null ? null : key.slice(), value: value.slice() }
  return { offset, arrivalMs, ...copy, check: checked }
}

/** Records that are sooner read than halved. */
const NEAR_ENOUGH = 1_000

/** Of each partition a place at, or shortly before, the first record of the range. */
async function findStarts(
  { log, fromMs, signal }: SearchOptions,
  bounds: readonly PartitionBounds[],
): Promise<readonly LogPosition[]> {
  const spans = bounds
    .filter(bound => bound.offsetFirst < bound.offsetEnd)
    .map(({ topic, partition, offsetFirst, offsetEnd }) => {
      return { topic, partition, low: offsetFirst, high: offsetEnd, end: offsetEnd }
    })
  for (;;) {
    const wide = spans.filter(span => span.high - span.low > NEAR_ENOUGH)
    if (wide.length === 0) break
    const positions = wide.map(({ topic, partition, low, high }) => {
      return { topic, partition, offset: Math.floor((low + high) / 2) }
    })
    const heads = await readHeads(log, positions, signal)
    for (const [at, span] of wide.entries()) {
      const middle = positions[at]?.offset ?? span.low
      const head = heads.get(toName(span))
      if (head !== undefined && head.maxTimestamp < fromMs) span.low = head.lastOffset + 1
      else span.high = middle
    }
  }
  return spans
    .filter(span => span.low < span.end)
    .map(({ topic, partition, low }) => ({ topic, partition, offset: low }))
}

/** The batches at these positions; without those that do not come in time. */
async function readHeads(
  log: EventLog,
  positions: readonly LogPosition[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, BatchHeader>> {
  const heads = new Map<string, BatchHeader>()
  // A byte: one batch comes at a time.
  const options = { bytesMax: 1, waitMsMax: WAIT_MS_MAX }
  for await (const fetches of log.read(positions, options, signal)) {
    for (const fetch of fetches) {
      const header = readBatchHeader(fetch.bytes, 0)
      if (header !== null && !heads.has(toName(fetch))) heads.set(toName(fetch), header)
    }
    if (fetches.length === 0 || heads.size === positions.length) break
  }
  return heads
}

function toName(place: { readonly topic: string; readonly partition: number }): string {
  return `${place.topic} ${place.partition}`
}
