/** Writing rows: those of a step as one object, and those of several objects as fewer. */
import type { ObjectStore } from '../../model/object-store.ts'
import type { PartialBatch } from '../../model/partial.ts'
import type { MetricPlan } from '../../model/plan.ts'
import { present } from '../../std/assert.ts'
import { concatBytes } from '../../std/bytes.ts'
import { MIB } from '../../std/units.ts'
import type { Lateness } from '../lateness.ts'
import type { PartialRow } from '../rows.ts'
import { compareRows, mergeRows, rowsOfBatch } from '../rows.ts'
import type { ShardFiles } from './files.ts'
import type { RowsEntry } from './manifest.ts'
import { createRowWriter, readRows, toMember, toTimeText } from './row-lines.ts'

/** Characters of lines that one gzip member may hold: rows with large sets are long. */
const MEMBER_TEXT_MAX: number = 32 * MIB

/** Which commits the rows are of, and how often they were merged. */
export type Origin = Pick<RowsEntry, 'first' | 'last' | 'tier'>
type Member = Omit<RowsEntry, 'key' | 'offset'> & { readonly bytes: Uint8Array }

export interface StepRows {
  readonly partials: readonly PartialBatch[]
  readonly late: ReadonlyMap<PartialBatch, readonly Lateness[]>
  readonly sequence: number
  readonly rowsMax: number
}

/** Writes what a step adds; no rows, no object. */
export async function writeStepRows(
  files: ShardFiles,
  { partials, late, sequence, rowsMax }: StepRows,
): Promise<readonly RowsEntry[]> {
  const origin = { first: sequence, last: sequence, tier: 0 }
  const members: Promise<readonly Member[]>[] = []
  for (const batches of Map.groupBy(partials, batch => batch.plan.hash).values()) {
    const { plan } = present(batches[0], 'a batch')
    const rows = batches.flatMap(batch => rowsOfBatch(batch, late.get(batch) ?? null))
    const sink = createSink(plan, origin, rowsMax)
    for (const row of rows.toSorted(compareRows)) sink.add(row)
    members.push(sink.end())
  }
  return putMembers(files, (await Promise.all(members)).flat())
}

export interface SwappedRows {
  readonly plan: MetricPlan
  /** In no order; equal ones add up. */
  readonly rows: readonly PartialRow[]
  readonly origin: Origin
  readonly rowsMax: number
}

/** Writes rows that stand in place of others; where none do, an entry without rows says so. */
export async function writeSwappedRows(
  files: ShardFiles,
  { plan, rows, origin, rowsMax }: SwappedRows,
): Promise<readonly RowsEntry[]> {
  const sink = createSink(plan, origin, rowsMax)
  for (const row of rows.toSorted(compareRows)) sink.add(row)
  const members = await sink.end()
  if (members.length > 0) return putMembers(files, members)
  const bytes = await toMember([])
  const head = { metric: plan.name, plan: plan.hash, from: null, to: null, rows: 0 }
  return putMembers(files, [{ ...head, ...origin, length: bytes.length, bytes }])
}

export interface MergeOfRows {
  readonly plan: MetricPlan
  readonly from: readonly RowsEntry[]
  readonly rowsMax: number
  readonly signal: AbortSignal
}

/** Writes the rows of several entries, added up, as entries of the next tier. */
export async function writeMergedRows(
  objects: ObjectStore,
  files: ShardFiles,
  { plan, from, rowsMax, signal }: MergeOfRows,
): Promise<readonly RowsEntry[]> {
  const origin = {
    first: Math.min(...from.map(entry => entry.first)),
    last: Math.max(...from.map(entry => entry.last)),
    tier: Math.max(...from.map(entry => entry.tier)) + 1,
  }
  const sink = createSink(plan, origin, rowsMax)
  const sources: Source[] = []
  for (const entry of from) {
    const source: Source = { batches: readRows(objects, plan, entry), rows: [], at: 0 }
    if (await refill(source)) sources.push(source)
  }
  while (sources.length > 0) {
    const source = smallestOf(sources)
    sink.add(rowOf(source))
    source.at += 1
    if (source.at < source.rows.length) continue
    signal.throwIfAborted()
    await sink.pressed()
    if (!(await refill(source))) sources.splice(sources.indexOf(source), 1)
  }
  return putMembers(files, await sink.end())
}

interface Source {
  readonly batches: AsyncGenerator<readonly PartialRow[]>
  rows: readonly PartialRow[]
  at: number
}

/** false: the source has come to its end. */
async function refill(source: Source): Promise<boolean> {
  const next = await source.batches.next()
  if (next.done === true) return false
  source.rows = next.value
  source.at = 0
  return true
}

function rowOf(source: Source): PartialRow {
  return present(source.rows[source.at], 'a row')
}

function smallestOf(sources: readonly Source[]): Source {
  let smallest = present(sources[0], 'a source')
  for (const source of sources) {
    if (compareRows(rowOf(source), rowOf(smallest)) < 0) smallest = source
  }
  return smallest
}

/** Takes sorted rows, adds up equal ones, and makes members of them. */
interface Sink {
  add(row: PartialRow): void
  /** Resolves when members that are full are compressed. */
  pressed(): Promise<unknown>
  end(): Promise<readonly Member[]>
}

function createSink(plan: MetricPlan, origin: Origin, rowsMax: number): Sink {
  const members: Promise<Member>[] = []
  const toLine = createRowWriter(plan)
  let open: PartialRow | null = null
  let lines: string[] = []
  let size = 0
  let from = 0
  let to = 0

  const cut = (): void => {
    if (lines.length === 0) return
    const head = {
      metric: plan.name,
      plan: plan.hash,
      ...origin,
      from: toTimeText(from),
      to: toTimeText(to),
      rows: lines.length,
    }
    const pressing = toMember(lines).then(bytes => ({ ...head, length: bytes.length, bytes }))
    // Whoever ends the sink is told; until then nobody waits for it.
    pressing.catch(() => null)
    members.push(pressing)
    lines = []
    size = 0
  }
  const write = (row: PartialRow): void => {
    if (lines.length === 0) from = row.window.start
    to = row.window.start
    const line = toLine(row)
    lines.push(line)
    size += line.length
    if (lines.length >= rowsMax || size >= MEMBER_TEXT_MAX) cut()
  }
  return {
    add: row => {
      if (open !== null && compareRows(open, row) === 0) {
        open = mergeRows(open, row)
        return
      }
      if (open !== null) write(open)
      open = row
    },
    pressed: () => Promise.all(members),
    end: () => {
      if (open !== null) write(open)
      cut()
      return Promise.all(members)
    },
  }
}

/** Stores members back to back as one object. */
async function putMembers(
  files: ShardFiles,
  members: readonly Member[],
): Promise<readonly RowsEntry[]> {
  if (members.length === 0) return []
  const key = await files.putNew('rows', concatBytes(members.map(member => member.bytes)))
  let end = 0
  return members.map(({ bytes, ...member }) => {
    const offset = end
    end += bytes.length
    return { ...member, key, offset }
  })
}
