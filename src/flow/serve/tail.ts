/** The log as it grows, for people: each record with how it looks, from the newest few on. */
import type { TailRecord } from '../../api/contract.ts'
import type { EventLog } from '../../log/log.ts'
import type { Fetch, LogPosition } from '../../model/record.ts'
import { decodeRecords, readBatchHeader } from '../../model/record-batch.ts'
import { toMillisecondText } from '../../model/time.ts'
import type { ItemCheck } from '../../model/verdict.ts'
import { fromUtf8 } from '../../std/bytes.ts'
import { MIB } from '../../std/units.ts'

export interface TailOptions {
  readonly log: EventLog
  readonly check: (item: Uint8Array, nowMs: number) => ItemCheck
  /** Records of each partition to begin with, of those that the log holds already. */
  readonly backCount: number
  readonly signal: AbortSignal
}

const PULL_WAIT_MS = 500

/** Yields records until the signal aborts, an empty list now and then. */
export async function* tailLog(options: TailOptions): AsyncIterable<readonly TailRecord[]> {
  const { log, backCount, signal } = options
  const bounds = await log.bounds(signal)
  const positions = bounds.map(
    ({ topic, partition, offsetFirst, offsetEnd }): LogPosition => ({
      topic,
      partition,
      offset: Math.max(offsetFirst, offsetEnd - backCount),
    }),
  )
  const readOptions = { bytesMax: MIB, waitMsMax: PULL_WAIT_MS }
  for await (const fetches of log.read(positions, readOptions, signal)) {
    yield fetches.flatMap(fetch => toTailRecords(fetch, options.check))
  }
}

export function toTailRecords(fetch: Fetch, check: TailOptions['check']): readonly TailRecord[] {
  const { topic, partition, bytes } = fetch
  const records: TailRecord[] = []
  let at = 0
  let header = readBatchHeader(bytes, at)
  while (header !== null) {
    for (const { offset, value, arrivalMs } of decodeRecords(bytes, header)) {
      if (offset < fetch.offset) continue
      const { invalid } = check(value ?? new Uint8Array(), arrivalMs)
      const looks = invalid === null ? 'valid' : `${invalid.code} ${invalid.pointer}`.trimEnd()
      const arrival = toMillisecondText(Math.max(0, arrivalMs))
      const text = value === null ? '' : fromUtf8(value)
      records.push({ topic, partition, offset, arrival, looks, value: text })
    }
    at += header.byteLength
    header = readBatchHeader(bytes, at)
  }
  return records
}
