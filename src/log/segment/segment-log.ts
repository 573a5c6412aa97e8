/**
 * The embedded log: each partition a directory of segment files, `<topic>-<partition>/<base>.log`,
 * laid out as a Kafka broker does it. An append is acknowledged after fdatasync. A partition has no
 * directory before its first record. One process at a time has the directory open; whoever opens
 * sees to that.
 */
import { mkdir, readdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '../../std/clock.ts'
import { Fault } from '../../std/fault.ts'
import { MIB } from '../../std/units.ts'
import { createBell } from '../bell.ts'
import type { EventLog } from '../log.ts'
import { createPartitionTable, type Partition } from '../partition.ts'
import { createPartitionedLog } from '../partitioned-log.ts'
import { createQuota } from '../quota.ts'
import {
  parsePartitionDirectory,
  syncDirectory,
  toLogFault,
  toPartitionDirectory,
} from './files.ts'
import { type Recovered, recoverPartition, type TornTail } from './recover.ts'
import { createSegmentPartition } from './segment-partition.ts'
import { type CrashPoint, createWriter } from './writer.ts'

export const SEGMENT_BYTES: number = 64 * MIB

export interface SegmentLogOptions {
  /** Made if it is missing. */
  readonly directory: string
  /** Names that Kafka allows: 1 to 200 letters, digits, `.`, `_`, `-`. */
  readonly topics: readonly string[]
  /** Of each topic; the same for as long as the directory lives. */
  readonly partitions: number
  readonly clock: Clock
  /** Where a segment ends; a batch larger than this has one of its own. Default SEGMENT_BYTES. */
  readonly segmentBytes?: number
  /**
   * Of each partition: released segments are deleted while it is larger, or when they are older.
   * null: never for that reason.
   */
  readonly retentionBytes: number | null
  readonly retentionMs: number | null
  /** Of the whole log: an append that would make it larger throws LOG_FULL. */
  readonly logBytesMax: number
  /** Told of each torn tail that opening cut off. */
  readonly onTornTail?: (tail: TornTail) => void
  /** Called at the named points; the kill test ends the process in it. */
  readonly crash?: (point: CrashPoint) => void
}

/** Partitions whose files are read at the same time when opening. */
const RECOVERIES_MAX = 4
const TOPIC_NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,200}$/

/**
 * Opens the log, and cuts what a crash tore. Throws LOG_CORRUPT (damage before the last batch),
 * DATA_DIR_MISMATCH (it has more partitions), CONFIG_INVALID (a topic's name), LOG_UNAVAILABLE.
 */
export async function openSegmentLog(options: SegmentLogOptions): Promise<EventLog> {
  assertTopicNames(options.topics)
  const recovered = await recoverAll(options)
  const { clock, retentionBytes, retentionMs } = options
  const quota = createQuota(options.logBytesMax)
  const bell = createBell(clock)
  const createPartition = (topic: string, partition: number): Partition => {
    const directory = toPartitionDirectory(options.directory, topic, partition)
    const writer = createWriter(recovered.get(directory) ?? createEmpty(), {
      directory,
      segmentBytes: options.segmentBytes ?? SEGMENT_BYTES,
      clock,
      crash: options.crash ?? (() => {}),
    })
    const retention = { retentionBytes, retentionMs }
    return createSegmentPartition(writer, { topic, partition, clock, retention, quota, bell })
  }
  const partitions = createPartitionTable(options, createPartition)
  return createPartitionedLog({ partitions, quota, bell })
}

function createEmpty(): Recovered {
  return { segments: [], offsetEnd: 0, arrivalLastMs: -1, torn: null }
}

function assertTopicNames(topics: readonly string[]): void {
  const wrong = topics.find(topic => !TOPIC_NAME.test(topic))
  if (wrong === undefined) return
  throw new Fault(
    'CONFIG_INVALID',
    `topic '${wrong}' is no topic name; use 1 to 200 letters, digits, '.', '_' and '-'`,
  )
}

/** Recovers the partitions that have a directory, by directory. */
async function recoverAll(options: SegmentLogOptions): Promise<ReadonlyMap<string, Recovered>> {
  const recovered = new Map<string, Recovered>()
  try {
    const waiting = [...(await listPartitions(options))]
    const work = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        const found = await recoverPartition(next)
        recovered.set(next, found)
        if (found.torn !== null) options.onTornTail?.(found.torn)
      }
    }
    await Promise.all(Array.from({ length: RECOVERIES_MAX }, work))
  } catch (error) {
    throw toLogFault(error, `opening the log in ${options.directory}`)
  }
  return recovered
}

async function listPartitions(options: SegmentLogOptions): Promise<readonly string[]> {
  const made = await mkdir(options.directory, { recursive: true })
  if (made !== undefined) await syncDirectory(dirname(made))
  await syncDirectory(options.directory)
  const directories: string[] = []
  for (const name of await readdir(options.directory)) {
    const parsed = parsePartitionDirectory(name)
    if (parsed === null || !options.topics.includes(parsed.topic)) continue
    assertPartition(parsed, options)
    directories.push(toPartitionDirectory(options.directory, parsed.topic, parsed.partition))
  }
  return directories
}

function assertPartition(
  { topic, partition }: { readonly topic: string; readonly partition: number },
  { directory, partitions }: SegmentLogOptions,
): void {
  if (partition < partitions) return
  throw new Fault(
    'DATA_DIR_MISMATCH',
    `${directory} has partition ${partition} of ${topic}, but partitions is ${partitions}; ` +
      'set it to what the directory was made with',
  )
}
