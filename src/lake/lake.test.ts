import { expect, test } from 'vitest'
import { defineEvent } from '../model/event.ts'
import { boolean, decimal, integer, list, money, string } from '../model/field.ts'
import { lakeColumnsOf } from '../model/lake-columns.ts'
import { openMemoryObjects } from '../objects/memory/memory-objects.ts'
import { present } from '../std/assert.ts'
import { fromUtf8, toUtf8 } from '../std/bytes.ts'
import type { Refusals, SentRecord } from './lake.fixture.ts'
import {
  ARRIVAL_MS,
  bytesOf,
  catalogOf,
  keysOf,
  never,
  openBed,
  rowsBelow,
  sourceOf,
} from './lake.fixture.ts'
import { openLake } from './lake.ts'

const parcel = defineEvent('parcel', {
  note: string({ optional: true }),
  pieces: integer({ optional: true }),
  weight: decimal(3, { optional: true }),
  fee: money({ optional: true }),
  is_gift: boolean({ optional: true }),
  items: list({ sku: string({ optional: true }) }, { optional: true }),
})
const catalog = catalogOf([parcel])

function toRecord(text: string): SentRecord {
  return { key: toUtf8('u1'), value: toUtf8(text), headers: [] }
}

function parcelText(
  id: number,
  data: string,
  more = '',
  time = '2026-02-28T23:59:59.999Z',
): string {
  const envelope = `"event_id":"e${id}","event_type":"parcel","user_id":"u1","timestamp":"${time}"`
  return `{${envelope}${more},"data":${data}}`
}

test('every kind of field has its column, and what has none is kept', async () => {
  await using bed = await openBed()
  const objects = openMemoryObjects()
  const records = [
    '{"note":"of more than twelve bytes é","pieces":-9007199254740991,"weight":-0.125,' +
      '"fee":-19.99,"is_gift":true,"items":[ {"sku":"a", "x":1.50} ],"currency":"EUR"}',
    '{"note":"\\u0000\\n\\"","pieces":1e2,"weight":1000000000000.000,"fee":15e-1,"is_gift":false}',
    '{"note":"","fee":1200,"currency":"JPY","unknown":1.10,"note2":"\\u00e9","unknown":2.20}',
    '{"note":null}',
  ]
  const texts = records.map((data, id) => parcelText(id, data, id === 2 ? ',"app":{"v":1}' : ''))
  await using lake = await openLake(bed.options(objects, catalog))
  const sent = texts.map(toRecord)
  expect(await lake.archive(sourceOf({ topic: 'parcel', records: sent }), never)).toEqual({
    topic: 'parcel',
    partition: 0,
    offsetFirst: 0,
    offsetNext: 4,
    rows: 4,
    rejects: 0,
  })
  const [file] = await keysOf(objects, 'events/')
  expect(file).toBe(
    'events/event_type=parcel/event_date=2026-02-28/0-0000000000000000-0000000000000003.parquet',
  )
  const rows = await rowsBelow(objects, 'events/', bed.directory)
  expect(Object.keys(present(rows[0], 'a row'))).toEqual(
    lakeColumnsOf(parcel).map(column => column.name),
  )
  const timeMs = Date.parse('2026-02-28T23:59:59.999Z')
  expect(rows[0]).toMatchObject({
    event_id: 'e0',
    event_type: 'parcel',
    user_id: 'u1',
    session_id: null,
    timestamp_ms: BigInt(timeMs),
    timestamp: { micros: BigInt(timeMs) * 1000n },
    currency: 'EUR',
    data_currency: 'EUR',
    note: 'of more than twelve bytes é',
    pieces: -9007199254740991n,
    weight: { value: -125n, scale: 3, width: 38 },
    fee_units: -1999n,
    is_gift: true,
    items: '[ {"sku":"a", "x":1.50} ]',
    extra: null,
    topic: 'parcel',
    partition: 0,
    offset: 0n,
    arrival_ms: BigInt(ARRIVAL_MS),
    misplaced: false,
  })
  expect(rows[1]).toMatchObject({
    currency: 'USD',
    data_currency: null,
    note: '\u0000\n"',
    pieces: 100n,
    weight: { value: 1000000000000000n },
    fee_units: 150n,
    is_gift: false,
    items: null,
  })
  expect(rows[2]).toMatchObject({
    note: '',
    fee_units: 1200n,
    extra: '{"app":{"v":1},"data":{"unknown":2.20,"note2":"\\u00e9"}}',
  })
  expect(rows[3]).toMatchObject({ note: null, pieces: null, fee_units: null, extra: null })
})

test('each UTC date has a file, however far away', async () => {
  await using bed = await openBed()
  const objects = openMemoryObjects()
  const times = [
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999Z',
    '2026-03-29T02:30:00+02:00',
    '2026-03-29T01:59:59.9999999Z',
    '1969-12-31T23:59:59.001Z',
  ]
  const records = times.map((time, id) => toRecord(parcelText(id, '{}', '', time)))
  await using lake = await openLake(bed.options(objects, catalog))
  await lake.archive(sourceOf({ topic: 'parcel', records }), never)
  const dates = (await keysOf(objects, 'events/')).map(key => key.split('/')[2])
  expect(dates).toEqual([
    'event_date=0001-01-01',
    'event_date=1969-12-31',
    'event_date=2026-03-29',
    'event_date=9999-12-31',
  ])
  const rows = await rowsBelow(objects, 'events/', bed.directory)
  expect(rows.map(row => Number(row['timestamp_ms']))).toEqual([
    Date.parse('0001-01-01T00:00:00Z'),
    Date.parse('9999-12-31T23:59:59.999Z'),
    Date.parse('2026-03-29T00:30:00Z'),
    Date.parse('2026-03-29T01:59:59.999Z'),
    Date.parse('1969-12-31T23:59:59.001Z'),
  ])
})

test('rejects keep their bytes, and duplicates leave nothing', async () => {
  await using bed = await openBed()
  const objects = openMemoryObjects()
  const headers = [
    { key: 'weir-file', value: toUtf8('a.csv') },
    { key: 'weir-line', value: toUtf8('17') },
  ]
  const bad: SentRecord = { key: null, value: Uint8Array.of(0xff, 0, 0x41), headers }
  const records = [toRecord(parcelText(0, '{}')), toRecord(parcelText(0, '{}')), bad]
  const refusals: Refusals = new Map([
    [1, null],
    [2, { code: 'not_utf8' as const, pointer: '' }],
  ])
  await using lake = await openLake(bed.options(objects, catalog))
  const done = await lake.archive(sourceOf({ topic: 'parcel', records, refusals }), never)
  expect(done).toMatchObject({ offsetNext: 3, rows: 1, rejects: 1 })
  const [row] = await rowsBelow(objects, 'rejects/', bed.directory)
  expect(row).toMatchObject({
    topic: 'parcel',
    partition: 0,
    offset: 2n,
    arrival_ms: BigInt(ARRIVAL_MS),
    code: 'not_utf8',
    pointer: '',
    key: null,
    value: { bytes: Buffer.of(0xff, 0, 0x41) },
    file: 'a.csv',
    line: 17n,
  })
})

test('a topic without a type has rejects only; a range of nothing has an intent only', async () => {
  await using bed = await openBed()
  const objects = openMemoryObjects()
  await using lake = await openLake(bed.options(objects, catalog))
  const records = [toRecord('x')]
  const refusals: Refusals = new Map([[0, { code: 'not_json' as const, pointer: '' }]])
  await lake.archive(sourceOf({ topic: 'weir.unparsed', records, refusals }), never)
  await lake.archive(sourceOf({ topic: 'parcel', records, refusals: new Map([[0, null]]) }), never)
  expect(await keysOf(objects)).toEqual([
    'intents/parcel/0/0000000000000000.json',
    'intents/weir.unparsed/0/0000000000000000.json',
    'rejects/topic=weir.unparsed/0-0000000000000000-0000000000000000.parquet',
  ])
})

const many = Array.from({ length: 3_000 }, (_, id) =>
  toRecord(parcelText(id, `{"note":"a note that is long, number ${id % 50}","fee":${id}.25}`)),
)

test('the same range has the same bytes, however the log is cut', async () => {
  await using bed = await openBed()
  const stores = [openMemoryObjects(), openMemoryObjects()]
  const cuts = [
    { batchSize: 50, pullSize: 200 },
    { batchSize: 1, pullSize: 3_000 },
  ]
  for (const [index, objects] of stores.entries()) {
    await using lake = await openLake(bed.options(objects, catalog))
    await lake.archive(sourceOf({ topic: 'parcel', records: many, ...cuts[index] }), never)
  }
  const [one, other] = stores.map(objects => present(objects, 'a store'))
  const keys = await keysOf(present(one, 'a store'))
  expect(await keysOf(present(other, 'a store'))).toEqual(keys)
  for (const key of keys) {
    const bytes = await bytesOf(present(one, 'a store'), key)
    expect(await bytesOf(present(other, 'a store'), key)).toEqual(bytes)
  }
})

test('whoever finds an intent writes its range, or waits until that is digested', async () => {
  await using bed = await openBed()
  const objects = openMemoryObjects()
  const options = bed.options(objects, catalog)
  await using small = await openLake({ ...options, rangeBytesMax: 1 })
  const source = sourceOf({ topic: 'parcel', records: many })
  expect(await small.archive(source, never)).toMatchObject({ offsetNext: 200, rows: 200 })
  const files = await keysOf(objects, 'events/')
  for (const key of files) await objects.delete(key)
  await using large = await openLake(bed.options(objects, catalog))
  const behind = sourceOf({ topic: 'parcel', records: many, next: 150 })
  expect(await large.archive(behind, never)).toBeNull()
  expect(await large.archive(source, never)).toMatchObject({ offsetNext: 200, rows: 200 })
  expect(await keysOf(objects, 'events/')).toEqual(files)
  const rest = sourceOf({ topic: 'parcel', records: many, first: 200 })
  expect(await large.archive(rest, never)).toMatchObject({ offsetNext: 3_000, rows: 2_800 })
})

test('two that archive at once leave one cut', async () => {
  await using bed = await openBed()
  const objects = openMemoryObjects()
  const sizes = [1, 40_000, 90_000, 1_000_000]
  const run = async (rangeBytesMax: number): Promise<void> => {
    await using lake = await openLake({ ...bed.options(objects, catalog), rangeBytesMax })
    for (let first = 0; first < many.length; ) {
      const done = await lake.archive(sourceOf({ topic: 'parcel', records: many, first }), never)
      first = done?.offsetNext ?? first
    }
  }
  await Promise.all(sizes.map(run))
  const rows = await rowsBelow(objects, 'events/', bed.directory)
  expect(rows.map(row => row['event_id'])).toEqual(many.map((_, id) => `e${id}`))
})

test('dates beyond a number cut a range', async () => {
  await using bed = await openBed()
  const objects = openMemoryObjects()
  const records = Array.from({ length: 1_000 }, (_, id) => {
    const time = new Date(id * 86_400_000).toISOString()
    return toRecord(parcelText(id, '{}', '', time))
  })
  await using lake = await openLake(bed.options(objects, catalog))
  const source = sourceOf({ topic: 'parcel', records, pullSize: 100 })
  expect(await lake.archive(source, never)).toMatchObject({ offsetNext: 400, rows: 400 })
})

test('a field that was declared otherwise when the event was accepted is kept apart', async () => {
  await using bed = await openBed()
  const objects = openMemoryObjects()
  const changed = defineEvent('parcel', { note: integer(), weight: decimal(1) })
  const records = [toRecord(parcelText(0, '{"note":"a","weight":0.125,"fee":1}'))]
  await using lake = await openLake(bed.options(objects, catalogOf([changed])))
  await lake.archive(sourceOf({ topic: 'parcel', records }), never)
  const [row] = await rowsBelow(objects, 'events/', bed.directory)
  expect(row).toMatchObject({
    note: null,
    weight: null,
    extra: '{"data":{"note":"a","weight":0.125,"fee":1}}',
  })
})

test('an intent names its files, whoever reads it', async () => {
  await using bed = await openBed()
  const objects = openMemoryObjects()
  await using lake = await openLake(bed.options(objects, catalog))
  await lake.archive(sourceOf({ topic: 'parcel', records: many.slice(0, 7) }), never)
  const bytes = await bytesOf(objects, 'intents/parcel/0/0000000000000000.json')
  expect(JSON.parse(fromUtf8(bytes))).toEqual({
    format: 1,
    topic: 'parcel',
    partition: 0,
    first: 0,
    last: 6,
    catalog_version: catalog.version,
    files: [{ key: (await keysOf(objects, 'events/'))[0], rows: 7 }],
  })
})
