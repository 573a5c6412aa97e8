/**
 * The archive end to end: the events in the embedded log, on disk, to Parquet files in a directory,
 * all of them accepted. Run as `node bench/lake.ts FILE DIRECTORY`, after
 * `node bench/digest.ts fill FILE`; the lake stays in the directory, as `lake`.
 */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { openLake } from '../src/lake/lake.ts'
import { openSegmentLog } from '../src/log/segment/segment-log.ts'
import { topicsOf } from '../src/model/catalog.ts'
import { openLocalObjects } from '../src/objects/local/local-objects.ts'
import { createSystemClock } from '../src/std/clock.ts'
import { GIB, MIB } from '../src/std/units.ts'
import { PARTITIONS } from './events.ts'
import { tell } from './measure.ts'
import { benchCatalog } from './shop.ts'

export interface LakeMeasured {
  readonly events: number
  readonly cpuSeconds: number
  readonly seconds: number
  readonly lakeBytes: number
  readonly jsonBytes: number
  readonly fileCount: number
  readonly rssMib: number
}

const { signal } = new AbortController()
const READ = { bytesMax: MIB, waitMsMax: 100 }

async function measureLake(file: string, directory: string): Promise<LakeMeasured> {
  const catalog = benchCatalog(PARTITIONS)
  const clock = createSystemClock()
  const objects = openLocalObjects({ directory: join(directory, 'lake') })
  await using log = await openSegmentLog({
    directory: `${file}.log`,
    topics: topicsOf(catalog),
    partitions: PARTITIONS,
    clock,
    retentionMs: null,
    retentionBytes: null,
    logBytesMax: 20 * GIB,
  })
  await using lake = await openLake({
    objects,
    catalog,
    clock,
    scratchDirectory: join(directory, 'scratch'),
    rangeBytesMax: 64 * MIB,
    breathe: () => clock.sleep(0, signal),
  })
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  let events = 0
  for (const { topic, partition, offsetEnd: next } of await log.bounds(signal)) {
    for (let first = 0; first < next; ) {
      const position = { topic, partition, offset: first }
      const read = (called: AbortSignal) => log.read([position], READ, called)
      const source = { topic, partition, first, next, read, refused: async () => [] }
      const done = await lake.archive(source, signal)
      first = done?.offsetNext ?? next
      events += done?.rows ?? 0
    }
  }
  const { user, system } = process.cpuUsage(cpu)
  const seconds = (performance.now() - startMs) / 1000
  let lakeBytes = 0
  let fileCount = 0
  for await (const { sizeBytes } of objects.list('events/')) {
    lakeBytes += sizeBytes
    fileCount += 1
  }
  const rssMib = process.resourceUsage().maxRSS / 1024
  const jsonBytes = statSync(file).size
  const cpuSeconds = (user + system) / 1e6
  return { events, cpuSeconds, seconds, lakeBytes, jsonBytes, fileCount, rssMib }
}

const [file, directory] = process.argv.slice(2)
if (import.meta.main && file !== undefined && directory !== undefined) {
  tell(await measureLake(file, directory))
}
