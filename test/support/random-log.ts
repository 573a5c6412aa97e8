/**
 * Random logs: what visitors and broken clients may send, around the days on which clocks change.
 * Few users, ids and products, so that duplicates, repeated orders and ties are common.
 */
import fc from 'fast-check'
import type { NewRecord } from '../../src/model/record.ts'
import { partitionOf } from '../oracle/murmur2.ts'
import type { Append } from './river.ts'

export const ZONES = [
  'UTC',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Europe/Berlin',
  'America/St_Johns',
] as const

/** A record as it is sent, before it is known how many partitions there are. */
export interface Sent {
  readonly topic: string
  /** null: no user can be read; it goes to a partition of the log's own choice. */
  readonly user: string | null
  readonly value: string
  readonly reason: string | null
}

/** Records that arrive at one reading of the clock. */
export interface Tick {
  readonly arrivalMs: number
  readonly sent: readonly Sent[]
}

const FIRST_ARRIVAL_MS = Date.parse('2024-11-02T23:30:00Z')
const MINUTE_MS = 60_000
const DAYS = [
  '2024-03-30T23:00Z',
  '2024-10-26T22:00Z',
  '2024-04-06T13:00Z',
  '2024-10-05T13:00Z',
  '2024-02-29T00:00Z',
  '1969-12-31T06:00Z',
  '2024-11-02T22:00Z', // around the arrivals: some of these are in the future
].map(day => Date.parse(day))

const USERS = ['u1', 'u2', 'u3', 'u4', 'ü', '用户', '\u{1f600}', '__proto__'] as const
const PRODUCTS = ['p1', 'p2', 'P', 'é', '\uffee', '\u{1f600}', '', '__proto__'] as const
const AMOUNTS = [
  '0',
  '-0',
  '1',
  '19.99',
  '19.9',
  '1.50',
  '15e-1',
  '1E2',
  '-3.05',
  '0.1',
  '123456789.01',
  '9999999999999.99', // all but one of the minor units that an amount may have
  '-1E13',
]

/** What has a meaning of its own in SQL, in one dialect or another. */
export const ODD_TEXT = `it's $\{x} \\n "%_\`\n\u0001`

const oneOf = <T>(values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values)
const textOf = (values: readonly string[]): fc.Arbitrary<string> => oneOf(values).map(quote)
const numberIn = (min: number, max: number): fc.Arbitrary<string> =>
  fc.integer({ min, max }).map(String)

/** Most strings as JSON.stringify writes them, `/` and some letters escaped now and then. */
function quote(text: string): string {
  return JSON.stringify(text).replace('p', '\\u0070')
}

const amount = oneOf(AMOUNTS)
const product = textOf(PRODUCTS)
const currency = textOf(['USD', 'USD', 'EUR', 'JPY', 'KWD'])

/** The fields of each type: JSON text, by name. */
const DATA: { readonly [type: string]: { readonly [field: string]: fc.Arbitrary<string> } } = {
  page_view: { page_url: textOf(['/', '/a"b']), device: textOf(['mobile', 'desktop']) },
  product_view: { product_id: product, category: textOf(['a', 'b']), price: amount },
  add_to_cart: { product_id: product, quantity: oneOf(['1', '2', '3.0', '1e1']) },
  purchase: {
    order_id: textOf(['o1', 'o2', 'o3']),
    total_amount: amount,
    payment_method: textOf(['card', 'cash']),
    products: oneOf(['[]', '[{"product_id":"p1","quantity":2,"price":1}]', '[{"quantity":0}]']),
  },
  search: {
    query: textOf(['', 'shoe', 'Shoe', 'schuh ✓', ODD_TEXT]),
    results_count: numberIn(0, 2),
  },
  add_to_wishlist: { product_id: product },
  review_posted: {
    product_id: product,
    stars: numberIn(0, 5),
    weight: oneOf(['1.250', '1.25', '0.0005', '12', '-7.5', '-999999999999.999']),
    tip: amount,
    verified: oneOf(['true', 'false']),
  },
}
export const TYPES: readonly string[] = Object.keys(DATA)
const REQUIRED = ['product_id', 'quantity', 'order_id', 'total_amount', 'query', 'stars']

const timeMs = fc.tuple(oneOf(DAYS), fc.integer({ min: 0, max: 30 * 60 * MINUTE_MS }))
const timestamp = fc
  .tuple(timeMs, oneOf([0, 0, 0, 330, -150]), fc.boolean())
  .map(([[day, ms], offset, isFine]) => toTimestamp(day + ms, offset, isFine))

/** RFC 3339 at an offset in minutes, with milliseconds or cut to the second. */
function toTimestamp(ms: number, offset: number, isFine: boolean): string {
  const local = new Date(ms + offset * MINUTE_MS).toISOString().slice(0, isFine ? 23 : 19)
  if (offset === 0) return `${local}Z`
  const [hours, minutes] = [Math.abs(offset) / 60, Math.abs(offset) % 60]
  const digits = [Math.floor(hours), minutes].map(part => String(part).padStart(2, '0'))
  return `${local}${offset < 0 ? '-' : '+'}${digits.join(':')}`
}

/** An event's fields are there mostly; a required one that is not makes it invalid. */
function dataOf(type: string): fc.Arbitrary<string> {
  const fields = Object.entries({ ...DATA[type], currency }).map(([name, value]) => {
    const presence = REQUIRED.includes(name) ? 40 : 3
    const member = value.map(text => `${quote(name)}: ${text}`)
    return fc.oneof(
      { arbitrary: member, weight: presence },
      { arbitrary: oneOf(['', `"${name}":null`]), weight: 1 },
    )
  })
  return fc.tuple(...fields).map(members => `{${members.filter(text => text !== '').join(',')}}`)
}

const event: fc.Arbitrary<Sent> = oneOf(TYPES).chain(type =>
  fc
    .record({
      data: dataOf(type),
      user: oneOf(USERS),
      id: fc.integer({ min: 0, max: 7 }),
      time: timestamp,
      session: oneOf(['s1', 's2', null]),
    })
    .map(({ data, user, id, time, session }) => {
      // A session is its user's own: distinct sessions are counted shard by shard.
      const sessionId = session === null ? 'null' : quote(`${user}-${session}`)
      const members = [
        `"event_id":"e${id}"`,
        `"event_type":"${type}"`,
        `"user_id":${quote(user)}`,
        `"timestamp":"${time}"`,
        `"session_id":${sessionId}`,
        // So is an order, whose distinct ones are counted in the same way.
        `"data":${data.replace('"order_id": "', `"order_id": ${quote(`${user}-`).slice(0, -1)}`)}`,
      ]
      return { topic: type, user, value: `{${members.join(',')}}`, reason: null }
    }),
)

/** What is wrong with it, as a change of a good event's text. */
const SPOILS: readonly ((text: string) => string)[] = [
  text => text.slice(0, -1),
  text => `${text}${text}`,
  text => `[${text}]`,
  text => text.replace('"event_id":"e', '"event_id":"'), // an id of digits alone: still good
  text => text.replace(/"event_id":"e\d+"/, '"event_id":""'),
  text => text.replace(/"timestamp":"/, '"timestamp":" '),
  text => text.replace('"data":{', '"data":{"x":"\\ud800",'),
  text => text.replace('"data":{', `"data":{"x":${'['.repeat(31)}${']'.repeat(31)},`),
  text => text.replace('"data":{', `"data":{"x":${'['.repeat(30)}${']'.repeat(30)},`),
  // Where there is one already, that one, the last, wins.
  text => text.replace('"data":{', '"data":{"currency":"usd",'),
  text => text.replace('{', '{"__proto__":{"user_id":"u9"},"event_id":7,'), // good: the last wins
  text => text.replace(/"event_type":"\w+"/, '"event_type":"search"'),
  text => text.replace(/"event_type":"\w+"/, '"event_type":"toString"'),
  () => '{}',
  () => 'null',
  () => '',
]

const spoiled: fc.Arbitrary<Sent> = fc
  .tuple(event, oneOf(SPOILS))
  .map(([sent, spoil]) => ({ ...sent, value: spoil(sent.value) }))

const unparsed: fc.Arbitrary<Sent> = fc
  .tuple(event, oneOf([null, 'csv_line', 'not_json', 'no_such_reason']))
  .map(([sent, reason]) => ({ ...sent, topic: 'weir.unparsed', user: null, reason }))

const sent: fc.Arbitrary<Sent> = fc.oneof(
  { arbitrary: event, weight: 12 },
  { arbitrary: spoiled, weight: 2 },
  { arbitrary: unparsed, weight: 1 },
)

/** A log of at most about so many records, arriving over some hours; some come again. */
export function randomTicks(recordCountMax: number): fc.Arbitrary<readonly Tick[]> {
  const perTick = Math.max(1, Math.floor(recordCountMax / 4))
  const tick = fc.record({
    waitMs: fc.integer({ min: 0, max: 90 * MINUTE_MS }),
    sent: fc.array(sent, { minLength: 1, maxLength: perTick, size: 'max' }),
    again: fc.array(fc.nat(), { maxLength: 15, size: 'max' }),
  })
  return fc.array(tick, { minLength: 1, maxLength: 4 }).map(ticks => {
    let arrivalMs = FIRST_ARRIVAL_MS
    let earlier: readonly Sent[] = []
    return ticks.map(({ waitMs, sent: fresh, again }) => {
      arrivalMs += waitMs
      earlier = [...earlier, ...fresh]
      const repeated = again.flatMap(index => earlier[index % earlier.length] ?? [])
      return { arrivalMs, sent: [...fresh, ...repeated] }
    })
  })
}

/** Cuts ticks into appends of at most `recordCountMax` records, for a number of partitions. */
export function toAppends(
  ticks: readonly Tick[],
  partitions: number,
  recordCountMax: number,
): readonly Append[] {
  return ticks.flatMap(({ arrivalMs, sent: items }) => {
    const records = items.map(item => toRecord(item, partitions))
    const appends: Append[] = []
    for (let at = 0; at < records.length; at += recordCountMax) {
      appends.push({ arrivalMs, records: records.slice(at, at + recordCountMax) })
    }
    return appends
  })
}

function toRecord({ topic, user, value, reason }: Sent, partitions: number): NewRecord {
  const bytes = Buffer.from(value)
  const headers = reason === null ? [] : [{ key: 'weir-reason', value: Buffer.from(reason) }]
  if (user === null) {
    return { topic, partition: bytes.length % partitions, key: null, value: bytes, headers }
  }
  const key = Buffer.from(user)
  return { topic, partition: partitionOf(key, partitions), key, value: bytes, headers }
}
