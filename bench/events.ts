/**
 * The events that are measured: files made from a seed, kept beside the system's other temporary
 * files and made once; none of them broken, since the baseline judges less strictly than Weir.
 */
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createChecker } from '../src/engine/scan/check.ts'
import { UNPARSED_TOPIC } from '../src/model/catalog.ts'
import { partitionOf } from '../src/model/partitioner.ts'
import { generateFile } from '../src/synthetic/synthetic.ts'
import { benchCatalog } from './shop.ts'

/** 2,000,000 events are 465 MiB. */
export const EVENT_COUNT = 2_000_000
export const PARTITIONS = 4
/** When the records of files arrive. */
export const ARRIVAL_MS: number = Date.UTC(2026, 5, 1)
const SEED = 1
const LINE_FEED = 0x0a

/** Where benches keep files between runs. */
export function cachePath(name: string): string {
  const directory = join(tmpdir(), 'weir-bench')
  mkdirSync(directory, { recursive: true })
  return join(directory, name)
}

/** The NDJSON file of so many events of one day. */
export async function eventFile(events: number): Promise<string> {
  const path = cachePath(`events-${events}-seed-${SEED}.ndjson`)
  if (existsSync(path)) return path
  const { signal } = new AbortController()
  await generateFile({ path: `${path}.new`, events, seed: SEED, badRate: 0, signal })
  renameSync(`${path}.new`, path)
  return path
}

/** Walks the lines of a file without keeping them: kept objects would be work for the collector. */
export function forEachLine(bytes: Uint8Array, visit: (line: Uint8Array) => void): number {
  let count = 0
  let start = 0
  while (start < bytes.length) {
    const end = bytes.indexOf(LINE_FEED, start)
    visit(bytes.subarray(start, end))
    start = end + 1
    count += 1
  }
  return count
}

export interface Place {
  readonly topic: string
  readonly partition: number
  readonly key: Uint8Array | null
}

/** Tells where the front door puts an event. */
export function createPlacing(): (event: Uint8Array) => Place {
  const check = createChecker(benchCatalog(PARTITIONS))
  return event => {
    const { eventType, userId } = check(event, ARRIVAL_MS)
    const key = eventType === null ? null : userId
    const partition = key === null ? 0 : partitionOf(key, PARTITIONS, 'murmur2')
    return { topic: eventType ?? UNPARSED_TOPIC, partition, key }
  }
}
