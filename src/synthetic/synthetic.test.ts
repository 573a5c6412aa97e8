import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fromUtf8, fromUtf8Strict } from '../std/bytes.ts'
import { isFault } from '../std/fault.ts'
import { createPrng } from '../std/prng.ts'
import { HOUR_MS } from '../std/units.ts'
import { BROKEN_FORMS } from './broken.ts'
import { toEventText, toUuid } from './event-text.ts'
import type { Item, VisitorOptions } from './synthetic.ts'
import { createVisitors, generateFile, NEXT_ITEMS_MAX } from './synthetic.ts'

const START_MS = Date.UTC(2026, 2, 1)
const BASE: VisitorOptions = { seed: 7, startMs: START_MS, eventsPerSecond: 100 }

interface Event {
  readonly event_id: string
  readonly event_type: string
  readonly user_id: string
  readonly timestamp: string
  readonly session_id: string
  readonly data: { readonly [name: string]: unknown }
}

function take(options: VisitorOptions, count: number): readonly Item[] {
  const items: Item[] = []
  for (const item of createVisitors(options)) {
    items.push(item)
    if (items.length === count) break
  }
  return items
}

function parse(item: Item): Event {
  return JSON.parse(fromUtf8(item.value)) as Event
}

const isGood = (item: Item): boolean => item.kind !== 'broken'

function hashOf(items: readonly Item[]): string {
  const hash = createHash('sha256')
  for (const { kind, value } of items) hash.update(`${kind}\n`).update(value)
  return hash.digest('hex')
}

describe('a seed', () => {
  test('gives the same bytes, here and everywhere', () => {
    expect(hashOf(take(BASE, 10_000))).toMatchInlineSnapshot(
      `"533f0c5fbbc5d99914d0af86ca7ff9781ed5a605a8afa08a72a7152f61292c69"`,
    )
  })

  test('that differs, or a later start, gives other ids', () => {
    const idsOf = (options: VisitorOptions): Set<string> =>
      new Set(
        take(options, 2000)
          .filter(isGood)
          .map(item => parse(item).event_id),
      )
    const base = idsOf(BASE)
    for (const options of [
      { ...BASE, seed: 8 },
      { ...BASE, startMs: START_MS + 1000 },
    ]) {
      expect([...idsOf(options)].filter(id => base.has(id))).toEqual([])
    }
  })

  test('keeps its products when the shop opens again', () => {
    const productsOf = (options: VisitorOptions): Map<unknown, unknown> =>
      new Map(
        take(options, 5000)
          .filter(isGood)
          .map(parse)
          .filter(event => event.event_type === 'product_view')
          .map(({ data }) => [
            data['product_id'],
            [data['product_name'], data['category'], data['price']],
          ]),
      )
    const before = productsOf(BASE)
    const after = productsOf({ ...BASE, startMs: START_MS + HOUR_MS })
    const shared = [...before].filter(([id]) => after.has(id))
    expect(shared.length).toBeGreaterThan(100)
    for (const [id, product] of shared) expect(after.get(id)).toEqual(product)
  })
})

describe('items', () => {
  const items = take({ ...BASE, badRate: 0.05, duplicateRate: 0.1, lateRate: 0.02 }, 20_000)

  test('come in the rates asked for', () => {
    const share = (kind: Item['kind']): number =>
      items.filter(item => item.kind === kind).length / items.length
    expect(share('broken')).toBeCloseTo(0.05, 2)
    expect(share('duplicate')).toBeCloseTo(0.1, 2)
    expect(share('late')).toBeCloseTo(0.02, 2)
  })

  test('have ids of their own, but for duplicates, which repeat an item byte for byte', () => {
    const texts = new Set<string>()
    const ids = new Set<string>()
    for (const item of items.filter(isGood)) {
      const text = fromUtf8(item.value)
      if (item.kind === 'duplicate') {
        expect(texts.has(text)).toBe(true)
        continue
      }
      texts.add(text)
      ids.add(parse(item).event_id)
    }
    expect(ids.size).toBe(items.filter(item => item.kind === 'good' || item.kind === 'late').length)
  })

  test('are of all six types, and of the size of real ones', () => {
    const types = new Set(items.filter(isGood).map(item => parse(item).event_type))
    expect([...types].toSorted()).toEqual([
      'add_to_cart',
      'add_to_wishlist',
      'page_view',
      'product_view',
      'purchase',
      'search',
    ])
    const bytes = items.reduce((sum, item) => sum + item.value.length, 0)
    expect(bytes / items.length).toBeGreaterThan(220)
    expect(bytes / items.length).toBeLessThan(260)
  })

  test('of good kind are in the order of their time; late ones are late', () => {
    let last = ''
    for (const item of items) {
      if (item.kind === 'broken' || item.kind === 'duplicate') continue
      const { timestamp } = parse(item)
      expect(timestamp).toBe(new Date(timestamp).toISOString())
      if (item.kind === 'late') expect(timestamp < last).toBe(true)
      else {
        expect(timestamp >= last).toBe(true)
        last = timestamp
      }
    }
  })

  test('of purchase add up, and follow what was put into the cart', () => {
    const orders = items
      .filter(item => item.kind === 'good')
      .map(parse)
      .filter(event => event.event_type === 'purchase')
    expect(orders.length).toBeGreaterThan(50)
    for (const { data } of orders) {
      const lines = data['products'] as { price: number; quantity: number }[]
      const cents = lines.reduce(
        (sum, line) => sum + Math.round(line.price * 100) * line.quantity,
        0,
      )
      expect(Math.round(Number(data['total_amount']) * 100)).toBe(cents)
    }
    expect(new Set(orders.map(order => order.data['order_id'])).size).toBe(orders.length)
  })

  test('are more often of the first products', () => {
    const views = items
      .filter(item => item.kind === 'good')
      .map(parse)
      .filter(event => event.event_type === 'product_view')
    const share = (id: string): number =>
      views.filter(event => event.data['product_id'] === id).length / views.length
    expect(share('p1000')).toBeGreaterThan(5 * share('p1049'))
  })
})

test('amounts are written in the decimals of their currency', () => {
  const items = take({ ...BASE, currencies: ['EUR', 'JPY', 'KWD'] }, 5000)
  const form = { EUR: /"price":\d+\.\d\d\b/, JPY: /"price":\d+[},]/, KWD: /"price":\d+\.\d{3}\b/ }
  const seen = new Set<string>()
  for (const item of items.filter(({ kind }) => kind === 'good')) {
    const { event_type, data } = parse(item)
    if (event_type !== 'product_view') continue
    const currency = data['currency'] as keyof typeof form
    seen.add(currency)
    expect(fromUtf8(item.value)).toMatch(form[currency])
  }
  expect([...seen].toSorted()).toEqual(['EUR', 'JPY', 'KWD'])
})

test('next gives what is due, once, and catches up in steps', () => {
  const visitors = createVisitors(BASE)
  expect(visitors.next(START_MS - 1)).toEqual([])
  const first = visitors.next(START_MS + 10_000)
  expect(Math.abs(first.length - 1000)).toBeLessThanOrEqual(1)
  expect(visitors.next(START_MS + 10_000)).toEqual([])
  const second = visitors.next(START_MS + 1_000_000)
  expect(second.length).toBe(NEXT_ITEMS_MAX)
  expect([...first, ...second]).toEqual(take(BASE, first.length + second.length))
})

describe('a broken form', () => {
  const good = {
    eventId: toUuid(createPrng(1)),
    eventType: 'page_view',
    userId: 'u1',
    timestamp: '2026-03-01T00:00:00.000Z',
    visitId: 's1',
    data: '{"page_url":"/"}',
  }

  test.each([...BROKEN_FORMS])(
    '%s: one line, small, and no copy of a good event',
    (_name, form) => {
      const made = form(good, START_MS)
      const bytes = typeof made === 'string' ? Buffer.from(made) : made
      expect(bytes.includes(0x0a)).toBe(false)
      expect(bytes.length).toBeLessThan(1024)
      expect(fromUtf8Strict(bytes)).not.toBe(toEventText(good))
    },
  )
})

describe('a file', () => {
  test('holds the items that visitors of the same options send', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-synthetic-'))
    try {
      const path = join(folder, 'events.ndjson')
      const signal = new AbortController().signal
      const summary = await generateFile({ path, events: 30_000, seed: 3, badRate: 0.1, signal })
      const lines = (await readFile(path, 'latin1')).split('\n')
      expect(lines.pop()).toBe('')
      const eventsPerSecond = 30_000 / 86_400
      const items = take(
        { seed: 3, startMs: Date.UTC(2026, 0, 1), eventsPerSecond, badRate: 0.1 },
        30_000,
      )
      expect(lines).toEqual(items.map(item => Buffer.from(item.value).toString('latin1')))
      const { good, duplicate, late, broken } = summary.counts
      expect(good + duplicate + late + broken).toBe(30_000)
      expect(broken).toBe(items.filter(item => item.kind === 'broken').length)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('that cannot be written is a Fault', async () => {
    const path = join(tmpdir(), 'weir-no-such-folder', 'events.ndjson')
    const signal = new AbortController().signal
    const writing = generateFile({ path, events: 1, seed: 1, signal })
    await expect(writing).rejects.toSatisfy(error => isFault(error, 'FILE_UNREADABLE'))
  })
})
