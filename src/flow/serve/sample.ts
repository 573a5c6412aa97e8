/**
 * A sample of the log as it grows, for people who watch: of each second the newest records, however
 * many came. What it costs does not depend on how many come, since only the ends of partitions are
 * read.
 */
import type { TailRecord } from '../../api/contract.ts'
import type { EventLog } from '../../log/log.ts'
import type { LogPosition } from '../../model/record.ts'
import type { ItemCheck } from '../../model/verdict.ts'
import type { Clock } from '../../std/clock.ts'
import { SECOND_MS } from '../../std/units.ts'
import { toTailRecords } from './tail.ts'

export interface SampleOptions {
  readonly log: EventLog
  readonly check: (item: Uint8Array, nowMs: number) => ItemCheck
  readonly clock: Clock
  /** Only of these topics. */
  readonly isMeant: (topic: string) => boolean
  readonly signal: AbortSignal
}

export interface Sample {
  readonly records: readonly TailRecord[]
  readonly skipped: number
}

const SAMPLE_MS: number = SECOND_MS
/** What is told a second. */
export const SAMPLE_RECORDS_MAX = 20
/** What is read of a partition in a second. */
const OF_PARTITION_MAX = 5
const WAIT_MS_MAX = 300

/** Yields every second until the signal aborts; at first the newest that there are. */
export async function* sampleLog(options: SampleOptions): AsyncIterable<Sample> {
  const { log, clock, isMeant, signal } = options
  const seen = new Map<string, number>()
  while (!signal.aborted) {
    const bounds = (await log.bounds(signal)).filter(bound => isMeant(bound.topic))
    const grown = bounds.flatMap(({ topic, partition, offsetFirst, offsetEnd }) => {
      const known = seen.get(`${topic} ${partition}`) ?? offsetEnd - OF_PARTITION_MAX
      const least = Math.max(offsetFirst, known)
      const offset = Math.max(least, offsetEnd - OF_PARTITION_MAX)
      seen.set(`${topic} ${partition}`, offsetEnd)
      return offset < offsetEnd ? [{ topic, partition, offset, count: offsetEnd - least }] : []
    })
    const records = grown.length === 0 ? [] : await readEnds(options, grown)
    const newest = records
      .toSorted((a, b) => (a.arrival < b.arrival ? -1 : a.arrival > b.arrival ? 1 : 0))
      .slice(-SAMPLE_RECORDS_MAX)
    const count = grown.reduce((sum, one) => sum + one.count, 0)
    yield { records: newest, skipped: Math.max(0, count - newest.length) }
    await clock.sleep(SAMPLE_MS, signal)
  }
}

async function readEnds(
  { log, check, signal }: SampleOptions,
  positions: readonly LogPosition[],
): Promise<readonly TailRecord[]> {
  const records: TailRecord[] = []
  const open = new Set(positions.map(({ topic, partition }) => `${topic} ${partition}`))
  // A byte: one batch comes at a time.
  const options = { bytesMax: 1, waitMsMax: WAIT_MS_MAX }
  for await (const fetches of log.read(positions, options, signal)) {
    for (const fetch of fetches) {
      const name = `${fetch.topic} ${fetch.partition}`
      if (!open.has(name)) continue
      records.push(...toTailRecords(fetch, check))
      if (fetch.offsetNext >= fetch.offsetEnd) open.delete(name)
    }
    const isEnough = records.length >= positions.length * 2 * OF_PARTITION_MAX
    if (fetches.length === 0 || open.size === 0 || isEnough) break
  }
  return records
}
