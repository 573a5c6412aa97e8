/** Events with a hole in them: what the cases of the corpus are written with. */

/** `'accepted'`, `'not_json'`, or a code and a pointer: `'missing /user_id'`. */
export type Outcome = string
/** An event's text with its parts put in, or bytes. */
export type Case = readonly [name: string, input: string | Uint8Array, outcome: Outcome]

export const HEAD = '"event_id":"e1","user_id":"u1","timestamp":"2024-09-03T10:25:15Z"'

/** A valid page view with `data` (a JSON text) in it. */
export const page = (data: string): string => `{${HEAD},"event_type":"page_view","data":${data}}`
export const cart = (quantity: string): string =>
  `{${HEAD},"event_type":"add_to_cart","data":{"product_id":"p1","quantity":${quantity}}}`
export const view = (rest: string): string =>
  `{${HEAD},"event_type":"product_view","data":{"product_id":"p1",${rest}}}`
export const order = (rest: string): string =>
  `{${HEAD},"event_type":"purchase","data":{"order_id":"o1",${rest}}}`
export const amount = (total: string): string => order(`"total_amount":${total}`)
export const at = (timestamp: string): string =>
  `{"event_id":"e1","user_id":"u1","event_type":"page_view","timestamp":${timestamp}}`
export const ids = (eventId: string, userId: string): string =>
  `{"event_id":${eventId},"user_id":${userId},"event_type":"page_view",` +
  '"timestamp":"2024-09-03T10:25:15Z"}'
export const typed = (type: string): string => `{${HEAD},"event_type":${type}}`
/** A text with raw bytes put where it says `@`. */
export const raw = (text: string, ...bytes: number[]): Uint8Array => {
  const cut = text.indexOf('@')
  return Buffer.concat([
    Buffer.from(text.slice(0, cut)),
    Uint8Array.from(bytes),
    Buffer.from(text.slice(cut + 1)),
  ])
}
/** A page view of exactly `size` bytes. */
export const sized = (size: number): string => {
  const empty = page('{"page_url":""}')
  return page(`{"page_url":"${'x'.repeat(size - empty.length)}"}`)
}
/** An event whose deepest array is `depth` deep: the envelope is 1, `data` 2. */
export const nested = (depth: number): string =>
  page(`{"x":${'['.repeat(depth - 2)}${']'.repeat(depth - 2)}}`)

export const VALID: string = page('{"page_url":"/"}')
export const TOTAL = '/data/total_amount'
