/**
 * A range of one partition on its way into the lake: the records of the log, told apart by what was
 * refused, gathered in tables, and at last written as files.
 */
import type { Place } from '../model/archive.ts'
import type { Catalog } from '../model/catalog.ts'
import { schemaOfTopic } from '../model/catalog.ts'
import type { Fetch } from '../model/record.ts'
import type { RefusedRange, RefusedRun } from '../model/refused.ts'
import { readRefused } from '../model/refused.ts'
import { present } from '../std/assert.ts'
import { EventRows } from './event-rows.ts'
import { eventColumnsOf, rejectColumnsOf } from './gathered.ts'
import type { RangeName } from './keys.ts'
import { toEventsKey, toRejectsKey } from './keys.ts'
import type { RecordView } from './records.ts'
import { visitRecords } from './records.ts'
import { createRejectRows } from './reject-rows.ts'
import type { Table, Tables } from './table.ts'

/** What a range is made of. */
export interface RangeSource extends Place {
  readonly first: number
  /** One past the last offset that is digested. */
  readonly next: number
  /** The log from `first` on. Called again where a range must be read again. */
  readonly read: (signal: AbortSignal) => AsyncIterable<readonly Fetch[]>
  /** What was refused from an offset on; empty: nothing. See StepStore. */
  readonly refused: (from: number) => Promise<readonly RefusedRange[]>
}

export interface RangeFile {
  readonly key: string
  readonly bytes: Uint8Array
  readonly rows: number
}

export interface Range extends AsyncDisposable {
  /** UTC days that events of the range have so far. */
  readonly dayCount: number
  /** Takes the records of a fetch below `to`. Nothing of its bytes is needed afterwards. */
  add(fetch: Fetch, to: number): Promise<void>
  /** What files there will be, and how many rows they will have. */
  plan(last: number): readonly { readonly key: string; readonly rows: number }[]
  /** The files one after the other; each is made when it is asked for. */
  files(last: number): AsyncGenerator<RangeFile, void>
}

export async function openRange(
  tables: Tables,
  source: RangeSource,
  catalog: Catalog,
): Promise<Range> {
  const { topic, partition, first } = source
  const schema = schemaOfTopic(catalog, topic)
  const events = schema === null ? null : await tables.create(eventColumnsOf(schema, source))
  const rejects = await tables.create(rejectColumnsOf(source))
  const eventRows =
    schema === null || events === null
      ? null
      : new EventRows({ writer: events.writer, schema, catalog, partition })
  const rejectRows = createRejectRows(rejects.writer)
  const verdicts = createVerdicts(source)
  const days = new Map<number, number>()
  let rejectCount = 0

  let bytes: Uint8Array | null = null
  const take = (record: RecordView): void => {
    if (record.bytes !== bytes) {
      bytes = record.bytes
      events?.writer.lend(bytes)
      rejects.writer.lend(bytes)
    }
    const run = verdicts.at(record.offset)
    if (run === null) {
      const day = present(eventRows, `the event type of topic ${topic}`).add(record)
      days.set(day, (days.get(day) ?? 0) + 1)
    } else if (run.reason !== null) {
      rejectRows.add(record, run.reason)
      rejectCount += 1
    }
  }
  const nameOf = (last: number): RangeName => ({ topic, partition, first, last })
  const outputs = (last: number): readonly Output[] => [
    ...[...days]
      .toSorted(([left], [right]) => left - right)
      .map(([day, rows]): Output => {
        const key = toEventsKey(nameOf(last), schema?.name ?? '', day)
        return { key, rows, table: present(events, 'a table of events'), day }
      }),
    ...(rejectCount === 0
      ? []
      : [{ key: toRejectsKey(nameOf(last)), rows: rejectCount, table: rejects, day: null }]),
  ]
  return {
    get dayCount() {
      return days.size
    },
    add: async (fetch, to) => {
      await verdicts.prepare(Math.min(to, fetch.offsetNext))
      bytes = null
      visitRecords(fetch, { from: first, to }, take)
      events?.writer.flush()
      rejects.writer.flush()
    },
    plan: last => outputs(last).map(({ key, rows }) => ({ key, rows })),
    files: async function* (last) {
      for (const { key, table, day } of outputs(last)) {
        const { bytes, rowCount } = await table.toParquet(day)
        yield { key, bytes, rows: rowCount }
      }
    },
    [Symbol.asyncDispose]: async () => {
      await events?.[Symbol.asyncDispose]()
      await rejects[Symbol.asyncDispose]()
    },
  }
}

interface Output {
  readonly key: string
  readonly rows: number
  readonly table: Table
  readonly day: number | null
}

/** Tells what became of offsets, asked upwards. */
interface Verdicts {
  /** Loads what is known of the offsets below `to`. */
  prepare(to: number): Promise<void>
  /** The run that an offset is in; null: it was accepted. */
  at(offset: number): RefusedRun | null
}

function createVerdicts({ first, refused }: RangeSource): Verdicts {
  let runs: RefusedRun[] = []
  let index = 0
  let loadedTo = first
  return {
    prepare: async to => {
      while (loadedTo < to) {
        const ranges = await refused(loadedTo)
        runs = [...runs.slice(index), ...ranges.flatMap(range => [...readRefused(range)])]
        index = 0
        loadedTo = ranges.at(-1)?.next ?? Number.POSITIVE_INFINITY
      }
    },
    at: offset => {
      for (;;) {
        const run = runs[index]
        if (run === undefined || offset < run.offset) return null
        if (offset < run.offset + run.count) return run
        index += 1
      }
    },
  }
}
