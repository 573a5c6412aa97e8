/**
 * Notes what was not accepted, for the archive: the offsets of a fetch without those of its
 * accepted rows. Where all were accepted, which is most of the time, that costs nothing.
 *
 * Hot: `as number` stands on typed arrays within their row counts.
 */
import type { PartitionRefused } from '../model/archive.ts'
import type { Fetch } from '../model/record.ts'
import type { RefusedWriter } from '../model/refused.ts'
import { createRefusedWriter } from '../model/refused.ts'
import { present } from '../std/assert.ts'
import type { Judged } from './judge.ts'
import type { Columns } from './scan/scanner.ts'

export interface RefusedNotes {
  note(fetch: Fetch, columns: Columns, judged: Judged): void
  /** Of all partitions that moved since the last take. */
  take(): readonly PartitionRefused[]
}

interface Open {
  readonly partition: number
  readonly writer: RefusedWriter
  next: number
}

export function createRefusedNotes(): RefusedNotes {
  const writers = new Map<string, Open>()
  const moved = new Set<string>()
  return {
    note: (fetch, columns, judged) => {
      const { topic, partition, offset, offsetNext } = fetch
      const known = writers.get(topic)
      const open = known ?? { partition, writer: createRefusedWriter(offset), next: offset }
      if (known === undefined) writers.set(topic, open)
      open.next = offsetNext
      moved.add(topic)
      if (judged.count < offsetNext - offset) noteRows(open.writer, fetch, { columns, judged })
    },
    take: () => {
      const taken = [...moved].map(topic => {
        const { partition, writer, next } = present(writers.get(topic), 'a topic that moved')
        return { topic, partition, ...writer.take(next) }
      })
      moved.clear()
      return taken
    },
  }
}

function noteRows(
  writer: RefusedWriter,
  fetch: Fetch,
  { columns, judged }: { readonly columns: Columns; readonly judged: Judged },
): void {
  const { offset, rowCount, invalids } = columns
  let next = fetch.offset
  let accepted = 0
  let invalid = 0
  for (let row = 0; row < rowCount; row += 1) {
    const at = offset[row] as number
    if (at > next) writer.refuse(next, at - next, null)
    next = at + 1
    if (accepted < judged.count && judged.rows[accepted] === row) {
      accepted += 1
      continue
    }
    const found = invalids[invalid]
    const isInvalid = found?.row === row
    if (isInvalid) invalid += 1
    writer.refuse(at, 1, isInvalid ? found.invalid : null)
  }
  if (fetch.offsetNext > next) writer.refuse(next, fetch.offsetNext - next, null)
}
