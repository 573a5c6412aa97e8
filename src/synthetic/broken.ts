/**
 * Broken events: what clients really send, and what an attacker would. Every form is invalid, each
 * for one reason, and none holds a newline, so that files of them stay one event a line.
 */
import { concatBytes, toUtf8 } from '../std/bytes.ts'
import type { Prng } from '../std/prng.ts'
import { DAY_MS, HOUR_MS } from '../std/units.ts'
import type { EventParts } from './event-text.ts'
import { toEventText } from './event-text.ts'
import { pick } from './shop.ts'

type Form = (parts: EventParts, timeMs: number) => string | Uint8Array

const FUTURE_MS = 2 * HOUR_MS
const DEEP = 40
const LONG_BYTES = 300

const cart = (parts: EventParts, data: string): string =>
  toEventText({ ...parts, eventType: 'add_to_cart', data })
const purchase = (parts: EventParts, amount: string): string =>
  toEventText({
    ...parts,
    eventType: 'purchase',
    data: `{"order_id":"o1","total_amount":${amount}}`,
  })
const replace = (parts: EventParts, from: RegExp, to: string): string =>
  toEventText(parts).replace(from, to)

/** Name to form; the names are for tests and messages. */
export const BROKEN_FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['cut off', parts => toEventText(parts).slice(0, 60)],
  ['no JSON', () => 'GET /pixel.gif?e=view HTTP/1.1'],
  ['single quotes', parts => toEventText(parts).replaceAll('"', "'")],
  ['trailing comma', parts => replace(parts, /}$/, ',}')],
  ['NaN', parts => cart(parts, '{"product_id":"p1000","quantity":NaN}')],
  ['not an object', parts => `[${toEventText(parts)}]`],
  ['empty object', () => '{}'],
  ['no event_id', parts => replace(parts, /"event_id":"[^"]*",/, '')],
  ['empty event_id', parts => toEventText({ ...parts, eventId: '' })],
  ['no user_id', parts => replace(parts, /"user_id":"[^"]*",/, '')],
  ['null user_id', parts => replace(parts, /"user_id":"[^"]*"/, '"user_id":null')],
  ['number as user_id', parts => replace(parts, /"user_id":"[^"]*"/, '"user_id":12345')],
  ['long user_id', parts => toEventText({ ...parts, userId: 'u'.repeat(LONG_BYTES) })],
  ['unknown type', parts => toEventText({ ...parts, eventType: 'page_veiw' })],
  ['prototype name as type', parts => toEventText({ ...parts, eventType: '__proto__' })],
  ['time in words', parts => toEventText({ ...parts, timestamp: 'yesterday' })],
  ['time without zone', parts => toEventText({ ...parts, timestamp: '2026-01-01T10:00:00' })],
  ['no such day', parts => toEventText({ ...parts, timestamp: '2026-02-30T10:00:00Z' })],
  [
    'from the future',
    (parts, timeMs) =>
      toEventText({ ...parts, timestamp: new Date(timeMs + FUTURE_MS + DAY_MS).toISOString() }),
  ],
  ['data is a list', parts => toEventText({ ...parts, data: '[]' })],
  ['quantity is text', parts => cart(parts, '{"product_id":"p1000","quantity":"2"}')],
  ['quantity is 0', parts => cart(parts, '{"product_id":"p1000","quantity":0}')],
  ['quantity is 1.5', parts => cart(parts, '{"product_id":"p1000","quantity":1.5}')],
  ['no product', parts => cart(parts, '{"quantity":1}')],
  ['amount too precise', parts => purchase(parts, '19.999999')],
  ['amount too large', parts => purchase(parts, '1e300')],
  ['amount is text', parts => purchase(parts, '"19.99"')],
  ['unknown currency', parts => purchase(parts, '19.99,"currency":"ZZZ"')],
  ['half a surrogate', parts => cart(parts, '{"product_id":"\\ud800","quantity":1}')],
  [
    'too deep',
    parts => toEventText({ ...parts, data: `${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}` }),
  ],
  [
    'not UTF-8',
    parts =>
      concatBytes([toUtf8(toEventText(parts).slice(0, -2)), Uint8Array.of(0xc3, 0x28, 0x7d)]),
  ],
])

const FORMS = [...BROKEN_FORMS.values()]

/** One of the forms, made from a good event. */
export function toBroken(parts: EventParts, timeMs: number, prng: Prng): string | Uint8Array {
  return pick(prng, FORMS)(parts, timeMs)
}
