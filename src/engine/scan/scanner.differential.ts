/** The differential test: what the scanner and the checker say of a batch, against the oracle. */
import { deepStrictEqual, strictEqual } from 'node:assert'
import { UNPARSED_TOPIC } from '../../model/catalog.ts'
import { CURRENCY_CODES } from '../../model/currency.ts'
import type { ColumnRef } from '../../model/plan.ts'
import type { Fetch, Header } from '../../model/record.ts'
import { encodeRecordBatch } from '../../model/record-batch.ts'
import type { ItemCheck } from '../../model/verdict.ts'
import { present } from '../../std/assert.ts'
import { concatBytes, fromUtf8 } from '../../std/bytes.ts'
import { messageOf } from '../../std/fault.ts'
import { createScanner } from './byte-scanner.ts'
import { createChecker } from './check.ts'
import {
  ARRIVAL_MS,
  columnsOf,
  fuzzCatalog,
  writeEvent,
  writeHeaders,
} from './scanner.arbitrary.ts'
import { readByOracle } from './scanner.oracle.ts'
import type { Columns, Scanner, TextColumn } from './scanner.ts'

/** A scanned row, in the words of the oracle. */
export type RowView =
  | { readonly kind: 'invalid'; readonly code: string; readonly pointer: string }
  | {
      readonly kind: 'event'
      readonly eventId: string
      readonly userId: string
      readonly timeMs: number
      readonly currency: string
      readonly fields: ReadonlyMap<string, string | number>
    }

const FORGET_EVERY = 64

/** One record of a batch. */
export interface Item {
  readonly value: Uint8Array
  readonly headers: readonly Header[]
}

/** Batches of at most `batchSize` of these items, as a log gives them. */
export function toFetch(topic: string, items: readonly Item[], batchSize: number): Fetch {
  const batches: Uint8Array[] = []
  for (let at = 0; at < items.length; at += batchSize) {
    const records = items.slice(at, at + batchSize).map(item => ({ key: null, ...item }))
    batches.push(encodeRecordBatch({ baseOffset: at, arrivalMs: ARRIVAL_MS, records }))
  }
  const bytes = concatBytes(batches)
  const end = items.length
  const ends = { offsetFirst: 0, offsetEnd: end, abortedCount: 0, isVerified: false }
  return { topic, partition: 0, offset: 0, offsetNext: end, ...ends, bytes }
}

export function viewRow(columns: Columns, row: number, wanted: readonly ColumnRef[]): RowView {
  const found = columns.invalids.find(invalid => invalid.row === row)
  deepStrictEqual(columns.valid[row], found === undefined ? 1 : 0)
  if (found !== undefined) return found.invalid
  const fields = new Map<string, string | number>()
  for (const [index, ref] of wanted.entries()) {
    const column = columns.fields[index]
    const value =
      column?.kind === 'number' ? (column.values[row] ?? 0) : viewText(columns, column, row)
    if (value !== null && !Number.isNaN(value)) fields.set(ref.path, value)
  }
  return {
    kind: 'event',
    eventId: viewText(columns, columns.eventId, row) ?? '',
    userId: viewText(columns, columns.userId, row) ?? '',
    timeMs: columns.timeMs[row] ?? Number.NaN,
    currency: CURRENCY_CODES[columns.currency[row] ?? -1] ?? '',
    fields,
  }
}

function viewText(columns: Columns, column: TextColumn | undefined, row: number): string | null {
  const start = column?.start[row] ?? -1
  return start < 0 ? null : fromUtf8(columns.bytes.subarray(start, column?.end[row]))
}

export interface Harness {
  readonly scanner: Scanner
  /** Scans what the front door refuses, so that the other need not forget what it has learnt. */
  readonly doorScanner: Scanner
  readonly check: (item: Uint8Array, nowMs: number) => ItemCheck
  readonly wanted: ReadonlyMap<string, readonly ColumnRef[]>
}

export function createHarness(): Harness {
  return {
    scanner: createScanner(fuzzCatalog),
    doorScanner: createScanner(fuzzCatalog),
    check: createChecker(fuzzCatalog),
    wanted: new Map(fuzzCatalog.events.map(schema => [schema.name, columnsOf(schema)])),
  }
}

/** What was compared, and how much of it the fast path took. */
export interface Tally {
  readonly rowCount: number
  readonly validCount: number
  readonly slowCount: number
}

/**
 * Writes one event per seed, all of one type, and reads them three ways: in one batch, at the front
 * door, and by the oracle. Throws where any two differ; the message has the event's text.
 */
export function assertBatch(harness: Harness, seeds: readonly number[]): Tally {
  const events = fuzzCatalog.events
  const schema = present(events[(seeds[0] ?? 0) % events.length], 'a schema')
  const wanted = present(harness.wanted.get(schema.name), 'its columns')
  const values = seeds.map(seed => writeEvent(schema, seed))
  const items = values.map((value, row) => ({ value, headers: writeHeaders(seeds[row] ?? 0) }))
  const fetch = toFetch(schema.name, items, 1 + ((seeds[0] ?? 0) % items.length))
  strictEqual(harness.scanner.scan(toFetch(schema.name, [], 1), wanted).rowCount, 0)
  const columns = harness.scanner.scan(fetch, wanted)
  strictEqual(columns.rowCount, values.length)
  const context = { catalog: fuzzCatalog, schema, arrivalMs: ARRIVAL_MS }
  const views = values.map((_, row) => viewRow(columns, row, wanted))
  const tally = {
    rowCount: values.length,
    validCount: views.filter(view => view.kind === 'event').length,
    slowCount: columns.slowCount,
  }
  for (const [row, value] of values.entries()) {
    try {
      deepStrictEqual(views[row], readByOracle(value, context))
      assertDoor(harness, value)
    } catch (cause) {
      throw new Error(
        `seed ${seeds[row]} in ${schema.name}: ${fromUtf8(value)}\n${messageOf(cause)}`,
      )
    }
  }
  return tally
}

/** The front door's answer is the oracle's, and the scanner's where the item then goes. */
function assertDoor(harness: Harness, value: Uint8Array): void {
  const arrivalMs = ARRIVAL_MS
  const check = harness.check(value, arrivalMs)
  const expected = readByOracle(value, { catalog: fuzzCatalog, schema: 'door', arrivalMs })
  deepStrictEqual(check.invalid, expected.kind === 'invalid' ? expected : null)
  if (expected.kind === 'event') {
    strictEqual(check.eventType, expected.fields.get('event_type'))
    strictEqual(check.eventId, expected.eventId)
    deepStrictEqual(check.userId, new TextEncoder().encode(expected.userId))
    return
  }
  const topic = check.eventType ?? UNPARSED_TOPIC
  // Now and then the scanner of the batches has to forget, and to learn anew.
  const isForgetful = value.length % FORGET_EVERY === 0
  const scanner = isForgetful ? harness.scanner : harness.doorScanner
  const columns = scanner.scan(toFetch(topic, [{ value, headers: [] }], 1), [])
  deepStrictEqual(columns.invalids[0]?.invalid, expected)
  deepStrictEqual(columns.invalids[0]?.value, value)
}
