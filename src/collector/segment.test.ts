import { describe, expect, test } from 'vitest'
import type { CheckKey } from '../model/access.ts'
import { createCatalog } from '../model/catalog.ts'
import { toProblem } from '../model/problem.ts'
import { SHOP_EVENTS } from '../model/shop-events.ts'
import { fromUtf8, toUtf8 } from '../std/bytes.ts'
import type { Clock } from '../std/clock.ts'
import type { Reading } from './reading.ts'
import { createSegment } from './segment.ts'
import { planSegment } from './segment-plan.ts'

const clock: Clock = { now: () => 0, monotonic: () => 0, sleep: async () => {} }
const catalog = createCatalog({
  events: SHOP_EVENTS,
  topicPrefix: '',
  currency: 'USD',
  dedupDays: 1,
  futureSkewMs: 3_600_000,
  eventAgeMsMax: null,
  partitions: 4,
  partitioner: 'murmur2',
})
const checkKey: CheckKey = key => (key === 'good' ? null : toProblem('unauthorized', 'no'))

function open(): ReturnType<typeof createSegment> {
  return createSegment({ plan: planSegment({}, catalog), checkKey, clock, itemCountMax: 3 })
}

function read(body: string, path = '/v1/batch', headers = { authorization: 'Bearer x' }): Reading {
  return open().read({ path, headers, bytes: toUtf8(body) })
}

function textsOf(reading: Reading): readonly string[] {
  return reading.kind === 'items' ? reading.items.map(({ bytes }) => fromUtf8(bytes)) : []
}

describe('what is kept', () => {
  test('each call of a batch, with its place; what is none as it came', () => {
    const reading = read('{"batch":[ 7 ,{"type":"page"},{"type":"nope", "a":1}],"writeKey":"k"}')
    const texts = textsOf(reading)
    expect(texts).toHaveLength(3)
    expect([texts[0], texts[2]]).toEqual(['7', '{"type":"nope", "a":1}'])
    expect(texts[1]).toContain('"event_type":"page_view"')
    const lines = reading.kind === 'items' ? reading.items.map(item => item.origin?.line) : []
    expect(lines).toEqual([1, 2, 3])
    expect(reading.kind === 'items' && reading.answer([])).toBe('{"success":true}\n')
  })

  test('a call by itself is what its path says', () => {
    const [text] = textsOf(read('{"type":"identify","event":"Products Searched"}', '/v1/track'))
    expect(text).toContain('"event_type":"search"')
    expect(text).toContain('"segment":{"type":"track"')
  })

  test('who somebody is, is counted once all else is durable', () => {
    const segment = open()
    const bytes = toUtf8('{"batch":[{"type":"identify"},{"type":"alias"},{"type":"identify"}]}')
    const reading = segment.read({ path: '/v1/batch', headers: { 'x-api-key': 'k' }, bytes })
    expect(textsOf(reading)).toEqual([])
    expect(segment.ignored.size).toBe(0)
    if (reading.kind === 'items') reading.done?.()
    expect(Object.fromEntries(segment.ignored)).toEqual({ identify: 2, alias: 1 })
  })
})

describe('what is refused', () => {
  test.each([
    ['{"batch":[', '/v1/batch', 'body_invalid', 'no JSON'],
    ['', '/v1/track', 'body_invalid', 'no JSON'],
    ['[]', '/v1/track', 'body_invalid', 'no JSON object'],
    ['{"batch":{}}', '/v1/batch', 'body_invalid', "no list 'batch'"],
    ['{}', '/v1/import', 'body_invalid', '/v1/import'],
    ['{"batch":[1,2,3,4]}', '/v1/batch', 'items_too_many', '3'],
  ])('%s at %s', (body, path, code, words) => {
    const reading = read(body, path)
    expect(reading).toMatchObject({ kind: 'problem', problem: { code } })
    expect(JSON.stringify(reading)).toContain(words)
  })

  test('what is no UTF-8', () => {
    const bytes = Uint8Array.of(0x22, 0xff, 0x22)
    const reading = open().read({ path: '/v1/track', headers: { 'x-api-key': 'k' }, bytes })
    expect(reading).toMatchObject({ problem: { code: 'body_invalid' } })
  })
})

describe('the key', () => {
  test.each([
    ['{"batch":[],"writeKey":"good"}', {}, 'items'],
    ['{"batch":[],"writeKey":"bad"}', {}, 'problem'],
    ['{"batch":[]}', {}, 'problem'],
    ['{}', {}, 'problem'],
    ['{"batch":[],"writeKey":["good"]}', {}, 'problem'],
    // The door has looked at the key in a header, and at no key in one that is none.
    ['{"batch":[],"writeKey":"bad"}', { authorization: 'Bearer x' }, 'items'],
    ['{"batch":[]}', { authorization: 'Digest x' }, 'problem'],
    ['{"batch":[]}', { authorization: 'Bearer' }, 'problem'],
  ])('%s with %j', (body, headers, kind) => {
    const reading = open().read({ path: '/v1/batch', headers, bytes: toUtf8(body) })
    expect(reading.kind).toBe(kind)
  })
})
