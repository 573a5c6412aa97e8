/** Writing rejects: those of a step, and those of several objects as fewer. */
import type { ObjectStore } from '../../model/object-store.ts'
import type { Reject } from '../../model/step.ts'
import { MIB } from '../../std/units.ts'
import type { ShardFiles } from './files.ts'
import type { RejectsEntry } from './manifest.ts'
import { readRejects, toRejectLine } from './reject-lines.ts'
import { toMember } from './row-lines.ts'

/** Bytes of lines that one object holds, about: a reader has a few objects in memory at a time. */
export const REJECTS_SIZE_MAX: number = 8 * MIB

type Origin = Pick<RejectsEntry, 'first' | 'last' | 'tier'>

/** Writes rejects in the order given; none, no object. */
export async function writeRejects(
  files: ShardFiles,
  rejects: readonly Reject[],
  origin: Origin,
): Promise<readonly RejectsEntry[]> {
  const entries: RejectsEntry[] = []
  let start = 0
  while (start < rejects.length) {
    const lines: string[] = []
    let size = 0
    for (const reject of rejects.slice(start)) {
      if (size >= REJECTS_SIZE_MAX) break
      const line = toRejectLine(reject)
      lines.push(line)
      size += line.length + 1
    }
    const arrivals = rejects.slice(start, start + lines.length).map(reject => reject.arrivalMs)
    entries.push({
      key: await files.putNew('rejects', await toMember(lines)),
      ...origin,
      rows: lines.length,
      arrival_from_ms: arrivals.reduce((least, arrival) => Math.min(least, arrival)),
      arrival_to_ms: arrivals.reduce((most, arrival) => Math.max(most, arrival)),
      size,
    })
    start += lines.length
  }
  return entries
}

/** Writes the rejects of several entries, none of them full, as entries of the next tier. */
export async function writeMergedRejects(
  objects: ObjectStore,
  files: ShardFiles,
  from: readonly RejectsEntry[],
): Promise<readonly RejectsEntry[]> {
  const rejects: (readonly Reject[])[] = []
  for (const entry of from) rejects.push(await readRejects(objects, entry))
  return writeRejects(files, rejects.flat(), {
    first: Math.min(...from.map(entry => entry.first)),
    last: Math.max(...from.map(entry => entry.last)),
    tier: Math.max(...from.map(entry => entry.tier)) + 1,
  })
}
