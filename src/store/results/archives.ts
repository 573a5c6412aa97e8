/**
 * The archive in a manifest: how far each partition is archived, and what is refused of what waits.
 * Refusals stand in the manifest itself while they are few; when they outgrow it, as when the lake
 * is out of reach for long, they go into objects of their own.
 */
import type { ArchiveAdvance, ArchiveTotals, PartitionRefused } from '../../model/archive.ts'
import { advanceArchive, countGone, isPlace, noteStep } from '../../model/archive.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import type { RefusedCount, RefusedRange } from '../../model/refused.ts'
import { joinRefused } from '../../model/refused.ts'
import type { ShardStep } from '../../model/step.ts'
import { present } from '../../std/assert.ts'
import { concatBytes } from '../../std/bytes.ts'
import { KIB } from '../../std/units.ts'
import { missing } from './faults.ts'
import type { ShardFiles } from './files.ts'
import type { ArchiveLine, RefusedEntry } from './manifest.ts'

/** Bytes of refusals that stay in a manifest, over all partitions of its shard. */
const INLINE_BYTES_MAX: number = 24 * KIB
/** Ranges are joined up to here: each has a few dozen bytes around it. */
const JOINED_BYTES_MAX: number = 2 * KIB

export function toArchiveTotals(line: ArchiveLine): ArchiveTotals {
  return {
    topic: line.topic,
    partition: line.partition,
    offsetFirst: line.offset_first,
    acceptedBefore: line.accepted_before,
    invalidBefore: line.invalid_before,
    offsetNext: line.offset_next,
    rows: line.rows,
    rejects: line.rejects,
    offsetDigested: line.offset_digested,
    refused: line.refused,
    invalid: line.invalid,
    waitsSinceMs: line.waits_since_ms,
  }
}

function toLine(totals: ArchiveTotals, ranges: readonly RefusedEntry[]): ArchiveLine {
  return {
    topic: totals.topic,
    partition: totals.partition,
    offset_first: totals.offsetFirst,
    accepted_before: totals.acceptedBefore,
    invalid_before: totals.invalidBefore,
    offset_next: totals.offsetNext,
    rows: totals.rows,
    rejects: totals.rejects,
    offset_digested: totals.offsetDigested,
    refused: totals.refused,
    invalid: totals.invalid,
    waits_since_ms: totals.waitsSinceMs,
    ranges,
  }
}

/** The lines after a step; refusals that have become too many are written as objects. */
export async function noteArchives(
  before: readonly ArchiveLine[],
  step: ShardStep,
  files: ShardFiles,
): Promise<readonly ArchiveLine[]> {
  const { refused = [] } = step
  if (refused.length === 0) return before
  const lines = noteStep(before.map(toArchiveTotals), step).map(totals => {
    const known = before.find(line => isPlace(line, totals))?.ranges ?? []
    const waiting = known.filter(entry => entry.next > totals.offsetNext)
    const fresh = refused.find(range => isPlace(range, totals))
    return toLine(totals, appendRange(waiting, fresh))
  })
  const size = lines.flatMap(line => line.ranges).reduce((sum, entry) => sum + sizeOf(entry), 0)
  return size <= INLINE_BYTES_MAX ? lines : await moveOut(lines, files)
}

function appendRange(
  entries: readonly RefusedEntry[],
  fresh: PartitionRefused | undefined,
): readonly RefusedEntry[] {
  if (fresh === undefined || fresh.runs.length === 0) return entries
  const last = entries.at(-1)
  const inline = last === undefined ? null : toInline(last)
  if (inline === null || inline.runs.length >= JOINED_BYTES_MAX) return [...entries, toEntry(fresh)]
  // Between two ranges everything was accepted.
  const joined = joinRefused([inline, fresh], inline.first)
  return [...entries.slice(0, -1), toEntry(joined)]
}

function toEntry({ first, next, runs }: RefusedRange): RefusedEntry {
  return { first, next, runs: Buffer.from(runs).toString('base64'), key: null, at: 0, size: 0 }
}

function toInline({ first, next, runs }: RefusedEntry): RefusedRange | null {
  return runs === null ? null : { first, next, runs: Buffer.from(runs, 'base64') }
}

function sizeOf(entry: RefusedEntry): number {
  return entry.runs?.length ?? 0
}

/** All refusals of the lines into one object, one behind the other. */
async function moveOut(
  lines: readonly ArchiveLine[],
  files: ShardFiles,
): Promise<readonly ArchiveLine[]> {
  const inline = lines.flatMap(line => line.ranges).map(toInline)
  const key = await files.putNew('refused', concatBytes(inline.map(one => one?.runs ?? NOTHING)))
  let at = 0
  const place = (entry: RefusedEntry): RefusedEntry => {
    const range = toInline(entry)
    if (range === null) return entry
    const size = range.runs.length
    at += size
    return { ...entry, runs: null, key, at: at - size, size }
  }
  return lines.map(line => ({ ...line, ranges: line.ranges.map(place) }))
}

const NOTHING: Uint8Array = new Uint8Array(0)

/** The refusals of a line from an offset on: what is inline, and up to one object of them. */
export async function readLine(
  objects: ObjectStore,
  line: ArchiveLine,
  from: number,
): Promise<readonly RefusedRange[]> {
  const waiting = line.ranges.filter(entry => entry.next > from)
  const [entry] = waiting
  if (entry === undefined || entry.runs !== null) return waiting.flatMap(one => toInline(one) ?? [])
  return [await readEntry(objects, entry)]
}

async function readEntry(objects: ObjectStore, entry: RefusedEntry): Promise<RefusedRange> {
  const inline = toInline(entry)
  if (inline !== null) return inline
  const { key, at, size, first, next } = entry
  const found = await objects.get(key ?? '', { range: { offset: at, length: size } })
  if (found === null || found === 'unchanged') throw missing(key ?? '')
  return { first, next, runs: found.bytes }
}

/** The lines after an advance. A range that it ends in stays whole; what is below is skipped. */
export async function advanceLines(
  objects: ObjectStore,
  lines: readonly ArchiveLine[],
  advance: ArchiveAdvance,
): Promise<{ readonly after: readonly ArchiveLine[]; readonly gone: RefusedCount }> {
  const { offsetFirst, offsetNext } = advance
  const gone = { refused: 0, invalid: 0 }
  const line = present(
    lines.find(one => isPlace(one, advance)),
    'a partition that is archived',
  )
  for (const entry of line.ranges.filter(one => one.first < offsetNext)) {
    const range = await readEntry(objects, entry)
    const below = countGone([range], offsetFirst)
    const passed = countGone([range], offsetNext)
    gone.refused += passed.refused - below.refused
    gone.invalid += passed.invalid - below.invalid
  }
  const totals = advanceArchive(toArchiveTotals(line), advance, gone)
  const ranges = line.ranges.filter(entry => entry.next > offsetNext)
  return { after: lines.map(one => (one === line ? toLine(totals, ranges) : one)), gone }
}
