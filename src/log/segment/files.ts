/** Names of the log's files, the same as Kafka's, and how files and names are made durable. */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault, isFault, messageOf, systemCodeOf } from '../../std/fault.ts'

const SEGMENT_NAME = /^(\d{20})\.log$/
const PARTITION_NAME = /^(.+)-(\d{1,9})$/

export function toPartitionDirectory(directory: string, topic: string, partition: number): string {
  return join(directory, `${topic}-${partition}`)
}

/** `page_view-3` to its topic and partition; null for another name. */
export function parsePartitionDirectory(
  name: string,
): { readonly topic: string; readonly partition: number } | null {
  const match = PARTITION_NAME.exec(name)
  if (match === null) return null
  return { topic: String(match[1]), partition: Number(match[2]) }
}

export function toSegmentPath(partitionDirectory: string, baseOffset: number): string {
  return join(partitionDirectory, `${String(baseOffset).padStart(20, '0')}.log`)
}

/** The base offset in a segment's file name; null for another name. */
export function parseSegmentName(name: string): number | null {
  const match = SEGMENT_NAME.exec(name)
  const baseOffset = match === null ? Number.NaN : Number(match[1])
  return Number.isSafeInteger(baseOffset) ? baseOffset : null
}

/** Makes the names in a directory durable: a new file can be lost without it, fsynced or not. */
export async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r')
  await directory.sync()
}

/** Whether the file system has no room left, or the user's share of it is used up. */
export function isDiskFull(error: unknown): boolean {
  const code = systemCodeOf(error)
  return code === 'ENOSPC' || code === 'EDQUOT'
}

/** What the system said about a path, as LOG_FULL or LOG_UNAVAILABLE; anything else as it is. */
export function toLogFault(error: unknown, what: string): unknown {
  if (isFault(error) || systemCodeOf(error) === null) return error
  return isDiskFull(error)
    ? new Fault('LOG_FULL', `the disk is full: ${what}; free some space`, { cause: error })
    : new Fault('LOG_UNAVAILABLE', `${what} failed: ${messageOf(error)}`, { cause: error })
}
