import { expect, test } from 'vitest'
import { createScanner } from '../../src/engine/scan/byte-scanner.ts'
import { createChecker } from '../../src/engine/scan/check.ts'
import { createCatalog, UNPARSED_TOPIC } from '../../src/model/catalog.ts'
import type { Fetch } from '../../src/model/record.ts'
import { encodeRecordBatch } from '../../src/model/record-batch.ts'
import { SHOP_EVENTS } from '../../src/model/shop-events.ts'
import { INVALID_CODES } from '../../src/model/verdict.ts'
import { POISON } from './corpus.ts'

const ARRIVAL_MS = Date.parse('2026-01-01T00:00:00Z')

const catalog = createCatalog({
  events: SHOP_EVENTS,
  topicPrefix: 'shop.',
  currency: 'USD',
  dedupDays: 1,
  futureSkewMs: 3_600_000,
  eventAgeMsMax: null,
  partitions: 4,
  partitioner: 'murmur2',
})
const scanner = createScanner(catalog)
const check = createChecker(catalog)

function toFetch(topic: string, values: readonly Uint8Array[]): Fetch {
  const records = values.map(value => ({ key: null, value, headers: [] }))
  const bytes = encodeRecordBatch({ baseOffset: 0, arrivalMs: ARRIVAL_MS, records })
  const end = values.length
  return {
    topic,
    partition: 0,
    offset: 0,
    offsetNext: end,
    offsetFirst: 0,
    offsetEnd: end,
    abortedCount: 0,
    isVerified: false,
    bytes,
  }
}

function topicOf(value: Uint8Array): string {
  const { eventType } = check(value, ARRIVAL_MS)
  return catalog.topicPrefix + (eventType ?? UNPARSED_TOPIC)
}

test.each(POISON)('$category: $name', ({ bytes, expect: expected }) => {
  const invalid = expected === 'accepted' ? null : { kind: 'invalid', ...expected }
  expect(check(bytes, ARRIVAL_MS).invalid).toEqual(invalid)
  const columns = scanner.scan(toFetch(topicOf(bytes), [bytes]), [])
  expect(columns.rowCount).toBe(1)
  expect(columns.invalids[0]?.invalid ?? null).toEqual(invalid)
  expect(columns.valid[0]).toBe(invalid === null ? 1 : 0)
  if (invalid !== null) expect(columns.invalids[0]?.value).toEqual(new Uint8Array(bytes))
})

test('a poisonous neighbour changes nothing for the others of its batch', () => {
  const { bytes: good } = POISON[0] ?? { bytes: new Uint8Array(0) }
  const values = POISON.flatMap(({ bytes }) => [good, bytes])
  const columns = scanner.scan(toFetch('shop.page_view', values), [])
  expect(columns.rowCount).toBe(values.length)
  const evenRows = values.map((_, row) => row).filter(row => row % 2 === 0)
  expect(evenRows.every(row => columns.valid[row] === 1)).toBe(true)
})

test('the corpus has every category, with names of their own and known codes', () => {
  expect(new Set(POISON.map(({ category }) => category)).size).toBe(10)
  expect(new Set(POISON.map(({ category, name }) => `${category} ${name}`)).size).toBe(
    POISON.length,
  )
  for (const { expect: expected } of POISON) {
    if (expected !== 'accepted') expect(INVALID_CODES).toHaveProperty(expected.code)
  }
})
