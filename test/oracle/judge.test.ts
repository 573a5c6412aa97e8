import { expect, test } from 'vitest'
import type { Judgement } from './judge.ts'
import { judge } from './judge.ts'
import type { OracleRecord } from './read-log.ts'
import { SHOP_SETTINGS } from './shop.ts'
import { readTime } from './time.ts'

const ARRIVAL_MS = Date.parse('2024-09-03T12:00:00Z')

/** A record of a text, or of an event's fields beside those that every view has. */
function recordOf(value: string | Uint8Array | object, topic = 'product_view'): OracleRecord {
  const isPlain = typeof value === 'object' && !(value instanceof Uint8Array)
  const text = isPlain ? JSON.stringify({ ...VIEW, ...value }) : value
  return {
    topic,
    partition: 0,
    offset: 0,
    arrivalMs: ARRIVAL_MS,
    key: null,
    value: typeof text === 'string' ? Buffer.from(text) : text,
    headers: new Map(),
  }
}

const VIEW = {
  event_id: 'e1',
  event_type: 'product_view',
  user_id: 'u1',
  timestamp: '2024-09-03T10:00:00Z',
  data: { product_id: 'p1' },
}

const said = (verdict: Judgement | undefined): string =>
  verdict?.kind === 'invalid' ? `${verdict.code} ${verdict.pointer}`.trim() : String(verdict?.kind)

test.each([
  [{}, 'accepted'],
  ['', 'not_json'],
  ['{', 'not_json'],
  ['\uFEFF{}', 'not_json'],
  [new Uint8Array([0x22, 0xff, 0x22]), 'not_utf8'],
  ['[]', 'not_object'],
  ['7', 'not_object'],
  [`${'['.repeat(33)}${']'.repeat(33)}`, 'too_deep'],
  [`${'['.repeat(32)}${']'.repeat(32)}`, 'not_object'],
  ['["[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["]', 'not_object'],
  [{ x: '\ud800' }, 'lone_surrogate'],
  ['{"\\udc00":1}', 'lone_surrogate'],
  [{ x: '\\ud800' }, 'accepted'],
  [{ x: 'a'.repeat(65_536) }, 'too_large'],
  ['{}', 'missing /event_type'],
  [{ event_type: null }, 'missing /event_type'],
  [{ event_type: 'constructor' }, 'unknown_type /event_type'],
  [{ event_type: 'search' }, 'wrong_topic /event_type'],
  [{ event_id: '' }, 'empty /event_id'],
  [{ event_id: 7 }, 'wrong_type /event_id'],
  [{ user_id: 'é'.repeat(128) }, 'accepted'],
  [{ user_id: `${'é'.repeat(128)}a` }, 'too_long /user_id'],
  [{ timestamp: '2024-09-03 10:00:00Z' }, 'bad_timestamp /timestamp'],
  [{ timestamp: '2024-09-03T13:00:00.000Z' }, 'accepted'],
  [{ timestamp: '2024-09-03T13:00:00.001Z' }, 'future /timestamp'],
  [{ timestamp: '0001-01-01T00:00:00Z' }, 'accepted'],
  [{ session_id: null }, 'accepted'],
  [{ session_id: 1 }, 'wrong_type /session_id'],
  [{ data: null }, 'missing /data/product_id'],
  [{ data: [] }, 'wrong_type /data'],
  [{ data: { product_id: 'p', price: 1.25 } }, 'accepted'],
  [{ data: { product_id: 'p', price: 1.255 } }, 'too_precise /data/price'],
  [{ data: { product_id: 'p', price: '1' } }, 'wrong_type /data/price'],
  [{ data: { product_id: 'p', price: 1e14 } }, 'out_of_range /data/price'],
  [{ data: { product_id: 'p', price: 1e13 } }, 'accepted'],
  [{ data: { product_id: 'p', price: 1.25, currency: 'JPY' } }, 'too_precise /data/price'],
  [{ data: { product_id: 'p', price: 1.255, currency: 'KWD' } }, 'accepted'],
  [{ data: { product_id: 'p', currency: 'usd' } }, 'unknown_currency /data/currency'],
  [`{"__proto__":{"event_type":"search"},${JSON.stringify(VIEW).slice(1)}`, 'accepted'],
  [`{"event_id":1,${JSON.stringify(VIEW).slice(1)}`, 'accepted'],
] as const)('%j is %s', (value, verdict) => {
  expect(said(judge([recordOf(value)], SHOP_SETTINGS)[0]?.verdict)).toBe(verdict)
})

test('lists are checked item by item, and integers by their value', () => {
  const buy = (products: unknown): OracleRecord =>
    recordOf(
      { event_type: 'purchase', data: { order_id: 'o', total_amount: 1, products } },
      'purchase',
    )
  const verdicts = [
    [],
    [{ quantity: 2 }, { quantity: 1.5 }],
    [{ quantity: 0 }],
    [7],
    {},
    [{ quantity: 1e2, price: 0.001 }],
  ].map(products => said(judge([buy(products)], SHOP_SETTINGS)[0]?.verdict))
  expect(verdicts).toEqual([
    'accepted',
    'not_integer /data/products/1/quantity',
    'out_of_range /data/products/0/quantity',
    'wrong_type /data/products/0',
    'wrong_type /data/products',
    'too_precise /data/products/0/price',
  ])
})

test('in weir.unparsed nothing is accepted', () => {
  const whole = recordOf({}, 'weir.unparsed')
  const told = { ...whole, headers: new Map([['weir-reason', 'csv_line']]) }
  const untold = { ...whole, headers: new Map([['weir-reason', 'toString']]) }
  const verdicts = judge([whole, told, untold], SHOP_SETTINGS).map(({ verdict }) => said(verdict))
  expect(verdicts).toEqual(['wrong_topic /event_type', 'csv_line', 'wrong_topic /event_type'])
})

test('the same event within a day of an accepted one is a duplicate', () => {
  const at = (timestamp: string, more: object = {}): OracleRecord =>
    recordOf({ timestamp, ...more })
  const records = [
    at('2024-08-01T23:59:59Z'),
    at('2024-08-02T00:00:00Z'),
    // Two days from the accepted one, though one from its duplicate.
    at('2024-08-03T00:00:00Z'),
    at('2024-08-02T10:00:00Z'),
    at('2024-08-01T10:00:00Z', { user_id: 'u2' }),
    at('2024-08-01T10:00:00Z', { event_id: 'e2' }),
    { ...at('2024-08-01T10:00:00Z'), partition: 1 },
  ]
  const verdicts = judge(records, SHOP_SETTINGS).map(({ verdict }) => verdict.kind)
  expect(verdicts).toEqual([
    'accepted',
    'duplicate',
    'accepted',
    'duplicate',
    'accepted',
    'accepted',
    'accepted',
  ])
})

test.each([
  ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
  ['2024-09-03T10:15:30.1239Z', '2024-09-03T10:15:30.123Z'],
  ['2024-09-03T10:15:30+05:30', '2024-09-03T04:45:30.000Z'],
  ['2024-09-03T10:15:30-00:30', '2024-09-03T10:45:30.000Z'],
  ['0001-01-01T00:00:00+00:01', null],
  ['9999-12-31T23:59:59.9999Z', '9999-12-31T23:59:59.999Z'],
  ['9999-12-31T23:59:59-00:01', null],
  ['0000-12-31T23:59:59Z', null],
  ['2023-02-29T00:00:00Z', null],
  ['2024-09-03T24:00:00Z', null],
  ['2024-09-03T23:59:60Z', null],
  ['2024-09-03T10:15Z', null],
  ['2024-09-03T10:15:30', null],
  ['2024-09-03t10:15:30z', null],
  ['2024-09-03T10:15:30+24:00', null],
  ['2024-09-03T10:15:30.Z', null],
  ['', null],
])('the instant of %s', (text, instant) => {
  const timeMs = readTime(text)
  expect(timeMs === null ? null : new Date(timeMs).toISOString()).toBe(instant)
})
