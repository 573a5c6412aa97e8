import { describe, expect, test } from 'vitest'
import { createChecker } from '../engine/scan/check.ts'
import type { Catalog } from '../model/catalog.ts'
import { createCatalog } from '../model/catalog.ts'
import { defineEvent } from '../model/event.ts'
import { string } from '../model/field.ts'
import type { SegmentCall, SegmentConfig } from '../model/segment.ts'
import { SHOP_EVENTS } from '../model/shop-events.ts'
import { assert } from '../std/assert.ts'
import { fromUtf8, toUtf8 } from '../std/bytes.ts'
import { readJson } from '../std/json.ts'
import type { Translated } from './segment-event.ts'
import { toEvent } from './segment-event.ts'
import { planSegment } from './segment-plan.ts'

const NOW_MS = Date.parse('2024-09-03T12:00:00Z')
const CATALOG: Catalog = createCatalog({
  events: [...SHOP_EVENTS, defineEvent('checkout_started', { cart_id: string() })],
  topicPrefix: '',
  currency: 'USD',
  dedupDays: 1,
  futureSkewMs: 3_600_000,
  eventAgeMsMax: null,
  partitions: 4,
  partitioner: 'murmur2',
})
const check = createChecker(CATALOG)

function translate(text: string, call: SegmentCall, config: SegmentConfig = {}): Translated {
  const bytes = toUtf8(text)
  const { root } = readJson(bytes, 64)
  assert(root?.kind === 'object', 'a call is an object')
  return toEvent({ bytes, object: root, call, nowMs: NOW_MS }, planSegment(config, CATALOG))
}

function eventOf(text: string, call: SegmentCall = 'track', config: SegmentConfig = {}): string {
  const translated = translate(text, call, config)
  return translated.kind === 'event' ? fromUtf8(translated.bytes) : 'ignored'
}

const HEAD = '"messageId":"m1","userId":"u1","timestamp":"2024-09-03T10:25:15.123Z"'
const ENVELOPE = (type: string): string =>
  `"event_id":"m1","event_type":"${type}","user_id":"u1","timestamp":"2024-09-03T10:25:15.123Z"`

/** `userId` is said elsewhere; `event` stays. */
function toTracked(name: string, properties: string): string {
  return eventOf(`{"event":"${name}",${HEAD},"properties":${properties}}`)
}

describe('the names of the e-commerce spec', () => {
  test.each([
    [
      'Product Viewed',
      '{"product_id":"p1","sku":"s1","name":"Tea","category":"Food","price":18.990,"brand":"B"}',
      'product_view',
      '{"product_id":"p1","product_name":"Tea","category":"Food","price":18.990,' +
        '"sku":"s1","brand":"B"}',
    ],
    ['Product Viewed', '{"sku":"s1"}', 'product_view', '{"product_id":"s1"}'],
    [
      'Product Viewed',
      '{"product_id":null,"sku":507,"price":"1e2","currency":"EUR"}',
      'product_view',
      '{"currency":"EUR","product_id":"507","price":1e2}',
    ],
    ['Product Added', '{"product_id":"p1"}', 'add_to_cart', '{"product_id":"p1","quantity":1}'],
    [
      'Product Added',
      '{"product_id":"p1","quantity":"3"}',
      'add_to_cart',
      '{"product_id":"p1","quantity":3}',
    ],
    ['Product Added to Wishlist', '{"sku":"s"}', 'add_to_wishlist', '{"product_id":"s"}'],
    ['Products Searched', '{"query":"blaue \\u00e4"}', 'search', '{"query":"blaue \\u00e4"}'],
    [
      'Order Completed',
      '{"order_id":"o1","total":0.10,"revenue":9,"currency":"USD","products":' +
        '[{"sku":"s1","price":19.990,"quantity":2,"x":null},7]}',
      'purchase',
      '{"currency":"USD","order_id":"o1","total_amount":0.10,"products":' +
        '[{"product_id":"s1","quantity":2,"price":19.990,"x":null},7],"revenue":9}',
    ],
    [
      'Order Completed',
      '{"order_id":"o1","revenue":123456789012.34}',
      'purchase',
      '{"order_id":"o1","total_amount":123456789012.34}',
    ],
    ['checkout_started', '{"cart_id":"c"}', 'checkout_started', '{"cart_id":"c"}'],
  ])('%s %s', (name, properties, type, data) => {
    const kept = `"segment":{"type":"track","event":"${name}"}`
    expect(toTracked(name, properties)).toBe(`{${ENVELOPE(type)},"data":${data},${kept}}`)
  })

  test.each([
    ['Product Viewed', '{"product_id":"p1","price":18.99}'],
    ['Product Added', '{"product_id":"p1"}'],
    ['Product Added to Wishlist', '{"product_id":"p1"}'],
    ['Products Searched', '{"query":"tea"}'],
    ['Order Completed', '{"order_id":"o1","total":"9.99","products":[{"sku":3}]}'],
  ])('%s is valid', (name, properties) => {
    expect(check(toUtf8(toTracked(name, properties)), NOW_MS).invalid).toBeNull()
  })
})

describe('what is no name that is known', () => {
  test.each([
    ['an unknown name', '"event":"Coupon Applied",', 'unknown_type', '/event_type'],
    ['no name', '', 'missing', '/event_type'],
    ['no text', '"event":7,', 'wrong_type', '/event_type'],
    ['a prototype', '"event":"__proto__",', 'unknown_type', '/event_type'],
  ])('%s is an item all the same, and found invalid', (_, name, code, pointer) => {
    const event = eventOf(`{${name}${HEAD},"properties":{"a":1.10}}`)
    expect(event).toContain('"data":{"a":1.10}')
    const found = check(toUtf8(event), NOW_MS)
    expect(found).toMatchObject({ eventType: null, invalid: { code, pointer } })
  })

  test('properties that are no object are kept, and found invalid', () => {
    const event = toTracked('Product Viewed', '["p1"]')
    expect(check(toUtf8(event), NOW_MS).invalid).toMatchObject({ code: 'wrong_type' })
  })
})

describe('who, when and which', () => {
  const view = (members: string): Record<string, unknown> =>
    JSON.parse(eventOf(`{"event":"Product Viewed",${members}"properties":{"sku":"s"}}`)) as Record<
      string,
      unknown
    >

  test.each([
    ['"userId":"u","anonymousId":"a",', 'u'],
    ['"userId":null,"anonymousId":"a",', 'a'],
    ['"userId":"","anonymousId":"a",', 'a'],
    ['"anonymousId":"a",', 'a'],
    ['"userId":12345678901234567890,', '12345678901234567890'],
    ['', undefined],
  ])('%s is user %s', (members, user) => {
    expect(view(members)['user_id']).toBe(user)
  })

  test('the anonymous id stays beside the user', () => {
    expect(view('"userId":"u","anonymousId":"a",')['segment']).toEqual({
      type: 'track',
      event: 'Product Viewed',
      anonymousId: 'a',
    })
  })

  test.each([
    ['"timestamp":"2024-09-03T10:00:00Z","sentAt":"2024-09-03T11:00:00Z",', '2024-09-03T10:00:00Z'],
    ['"originalTimestamp":"2024-09-03T09:00:00+02:00",', '2024-09-03T09:00:00+02:00'],
    ['', '2024-09-03T12:00:00.000Z'],
  ])('%s is at %s', (members, timestamp) => {
    expect(view(members)['timestamp']).toBe(timestamp)
  })

  test('a call without an id has one of its bytes and its time', () => {
    const id = (members: string): unknown => view(members)['event_id']
    expect(id('"timestamp":"t1",')).toMatch(/^segment-[0-9a-f]{32}$/)
    expect(id('"timestamp":"t1",')).toBe(id('"timestamp":"t1",'))
    expect(id('"timestamp":"t1",')).not.toBe(id('"timestamp":"t2",'))
  })

  test('the write key is not kept', () => {
    expect(JSON.stringify(view('"writeKey":"weir_secret",'))).not.toContain('weir_secret')
  })

  test('what stands in context, and a session, are kept', () => {
    const event = view('"context":{"ip":"::1","n":[1]},')
    expect(event['segment']).toMatchObject({ context: { ip: '::1', n: [1] } })
    const text = eventOf('{"event":"Product Viewed","properties":{"session_id":7,"sku":"s"}}')
    expect(JSON.parse(text)).toMatchObject({ session_id: '7', data: { product_id: 's' } })
  })

  test('half of a surrogate pair stays what it is, and is found', () => {
    const text = `{"event":"Product Viewed",${HEAD},"properties":{"sku":"\\ud800","\\udc00":1}}`
    const found = check(toUtf8(eventOf(text)), NOW_MS)
    expect(found.invalid).toMatchObject({ code: 'lone_surrogate' })
  })
})

describe('the other calls', () => {
  test.each(['page', 'screen'] as const)('%s is a page view', call => {
    const event = eventOf(`{${HEAD},"name":"N","properties":{"url":"https://x/"}}`, call)
    expect(event).toBe(
      `{${ENVELOPE('page_view')},"data":{"page_url":"https://x/"},` +
        `"segment":{"type":"${call}","name":"N"}}`,
    )
    const inContext = eventOf(`{${HEAD},"context":{"page":{"url":"https://y/"}}}`, call)
    expect(inContext).toContain('"data":{"page_url":"https://y/"}')
  })

  test.each(['identify', 'group', 'alias'] as const)('%s is ignored', call => {
    expect(translate('{}', call)).toEqual({ kind: 'ignored', call })
  })
})

describe('a config', () => {
  test('adds names, and takes some away', () => {
    const config: SegmentConfig = {
      events: {
        'Checkout Started': {
          type: 'checkout_started',
          data: { cart_id: ['properties.cart.id', 'context.cart'] },
        },
        'Product Viewed': null,
      },
      calls: { identify: { type: 'page_view', otherwise: { page_url: '/login' } }, page: null },
    }
    const call = `{"event":"Checkout Started",${HEAD},"properties":{"cart":{"id":"c"}}}`
    expect(eventOf(call, 'track', config)).toContain('"data":{"cart_id":"c","cart":{"id":"c"}}')
    expect(eventOf(`{"event":"Product Viewed",${HEAD}}`, 'track', config)).toBe('ignored')
    expect(eventOf(`{${HEAD}}`, 'identify', config)).toContain('"data":{"page_url":"/login"}')
    expect(eventOf(`{${HEAD}}`, 'page', config)).toBe('ignored')
  })

  test.each<[string, unknown, RegExp]>([
    ['a type', { events: { A: { type: 'nope' } } }, /'A' becomes 'nope', which is no event type/],
    [
      'a field',
      { events: { A: { type: 'search', data: { q: [] } } } },
      /fills 'q', but search has/,
    ],
    ['a path', { events: { A: { type: 'search', data: { query: 'q' } } } }, /no list of paths/],
    ['a call', { calls: { track: null } }, /segment.calls has 'track'/],
    ['a part', { names: {} }, /segment has 'names'/],
    ['no object', [], /segment is no object/],
    ['a rule', { events: { A: 'search' } }, /segment: 'A' is no object/],
    ['a part of a rule', { events: { A: { type: 'search', from: 1 } } }, /has 'from'/],
  ])('with a wrong %s is refused', (_, config, message) => {
    expect(() => planSegment(config as SegmentConfig, CATALOG)).toThrow(message)
  })
})
