/** What the parts of the contract's suite share: settings, records to append, ways to read. */
import type { Fetch, LogPosition, NewRecord } from '../../model/record.ts'
import { type DecodedRecord, decodeRecords, readBatchHeader } from '../../model/record-batch.ts'
import { fromUtf8, toUtf8 } from '../../std/bytes.ts'
import { type Clock, createSystemClock } from '../../std/clock.ts'
import { KIB, MIB } from '../../std/units.ts'
import type { EventLog, ReadOptions } from '../log.ts'

export interface LogSettings {
  readonly topics: readonly string[]
  readonly partitions: number
  readonly clock: Clock
  readonly segmentBytes: number
  readonly retentionBytes: number | null
  readonly retentionMs: number | null
  readonly logBytesMax: number
}

/** Opens a log that the running test closes in the end. */
export type Open = (settings?: Partial<LogSettings>) => Promise<EventLog>

const TOPICS = ['orders', 'views']
const PARTITIONS = 3
export const NEVER: AbortSignal = new AbortController().signal
export const READ: ReadOptions = { bytesMax: MIB, waitMsMax: 5 }
/** For pulls that an append is to end: far longer than a test may take. */
export const WAIT_LONG: ReadOptions = { bytesMax: MIB, waitMsMax: 60_000 }

export const SETTINGS: LogSettings = {
  topics: TOPICS,
  partitions: PARTITIONS,
  clock: createSystemClock(),
  segmentBytes: 64 * KIB,
  retentionBytes: null,
  retentionMs: null,
  logBytesMax: 64 * MIB,
}

export function toRecord(value: string, more: Partial<NewRecord> = {}): NewRecord {
  const key = toUtf8('u1')
  return { topic: 'orders', partition: 0, key, headers: [], ...more, value: toUtf8(value) }
}

/** The records of a fetch from its offset on. */
export function recordsOf(fetch: Fetch): readonly DecodedRecord[] {
  const records: DecodedRecord[] = []
  for (let at = 0; at < fetch.bytes.length; ) {
    const header = readBatchHeader(fetch.bytes, at)
    if (header === null) throw new Error(`no batch at ${at}`)
    records.push(...decodeRecords(fetch.bytes, header))
    at += header.byteLength
  }
  return records.filter(record => record.offset >= fetch.offset)
}

export function textOf(record: DecodedRecord): string {
  return fromUtf8(record.value ?? new Uint8Array(0))
}

/** Values of a partition from an offset to its present end, as text. */
export async function readTexts(
  log: EventLog,
  { topic = 'orders', partition = 0, offset = 0 }: Partial<LogPosition> = {},
  options: ReadOptions = READ,
): Promise<readonly string[]> {
  const texts: string[] = []
  for await (const fetches of log.read([{ topic, partition, offset }], options, NEVER)) {
    if (fetches.length === 0) break
    for (const fetch of fetches) texts.push(...recordsOf(fetch).map(textOf))
  }
  return texts
}

/** The first pull of a reader, which is then closed. */
export async function pullOnce(
  log: EventLog,
  positions: Parameters<EventLog['read']>[0],
  options: ReadOptions,
): Promise<readonly Fetch[]> {
  for await (const fetches of log.read(positions, options, NEVER)) return fetches
  throw new Error('the reader ended')
}

/** So many records of one partition, each with a value of its own. */
export function numbered(count: number, more: Partial<NewRecord> = {}): readonly NewRecord[] {
  return Array.from({ length: count }, (_, index) =>
    toRecord(`${more.partition ?? 0}:${index}`, more),
  )
}
