import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createCatalog } from '../model/catalog.ts'
import { partitionOf } from '../model/partitioner.ts'
import type { NewRecord } from '../model/record.ts'
import { SHOP_EVENTS } from '../model/shop-events.ts'
import type { ItemCheck } from '../model/verdict.ts'
import { fromUtf8, toUtf8 } from '../std/bytes.ts'
import { createSystemClock } from '../std/clock.ts'
import { Fault } from '../std/fault.ts'
import type { Item } from './collector.ts'
import { COLLECTOR_LIMITS, createCollector } from './collector.ts'

const CATALOG = createCatalog({
  events: SHOP_EVENTS,
  topicPrefix: 'shop.',
  currency: 'USD',
  dedupDays: 1,
  futureSkewMs: 3_600_000,
  eventAgeMsMax: null,
  partitions: 4,
  partitioner: 'murmur2',
})
const SIGNAL = new AbortController().signal
const NOT_JSON: ItemCheck = {
  eventType: null,
  eventId: null,
  userId: null,
  invalid: { kind: 'invalid', code: 'not_json', pointer: '' },
}
const GOOD: ItemCheck = {
  eventType: 'search',
  eventId: 'e1',
  userId: toUtf8('u1'),
  invalid: null,
}

/** Collects one item that looks like `looks`, and gives back what was appended and answered. */
async function collectOne(item: Item, looks: ItemCheck) {
  const records: NewRecord[] = []
  const collector = createCollector({
    check: () => looks,
    append: async batch => {
      records.push(...batch)
      return []
    },
    catalog: CATALOG,
    clock: createSystemClock(),
    limits: COLLECTOR_LIMITS,
  })
  const answers = await collector.collect([item], SIGNAL)
  const headers = records[0]?.headers.map(({ key, value }) => [key, fromUtf8(value)]) ?? []
  return { records, answers, headers: Object.fromEntries(headers) as Record<string, string> }
}

function toItem(text: string): Item {
  return { bytes: toUtf8(text), origin: null }
}

test('a good event goes to the topic of its type and the partition of its user', async () => {
  const { records, answers } = await collectOne(toItem('{}'), GOOD)
  expect(records).toEqual([
    {
      topic: 'shop.search',
      partition: partitionOf(toUtf8('u1'), 4, 'murmur2'),
      key: toUtf8('u1'),
      value: toUtf8('{}'),
      headers: [],
    },
  ])
  expect(answers).toEqual([{ index: 0, event_id: 'e1', status: 'stored' }])
})

test('an invalid event whose type and user are known goes there too, as it is', async () => {
  const invalid = { kind: 'invalid', code: 'missing', pointer: '/data/query' } as const
  const { records, answers } = await collectOne(toItem('{}'), { ...GOOD, invalid })
  expect(records[0]).toMatchObject({ topic: 'shop.search', key: toUtf8('u1'), headers: [] })
  expect(answers).toEqual([
    { index: 0, event_id: 'e1', status: 'invalid', code: 'missing', pointer: '/data/query' },
  ])
})

test('what cannot be read goes to weir.unparsed, always to the same partition', async () => {
  const first = await collectOne(toItem('nonsense'), NOT_JSON)
  const second = await collectOne(toItem('nonsense'), NOT_JSON)
  expect(first.records).toEqual(second.records)
  expect(first.records[0]).toMatchObject({ topic: 'shop.weir.unparsed', key: null, headers: [] })
  expect(first.answers).toEqual([
    { index: 0, event_id: null, status: 'invalid', code: 'not_json', pointer: '' },
  ])
})

test('an importer says why a line is no event, and where it stood', async () => {
  const origin = { reason: 'csv_line', file: 'shop.csv', line: 7, cut: null } as const
  const { records, headers } = await collectOne({ bytes: toUtf8('a,b'), origin }, GOOD)
  expect(records[0]).toMatchObject({ topic: 'shop.weir.unparsed', value: toUtf8('a,b') })
  const expected = { 'weir-reason': 'csv_line', 'weir-file': 'shop.csv', 'weir-line': '7' }
  expect(headers).toEqual(expected)
})

test('an imported line that is looked at keeps its origin only if it is invalid', async () => {
  const item = { bytes: toUtf8('{}'), origin: { reason: null, file: 'f', line: 3, cut: null } }
  expect((await collectOne(item, GOOD)).headers).toEqual({})
  const headers = { 'weir-file': 'f', 'weir-line': '3' }
  expect((await collectOne(item, NOT_JSON)).headers).toEqual(headers)
})

test('an item that was cut before keeps the length and hash of the whole', async () => {
  const cut = { lengthBytes: 9_000_000, sha256: 'ab'.repeat(32) }
  const origin = { reason: null, file: 'f', line: 3, cut }
  const { headers } = await collectOne({ bytes: toUtf8('x'.repeat(65_537)), origin }, GOOD)
  expect(headers).toMatchObject({ 'weir-length': '9000000', 'weir-sha256': cut.sha256 })
})

test('an item over 64 KiB keeps its beginning, its length and its hash', async () => {
  const bytes = toUtf8('x'.repeat(65_537))
  const { records, headers, answers } = await collectOne({ bytes, origin: null }, GOOD)
  expect(records[0]?.topic).toBe('shop.weir.unparsed')
  expect(records[0]?.value).toEqual(bytes.subarray(0, 65_536))
  expect(headers).toEqual({
    'weir-reason': 'too_large',
    'weir-length': '65537',
    'weir-sha256': createHash('sha256').update(bytes).digest('hex'),
  })
  expect(answers[0]).toMatchObject({ status: 'invalid', code: 'too_large', event_id: null })
})

test('64 KiB exactly are not too large', async () => {
  const { records } = await collectOne(toItem('x'.repeat(65_536)), GOOD)
  expect(records[0]?.topic).toBe('shop.search')
})

test('a log that cannot take it is not answered as stored', async () => {
  const collector = createCollector({
    check: () => GOOD,
    append: async () => {
      throw new Fault('LOG_FULL', 'the log is full')
    },
    catalog: CATALOG,
    clock: createSystemClock(),
    limits: COLLECTOR_LIMITS,
  })
  await expect(collector.collect([toItem('{}')], SIGNAL)).rejects.toThrow('the log is full')
})
