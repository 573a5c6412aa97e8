import { zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toUtf8 } from '../std/bytes.ts'
import { crc32c } from '../std/crc32c.ts'
import { isFault } from '../std/fault.ts'
import type { NewRecord } from './record.ts'
import {
  decodeRecords,
  encodeRecordBatch,
  isBatchIntact,
  type NewBatch,
  peekBatchHeader,
  readBatchHeader,
  recordBytesMax,
  toProducedBatch,
} from './record-batch.ts'

// Put together by hand from the description of the format; the CRC by another implementation.
const VECTOR = [
  ['base offset', '0000000000000007'],
  ['length of what follows, 70', '00000046'],
  ['leader epoch', '00000000'],
  ['magic', '02'],
  ['CRC-32C', '18e732a1'],
  ['attributes: LogAppendTime', '0008'],
  ['last offset delta', '00000001'],
  ['base timestamp', '0000019000000000'],
  ['max timestamp', '0000019000000000'],
  ['producer id', 'ffffffffffffffff'],
  ['producer epoch', 'ffff'],
  ['base sequence', 'ffffffff'],
  ['record count', '00000002'],
  ['record 0: 10 bytes, attributes, timestamp delta, offset delta', '14000000'],
  ['  null key, value a, one header h with an empty value', '01 0261 02 0268 00'],
  ['record 1: 9 bytes, attributes, timestamp delta, offset delta', '12000002'],
  ['  key k, value vw, no headers', '026b 047677 00'],
]
  .map(([, hex]) => hex?.replaceAll(' ', ''))
  .join('')

const RECORDS: NewBatch['records'] = [
  { key: null, value: toUtf8('a'), headers: [{ key: 'h', value: new Uint8Array(0) }] },
  { key: toUtf8('k'), value: toUtf8('vw'), headers: [] },
]

function headerOf(bytes: Uint8Array): NonNullable<ReturnType<typeof readBatchHeader>> {
  const header = readBatchHeader(bytes, 0)
  if (header === null) throw new Error('no header')
  return header
}

test('a batch is, byte by byte, what the format says', () => {
  const bytes = encodeRecordBatch({ baseOffset: 7, arrivalMs: 0x190_0000_0000, records: RECORDS })
  expect(Buffer.from(bytes).toString('hex')).toBe(VECTOR)
})

test('a header says what the batch is, wherever the batch begins', () => {
  const batch = Buffer.from(VECTOR, 'hex')
  const bytes = Buffer.concat([Buffer.from('garbage'), batch])
  const header = readBatchHeader(bytes, 7)
  expect(header).toEqual({
    baseOffset: 7,
    lastOffset: 8,
    byteLength: batch.length,
    crc: 0x18e732a1,
    codec: 'none',
    timestampType: 'log-append',
    isTransactional: false,
    isControl: false,
    baseTimestamp: 0x190_0000_0000,
    maxTimestamp: 0x190_0000_0000,
    recordCount: 2,
    recordsStart: 7 + 61,
  })
  expect(header !== null && isBatchIntact(bytes, 7, header)).toBe(true)
})

test('attributes of other producers are read', () => {
  const bytes = Buffer.from(VECTOR, 'hex')
  bytes.writeInt16BE(0x34, 21)
  expect(headerOf(bytes)).toMatchObject({
    codec: 'zstd',
    timestampType: 'create',
    isTransactional: true,
    isControl: true,
  })
  bytes.writeInt16BE(0x07, 21)
  expect(headerOf(bytes).codec).toBe('unknown')
})

test.each([
  ['an older version', 16, 1],
  ['a negative base offset', 0, 0x80],
  ['a base offset past 2^53', 1, 0x20],
  ['a negative length', 8, 0x80],
  ['a last offset below the base', 23, 0x80],
  ['a negative record count', 57, 0x80],
  ['a length that no header fits in', 11, 0x05],
])('%s is no header', (_, at, byte) => {
  const bytes = Buffer.from(VECTOR, 'hex')
  bytes[at] = byte
  expect(peekBatchHeader(bytes, 0)).toBeNull()
})

test('a cut batch has no header, though its head can be peeked at', () => {
  const bytes = Buffer.from(VECTOR, 'hex')
  for (let size = 0; size < bytes.length; size += 1) {
    expect(readBatchHeader(bytes.subarray(0, size), 0)).toBeNull()
    expect(peekBatchHeader(bytes.subarray(0, size), 0) === null).toBe(size < 61)
  }
})

const recordArbitrary: fc.Arbitrary<Pick<NewRecord, 'key' | 'value' | 'headers'>> = fc.record({
  key: fc.option(fc.uint8Array({ maxLength: 200 })),
  value: fc.uint8Array({ maxLength: 300 }),
  headers: fc.array(
    fc.record({
      key: fc.string({ unit: 'grapheme' }),
      value: fc.uint8Array({ maxLength: 80 }),
    }),
    { maxLength: 3 },
  ),
})
const batchArbitrary: fc.Arbitrary<NewBatch> = fc.record({
  baseOffset: fc.nat(2 ** 31).map(offset => offset * 2 ** 20),
  arrivalMs: fc.nat(4_102_444_800_000),
  records: fc.array(recordArbitrary, { minLength: 1, maxLength: 140 }),
})

test('what is encoded is decoded', () => {
  fc.assert(
    fc.property(batchArbitrary, batch => {
      const bytes = encodeRecordBatch(batch)
      const header = headerOf(bytes)
      expect(isBatchIntact(bytes, 0, header)).toBe(true)
      expect(header.lastOffset).toBe(batch.baseOffset + batch.records.length - 1)
      expect(decodeRecords(bytes, header).map(toPlain)).toEqual(
        batch.records.map((record, index) =>
          toPlain({ ...record, offset: batch.baseOffset + index, arrivalMs: batch.arrivalMs }),
        ),
      )
      let sizeMax = 61
      for (const record of batch.records) sizeMax += recordBytesMax(record)
      expect(bytes.length).toBeLessThanOrEqual(sizeMax)
    }),
  )
})

function toPlain(record: ReturnType<typeof decodeRecords>[number]): unknown {
  const hex = (bytes: Uint8Array | null): string | null =>
    bytes === null ? null : Buffer.from(bytes).toString('hex')
  const headers = record.headers.map(header => ({ key: header.key, value: hex(header.value) }))
  return { ...record, key: hex(record.key), value: hex(record.value), headers }
}

test('any byte changed behind the CRC is noticed', () => {
  for (let at = 17; at < VECTOR.length / 2; at += 1) {
    const bytes = Buffer.from(VECTOR, 'hex')
    bytes[at] = (bytes[at] ?? 0) ^ 0x10
    const header = readBatchHeader(bytes, 0)
    expect(header !== null && isBatchIntact(bytes, 0, header)).toBe(false)
  }
})

test('records that do not fit their header are refused, not misread', () => {
  fc.assert(
    fc.property(batchArbitrary, fc.nat(), fc.integer({ min: 1, max: 255 }), (batch, at, mask) => {
      const bytes = Buffer.from(encodeRecordBatch(batch))
      const place = 57 + (at % (bytes.length - 57))
      bytes[place] = (bytes[place] ?? 0) ^ mask
      bytes.writeUInt32BE(crc32c(bytes, 21), 17)
      const header = readBatchHeader(bytes, 0)
      if (header === null) return
      try {
        expect(decodeRecords(bytes, header)).toHaveLength(header.recordCount)
      } catch (error) {
        if (!isFault(error, 'LOG_CORRUPT')) throw error
      }
    }),
  )
})

test('a batch of a producer, compressed, has the same records', () => {
  const plain = Buffer.from(VECTOR, 'hex')
  const produced = toProducedBatch(plain, {
    producerId: 7n,
    producerEpoch: 3,
    baseSequence: 11,
    codec: 'zstd',
    body: zstdCompressSync(plain.subarray(61)),
  })
  const bytes = Buffer.from(produced)
  const header = headerOf(bytes)
  expect(header).toMatchObject({ codec: 'zstd', timestampType: 'create', isControl: false })
  expect(isBatchIntact(bytes, 0, header)).toBe(true)
  expect([bytes.readBigInt64BE(43), bytes.readInt16BE(51), bytes.readInt32BE(53)]).toEqual([
    7n,
    3,
    11,
  ])
  const values = (batch: Uint8Array): readonly unknown[] =>
    decodeRecords(batch, headerOf(batch)).map(record => [record.offset, record.value])
  expect(values(bytes)).toEqual(values(plain))
})

test('compressed data that is none is told', () => {
  const bytes = Buffer.from(VECTOR, 'hex')
  bytes.writeInt16BE(0x04, 21)
  expect(() => decodeRecords(bytes, headerOf(bytes))).toThrow('its zstd data cannot be read')
})

test('with CreateTime, a record has its own time', () => {
  const bytes = Buffer.from(VECTOR, 'hex')
  bytes.writeInt16BE(0, 21)
  bytes[61 + 2] = 0x0c // timestamp delta of record 0: 6
  const times = decodeRecords(bytes, headerOf(bytes)).map(record => record.arrivalMs)
  expect(times).toEqual([0x190_0000_0006, 0x190_0000_0000])
})
