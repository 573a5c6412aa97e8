/** Segment's library for Node, as it comes from npm, at a real process. */
import { gzipSync } from 'node:zlib'
import { Analytics } from '@segment/analytics-node'
import { afterEach, describe, expect, test } from 'vitest'
import type { Prng } from '../src/std/prng.ts'
import { createPrng } from '../src/std/prng.ts'
import { assertNothingLost } from './support/against-oracle.ts'
import type { Fate } from './support/flaky-proxy.ts'
import { openFlakyProxy } from './support/flaky-proxy.ts'
import { addKey } from './support/keys.ts'
import type { Place } from './support/place.ts'
import { createPlace } from './support/place.ts'
import type { AuditAnswer, WeirProcess } from './support/process.ts'
import { readRows, startWeir, waitUntilDigested } from './support/process.ts'

const EVENT_COUNT = 10_000
const BATCH_COUNT = 100
const START_MS = Date.parse('2024-10-25T18:00:00Z')
const SPAN_MS = 48 * 3_600_000
const FATES: readonly Fate[] = ['503 before', '500 after', 'reset after', 'reset before']

const open: AsyncDisposable[] = []

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]()
})

async function start(prepare: (place: Place) => void = () => {}): Promise<[WeirProcess, Place]> {
  const place = await createPlace()
  open.push(place)
  prepare(place)
  const weir = await startWeir(place.directory)
  open.push(weir)
  return [weir, place]
}

/** What was sent, counted where it was made. */
interface Truth {
  readonly counts: Map<string, number>
  readonly views: Map<string, number>
  units: number
  cents: bigint
}

interface Call {
  readonly name: string
  readonly type: string
  readonly properties: Record<string, unknown>
}

/** A call of any of the six types. */
function makeCall(prng: Prng, index: number, truth: Truth): Call {
  const product = `p${prng.nextBelow(50)}`
  switch (prng.nextBelow(6)) {
    case 0:
      return { name: 'page', type: 'page_view', properties: { url: `https://shop/${product}` } }
    case 1:
      add(truth.views, product)
      return { name: 'Product Viewed', type: 'product_view', properties: { sku: product } }
    case 2: {
      const quantity = 1 + prng.nextBelow(5)
      truth.units += quantity
      const properties = { product_id: product, quantity, price: 9.9 }
      return { name: 'Product Added', type: 'add_to_cart', properties }
    }
    case 3: {
      const cents = 1 + prng.nextBelow(1_000_000)
      truth.cents += BigInt(cents)
      const products = [{ product_id: product, quantity: 1, price: cents / 100 }]
      const properties = { order_id: `o${index}`, total: cents / 100, currency: 'USD', products }
      return { name: 'Order Completed', type: 'purchase', properties }
    }
    case 4:
      return { name: 'Products Searched', type: 'search', properties: { query: product } }
    default: {
      const name = 'Product Added to Wishlist'
      return { name, type: 'add_to_wishlist', properties: { product_id: product } }
    }
  }
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

/** Sends all calls; gives the failures that the library told of. */
async function sendAll(analytics: Analytics, prng: Prng, truth: Truth): Promise<unknown[]> {
  const errors: unknown[] = []
  analytics.on('error', error => errors.push(error))
  for (let index = 0; index < EVENT_COUNT; index += 1) {
    const { name, type, properties } = makeCall(prng, index, truth)
    add(truth.counts, type)
    const userId = `u${prng.nextBelow(500)}`
    const timestamp = new Date(START_MS + prng.nextBelow(SPAN_MS))
    if (name === 'page') analytics.page({ userId, timestamp, properties })
    else analytics.track({ userId, event: name, timestamp, properties })
    // Calls become requests while more are made, as in a shop.
    if (index % BATCH_COUNT === 0) await new Promise(resolve => setImmediate(resolve))
  }
  await analytics.closeAndFlush({ timeout: 60_000 })
  return errors
}

function sumOf(audit: AuditAnswer, what: 'accepted' | 'duplicate' | 'consumed'): number {
  return audit.partitions.reduce((sum, line) => sum + line[what], 0)
}

function acceptedByTopic(audit: AuditAnswer): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { topic, accepted } of audit.partitions) {
    if (accepted > 0) counts[topic] = (counts[topic] ?? 0) + accepted
  }
  return counts
}

describe('ten thousand events through a connection that fails', () => {
  test('are all counted, and none twice', { timeout: 180_000 }, async () => {
    const [weir, { directory }] = await start()
    const prng = createPrng(6)
    const fates = createPrng(7)
    await using proxy = await openFlakyProxy(weir.url, () =>
      fates.nextChance(0.3) ? (FATES[fates.nextBelow(FATES.length)] ?? 'pass') : 'pass',
    )
    const truth: Truth = { counts: new Map(), views: new Map(), units: 0, cents: 0n }
    const analytics = new Analytics({
      writeKey: 'not-asked-for',
      host: proxy.endpoint,
      flushAt: BATCH_COUNT,
      maxRetries: 20,
    })
    expect(await sendAll(analytics, prng, truth)).toEqual([])
    expect(new Set(proxy.asked.map(({ path }) => path))).toEqual(new Set(['/v1/batch']))
    // Some were sent again, and some of these had been stored.
    expect(proxy.asked.length).toBeGreaterThan(EVENT_COUNT / BATCH_COUNT)
    const audit = await waitUntilDigested(weir.url)
    expect(acceptedByTopic(audit)).toEqual(Object.fromEntries(truth.counts))
    expect(sumOf(audit, 'accepted')).toBe(EVENT_COUNT)
    expect(sumOf(audit, 'duplicate')).toBeGreaterThan(0)
    expect(sumOf(audit, 'consumed')).toBe(EVENT_COUNT + sumOf(audit, 'duplicate'))
    await assertMetrics(weir.url, truth)
    await assertNothingLost({ url: weir.url, directory, acknowledged: new Map() })
  })
})

async function assertMetrics(url: string, truth: Truth): Promise<void> {
  const views = new Map<string, number>()
  for (const { key, values } of await readRows(url, 'product_views')) {
    const product = key['product_id'] ?? ''
    views.set(product, (views.get(product) ?? 0) + Number(values['views']))
  }
  expect(views).toEqual(truth.views)
  const carts = await readRows(url, 'cart_adds')
  expect(carts.reduce((sum, { values }) => sum + Number(values['units']), 0)).toBe(truth.units)
  let cents = 0n
  for (const { values } of await readRows(url, 'sales_daily')) {
    const revenue = values['revenue'] as unknown as { readonly USD: string }
    cents += BigInt(revenue.USD.replace('.', ''))
  }
  expect(cents).toBe(truth.cents)
}

describe('over plain HTTP', () => {
  const view = (messageId: string): string =>
    JSON.stringify({ messageId, userId: 'u', event: 'Product Viewed', properties: { sku: 's' } })
  const post = (
    url: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string>,
  ): Promise<Response> => fetch(url, { method: 'POST', body, headers })

  test('compressed, as text, and what is no JSON', async () => {
    const [weir] = await start()
    const gzipped = new Uint8Array(
      gzipSync(`{"batch":[${view('a').replace('{', '{"type":"track",')}]}`),
    )
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }
    const zipped = await post(`${weir.url}/v1/batch`, gzipped, headers)
    expect([zipped.status, await zipped.json()]).toEqual([200, { success: true }])
    const beacon = await post(`${weir.url}/v1/track`, view('b'), { 'Content-Type': 'text/plain' })
    expect(beacon.status).toBe(200)
    const broken = await post(`${weir.url}/v1/track`, '{"event":', {})
    expect(broken.status).toBe(400)
    expect(await broken.json()).toMatchObject({ code: 'body_invalid' })
    const audit = await waitUntilDigested(weir.url)
    expect(acceptedByTopic(audit)).toEqual({ product_view: 2 })
    expect(sumOf(audit, 'consumed')).toBe(2)
  })

  test('what has no event type rests in quarantine; who somebody is, is counted', async () => {
    const [weir] = await start()
    const body = JSON.stringify({
      batch: [
        { type: 'track', event: 'Coupon Applied', userId: 'u', messageId: 'c', properties: {} },
        { type: 'identify', userId: 'u', messageId: 'i', traits: { name: 'N' } },
        17,
      ],
    })
    const { status } = await post(`${weir.url}/v1/batch`, body, {})
    expect(status).toBe(200)
    await waitUntilDigested(weir.url)
    const quarantine = (await (await fetch(`${weir.url}/v1/quarantine`)).json()) as {
      readonly rejects: readonly Record<string, unknown>[]
    }
    const told = quarantine.rejects.map(({ topic, code, pointer, file, line }) => {
      return { topic, code, pointer, file, line }
    })
    const place = { topic: 'weir.unparsed', file: '/v1/batch' }
    expect(told).toContainEqual({ ...place, code: 'unknown_type', pointer: '/event_type', line: 1 })
    expect(told).toContainEqual({ ...place, code: 'not_object', pointer: '', line: 3 })
    expect(told).toHaveLength(2)
    const metrics = await (await fetch(`${weir.url}/metrics`)).text()
    expect(metrics).toContain('weir_collector_ignored_calls_total{call="identify"} 1')
  })

  test('with keys: in the header, as the library sends it, or in the body', async () => {
    const keys = new Map<string, string>()
    const [weir] = await start(({ directory }) => {
      keys.set('write', addKey(directory, ['write']))
      keys.set('read', addKey(directory, ['read']))
    })
    const write = keys.get('write') ?? ''
    const analytics = new Analytics({ writeKey: write, host: weir.url, maxRetries: 0 })
    const errors: unknown[] = []
    analytics.on('error', error => errors.push(error))
    analytics.track({ userId: 'u', event: 'Product Viewed', properties: { sku: 's' } })
    await analytics.closeAndFlush()
    expect(errors).toEqual([])
    const track = (body: string, headers = {}): Promise<Response> =>
      post(`${weir.url}/v1/track`, body, headers)
    const withKey = (key: string): string => view('x').replace('{', `{"writeKey":"${key}",`)
    expect((await track(withKey(write))).status).toBe(200)
    const none = await track(view('y'))
    expect([none.status, none.headers.has('www-authenticate')]).toEqual([401, true])
    expect((await track(withKey('weir_made_up'))).status).toBe(401)
    expect((await track(withKey(keys.get('read') ?? ''))).status).toBe(403)
    // A key in a header counts; one in the body does not mend it.
    const wrong = { Authorization: `Bearer ${keys.get('read') ?? ''}` }
    expect((await track(withKey(write), wrong)).status).toBe(403)
    expect((await track(view('y'), { Authorization: 'Digest x' })).status).toBe(401)
    const audit = await fetch(`${weir.url}/v1/audit`, {
      headers: { 'X-Api-Key': keys.get('read') ?? '' },
    })
    const { partitions } = (await audit.json()) as AuditAnswer
    expect(partitions.reduce((sum, line) => sum + line.consumed + line.lag, 0)).toBe(2)
  })
})
