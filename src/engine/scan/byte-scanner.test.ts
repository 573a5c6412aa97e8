import { gzipSync, zstdCompressSync } from 'node:zlib'
import { lz4Compress, snappyCompress } from '@platformatic/wasm-utils'
import { expect, test } from 'vitest'
import { createCatalog } from '../../model/catalog.ts'
import type { ColumnRef } from '../../model/plan.ts'
import type { Fetch, Header } from '../../model/record.ts'
import { BATCH_HEADER_BYTES, encodeRecordBatch } from '../../model/record-batch.ts'
import { SHOP_EVENTS } from '../../model/shop-events.ts'
import { fromUtf8, toUtf8 } from '../../std/bytes.ts'
import { crc32c } from '../../std/crc32c.ts'
import { createScanner } from './byte-scanner.ts'
import { viewRow } from './scanner.differential.ts'
import type { Columns, Scanner } from './scanner.ts'

const ARRIVAL_MS = Date.parse('2024-09-03T12:00:00Z')
const USER: ColumnRef = { path: 'user_id', name: 'user_id', type: { kind: 'text' } }
const PRICE: ColumnRef = { path: 'data.price', name: 'price', type: { kind: 'money' } }
const PRODUCT: ColumnRef = { path: 'data.product_id', name: 'product_id', type: { kind: 'text' } }

function newScanner(): Scanner {
  return createScanner(
    createCatalog({
      events: SHOP_EVENTS,
      topicPrefix: '',
      currency: 'USD',
      dedupDays: 1,
      futureSkewMs: 3_600_000,
      eventAgeMsMax: null,
      partitions: 4,
      partitioner: 'murmur2',
    }),
  )
}

function eventText(id: string, rest = ''): string {
  const envelope = `"event_id":"${id}","event_type":"product_view","user_id":"u-${id}"`
  return `{${envelope},"timestamp":"2024-09-03T10:25:15Z","data":{"product_id":"p1"${rest}}}`
}

interface BatchOptions {
  readonly baseOffset?: number
  readonly attributes?: number
  readonly times?: { readonly base: number; readonly max: number }
  readonly codec?: { readonly id: number; readonly pack: (records: Uint8Array) => Uint8Array }
  readonly headers?: readonly Header[]
}

/** A batch as other producers write it: what our own encoder never sets is set afterwards. */
function toBatch(values: readonly (string | null)[], options: BatchOptions = {}): Buffer {
  const { baseOffset = 0, attributes = 8, times = { base: ARRIVAL_MS, max: ARRIVAL_MS } } = options
  const records = values.map((value, index) => ({
    key: toUtf8(`k${index}`),
    value: toUtf8(value ?? ''),
    headers: options.headers ?? [],
  }))
  const plain = Buffer.from(encodeRecordBatch({ baseOffset, arrivalMs: ARRIVAL_MS, records }))
  const pack = options.codec?.pack ?? ((bytes: Uint8Array): Uint8Array => bytes)
  const packed = pack(plain.subarray(BATCH_HEADER_BYTES))
  const bytes = Buffer.concat([plain.subarray(0, BATCH_HEADER_BYTES), packed])
  bytes.writeInt32BE(bytes.length - 12, 8)
  bytes.writeInt16BE(attributes | (options.codec?.id ?? 0), 21)
  bytes.writeBigInt64BE(BigInt(times.base), 27)
  bytes.writeBigInt64BE(BigInt(times.max), 35)
  return seal(bytes)
}

function seal(bytes: Buffer): Buffer {
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17)
  return bytes
}

function toFetch(
  batches: readonly Uint8Array[],
  range: { readonly topic?: string; readonly from?: number; readonly next: number },
): Fetch {
  const { topic = 'product_view', from = 0, next } = range
  const bytes = Buffer.concat(batches)
  return {
    topic,
    partition: 0,
    offset: from,
    offsetNext: next,
    offsetFirst: 0,
    offsetEnd: next,
    abortedCount: 0,
    isVerified: false,
    bytes,
  }
}

function idsOf(columns: Columns): readonly string[] {
  return Array.from({ length: columns.rowCount }, (_, row) =>
    fromUtf8(columns.bytes.subarray(columns.eventId.start[row], columns.eventId.end[row])),
  )
}

test('a batch becomes columns', () => {
  const wanted = [USER, PRICE, PRODUCT]
  const values = [eventText('a', ',"price":12.5'), eventText('b', ',"currency":"JPY","price":500')]
  const columns = newScanner().scan(toFetch([toBatch(values)], { next: 2 }), wanted)
  expect(columns).toMatchObject({ rowCount: 2, skippedCount: 0, gapCount: 0, slowCount: 0 })
  expect([...columns.offset.subarray(0, 2)]).toEqual([0, 1])
  expect([...columns.arrivalMs.subarray(0, 2)]).toEqual([ARRIVAL_MS, ARRIVAL_MS])
  expect(viewRow(columns, 1, wanted)).toEqual({
    kind: 'event',
    eventId: 'b',
    userId: 'u-b',
    timeMs: Date.parse('2024-09-03T10:25:15Z'),
    currency: 'JPY',
    fields: new Map<string, string | number>([
      ['user_id', 'u-b'],
      ['data.price', 500],
      ['data.product_id', 'p1'],
    ]),
  })
})

test('columns that the type does not have are missing in every row', () => {
  const absent: ColumnRef = { path: 'data.query', name: 'query', type: { kind: 'text' } }
  const columns = newScanner().scan(toFetch([toBatch([eventText('a')])], { next: 1 }), [
    absent,
    PRICE,
  ])
  expect(viewRow(columns, 0, [absent, PRICE])).toMatchObject({ fields: new Map() })
})

/** As snappy-java writes it: a header of 16 bytes, then chunks behind their lengths. */
function packChunks(bytes: Uint8Array): Uint8Array {
  const header = [0x82, ...Buffer.from('SNAPPY'), 0, 0, 0, 0, 1, 0, 0, 0, 1]
  const parts = [bytes.subarray(0, 40), bytes.subarray(40)].map(part => {
    const chunk = snappyCompress(Buffer.from(part))
    const size = Buffer.alloc(4)
    size.writeUInt32BE(chunk.length)
    return Buffer.concat([size, chunk])
  })
  return Buffer.concat([Buffer.from(header), ...parts])
}

test.each([
  ['gzip', { id: 1, pack: (bytes: Uint8Array) => gzipSync(bytes) }],
  ['snappy', { id: 2, pack: (bytes: Uint8Array) => snappyCompress(Buffer.from(bytes)) }],
  ['snappy in chunks', { id: 2, pack: packChunks }],
  ['lz4', { id: 3, pack: (bytes: Uint8Array) => lz4Compress(Buffer.from(bytes)) }],
  ['zstd', { id: 4, pack: (bytes: Uint8Array) => zstdCompressSync(bytes) }],
])('records compressed with %s are read', (_, codec) => {
  const batches = [toBatch([eventText('a')]), toBatch([eventText('b')], { baseOffset: 1, codec })]
  expect(idsOf(newScanner().scan(toFetch(batches, { next: 2 }), []))).toEqual(['a', 'b'])
})

test.each([
  [1, 'gzip data that cannot be read'],
  [2, 'snappy data that cannot be read'],
  [3, 'lz4 data that cannot be read'],
  [4, 'zstd data that cannot be read'],
  [5, 'unknown data that cannot be read'],
])('records of codec %i are refused where they cannot be read', (id, message) => {
  const batch = toBatch([eventText('a')], { codec: { id, pack: bytes => bytes } })
  const scan = (): Columns => newScanner().scan(toFetch([batch], { next: 1 }), [])
  expect(scan).toThrow(
    expect.objectContaining({ code: 'LOG_CORRUPT', message: expect.stringContaining(message) }),
  )
})

test.each([
  [1, (bytes: Buffer) => gzipSync(bytes)],
  [2, (bytes: Buffer) => snappyCompress(bytes)],
  [3, (bytes: Buffer) => lz4Compress(bytes)],
  [4, (bytes: Buffer) => zstdCompressSync(bytes)],
])('a compression bomb of codec %i is refused', (id, pack) => {
  const bomb = pack(Buffer.alloc(200 * 2 ** 20))
  const batch = toBatch([eventText('a')], { codec: { id, pack: () => bomb } })
  expect(() => newScanner().scan(toFetch([batch], { next: 1 }), [])).toThrow(/cannot be read/)
})

test('with CreateTime a record carries its own time, or none', () => {
  const create = toBatch([eventText('a')], { attributes: 0, times: { base: 1234, max: 99 } })
  const none = toBatch([eventText('b')], {
    attributes: 0,
    baseOffset: 1,
    times: { base: -1, max: -1 },
  })
  const columns = newScanner().scan(toFetch([create, none], { next: 2 }), [])
  expect([...columns.arrivalMs.subarray(0, 2)]).toEqual([1234, -1])
  expect(columns.invalids.map(({ row, invalid }) => [row, invalid.code])).toEqual([[0, 'future']])
})

test('records below the offset asked for are left out; what is missing is a gap', () => {
  const batches = [
    toBatch([eventText('a'), eventText('b'), eventText('c')], { baseOffset: 3 }),
    toBatch([eventText('d')], { baseOffset: 10 }),
  ]
  const columns = newScanner().scan(toFetch(batches, { from: 4, next: 12 }), [])
  expect(idsOf(columns)).toEqual(['b', 'c', 'd'])
  // 6 to 9 between the batches, and 11 behind them.
  expect(columns).toMatchObject({ skippedCount: 0, gapCount: 5 })
})

test('control records are skipped, and offsets without bytes are a gap', () => {
  const control = toBatch(['x', 'y'], { attributes: 0x28 })
  const columns = newScanner().scan(
    toFetch([control, toBatch([eventText('a')], { baseOffset: 2 })], { next: 3 }),
    [],
  )
  expect(columns).toMatchObject({ rowCount: 1, skippedCount: 2, gapCount: 0 })
  expect(idsOf(columns)).toEqual(['a'])
  expect(newScanner().scan(toFetch([], { next: 7 }), [])).toMatchObject({
    rowCount: 0,
    gapCount: 7,
  })
})

test.each<[string, (batch: Buffer) => Buffer]>([
  [
    'a flipped bit',
    batch => {
      batch[80] = (batch[80] ?? 0) ^ 1
      return batch
    },
  ],
  ['a cut batch', batch => batch.subarray(0, -1)],
  ['bytes behind', batch => Buffer.concat([batch, Buffer.from('rest')])],
  [
    'magic 1',
    batch => {
      batch[16] = 1
      return batch
    },
  ],
  [
    'more records than there are',
    batch => {
      batch.writeInt32BE(5, 57)
      return seal(batch)
    },
  ],
  [
    'fewer records than there are',
    batch => {
      batch.writeInt32BE(1, 57)
      return seal(batch)
    },
  ],
  [
    'two billion records',
    batch => {
      batch.writeInt32BE(2 ** 31 - 1, 57)
      return seal(batch)
    },
  ],
  [
    'a record of a wrong length',
    batch => {
      batch[61] = (batch[61] ?? 0) ^ 2
      return seal(batch)
    },
  ],
  [
    'offsets past the fetch',
    batch => {
      batch.writeInt32BE(7, 4)
      return batch
    },
  ],
])('%s is LOG_CORRUPT', (_, spoil) => {
  const fetch = toFetch([spoil(toBatch([eventText('a'), eventText('b')]))], { next: 2 })
  expect(() => newScanner().scan(fetch, [])).toThrow(
    expect.objectContaining({ code: 'LOG_CORRUPT' }),
  )
})

test('every byte of the records may be spoilt: LOG_CORRUPT or rows, never a crash', () => {
  const scanner = newScanner()
  const size = toBatch([eventText('a'), eventText('b')]).length
  for (let at = BATCH_HEADER_BYTES; at < size; at += 1) {
    const batch = toBatch([eventText('a'), eventText('b')])
    batch[at] = 0xff
    try {
      scanner.scan(toFetch([seal(batch)], { next: 2 }), [])
    } catch (error) {
      expect(error).toMatchObject({ code: 'LOG_CORRUPT' })
    }
  }
})

test('white space behind an event ends with the event', () => {
  // Five headers: their count is the byte 0x0a, a line feed.
  const headers = Array.from({ length: 5 }, () => ({ key: 'h', value: toUtf8('v') }))
  const values = [`${eventText('a')} `, `${eventText('b')} ,`]
  const columns = newScanner().scan(toFetch([toBatch(values, { headers })], { next: 2 }), [])
  expect([...columns.valid.subarray(0, 2)]).toEqual([1, 0])
  // The first is not even unusual.
  expect(columns.slowCount).toBe(1)
})

test('sixteen bytes that are no date are not taken for the last one', () => {
  const text = eventText('a').replace('2024-09-03T10:25', '\0'.repeat(16))
  const { invalids } = newScanner().scan(toFetch([toBatch([text])], { next: 1 }), [])
  expect(invalids).toMatchObject([{ invalid: { code: 'not_json' } }])
})

const reasonHeader = (reason: string): Header => ({ key: 'weir-reason', value: toUtf8(reason) })

test.each([
  ['csv_line', 'a,b', { code: 'csv_line', pointer: '' }],
  ['missing', '{"event_type":"search"}', { code: 'missing', pointer: '/event_id' }],
  ['constructor', 'a,b', { code: 'not_json', pointer: '' }],
  ['too_large', eventText('a'), { code: 'too_large', pointer: '' }],
])('in weir.unparsed the reason %s', (reason, value, expected) => {
  const headers = [
    reasonHeader(reason),
    { key: 'weir-file', value: toUtf8('a.csv') },
    { key: 'weir-line', value: toUtf8('17') },
  ]
  const fetch = toFetch([toBatch([value], { headers })], { topic: 'weir.unparsed', next: 1 })
  const [row] = newScanner().scan(fetch, [USER]).invalids
  expect(row).toMatchObject({ invalid: expected, file: 'a.csv', line: 17 })
  expect(row?.key).toEqual(toUtf8('k0'))
  expect(row?.value).toEqual(toUtf8(value))
})

test('in weir.unparsed a valid event is wrong_topic, and a header elsewhere says nothing', () => {
  const headers = [reasonHeader('csv_line')]
  const unparsed = toFetch([toBatch([eventText('a')])], { topic: 'weir.unparsed', next: 1 })
  const scanner = newScanner()
  const invalid = { code: 'wrong_topic', pointer: '/event_type' }
  expect(scanner.scan(unparsed, []).invalids).toMatchObject([{ invalid }])
  const own = toFetch([toBatch([eventText('a')], { headers })], { next: 1 })
  expect(scanner.scan(own, []).invalids).toEqual([])
})

test('what a scan copies of invalid rows outlives the next scan', () => {
  const scanner = newScanner()
  const { invalids } = scanner.scan(toFetch([toBatch(['{"not":"one"}'])], { next: 1 }), [])
  scanner.scan(toFetch([toBatch([eventText('a'), eventText('b')])], { next: 2 }), [])
  expect(invalids[0]?.value).toEqual(toUtf8('{"not":"one"}'))
})

test('a scan is the same whatever was scanned before, in any spelling and order of keys', () => {
  const text = eventText('a', ',"price":12.50,"note":{"x":[1,"y"]}')
  const event = JSON.parse(text)
  const turned = JSON.stringify(Object.fromEntries(Object.entries(event).reverse()))
  const spaced = JSON.stringify(event, null, 2)
  const unknown = Array.from({ length: 200 }, (_, n) => text.replace('{', `{"k${n}":${n},`))
  const values = [text, turned, spaced, ...unknown, turned, text]
  const scanner = newScanner()
  const columns = scanner.scan(toFetch([toBatch(values)], { next: values.length }), [PRICE])
  expect(columns.slowCount).toBe(0)
  for (const row of values.keys()) {
    expect(viewRow(columns, row, [PRICE])).toMatchObject({
      fields: new Map([['data.price', 1250]]),
    })
  }
})

test('a null value is no_value', () => {
  const batch = toBatch([null])
  // Its last bytes: the value's length 0, which becomes -1, and the header count.
  const valueLengthAt = batch.length - 2
  expect(batch[valueLengthAt]).toBe(0)
  batch[valueLengthAt] = 1
  const { invalids } = newScanner().scan(toFetch([seal(batch)], { next: 1 }), [])
  expect(invalids).toMatchObject([{ invalid: { code: 'no_value', pointer: '' }, value: null }])
})
