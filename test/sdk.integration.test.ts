/** The SDK in a browser, at a real process: pages that close, nets that break, two tabs. */
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { NO_BROWSER } from './support/browser.ts'
import type { Shop } from './support/shop.ts'
import { openShop } from './support/shop.ts'

const WAIT = { timeout: 20_000, interval: 100 }
const BATCHES = '**/v1/batch'

/** As a page has it; the SDK's own types are of a shop.browser. */
interface Weir {
  user(id: string): void
  pageView(): string | null
  productView(data: object): string | null
  addToCart(data: object): string | null
  purchase(data: object): string | null
  search(data: object): string | null
  addToWishlist(data: object): string | null
  flush(): Promise<void>
}

interface Sent {
  readonly messageId: string
  readonly timestamp: string
}

let shop: Shop
let context: BrowserContext

async function visit(): Promise<Page> {
  const page = await context.newPage()
  await page.goto(shop.url)
  return page
}

/** Searches for `query` `times` times. */
async function search(page: Page, query: string, times = 1): Promise<void> {
  await page.evaluate(
    ([text, count]) => {
      const { weir: sdk } = globalThis as unknown as { readonly weir: Weir }
      for (let done = 0; done < count; done += 1) sdk.search({ query: text })
    },
    [query, times] as const,
  )
}

async function ask(path: string): Promise<unknown> {
  const answer = await fetch(shop.weir.url + path, { headers: { 'X-Api-Key': shop.keys.read } })
  return await answer.json()
}

async function countOf(query: string): Promise<number> {
  const answer = await ask(`/v1/metrics/searches?key.query=${encodeURIComponent(query)}`)
  const { rows } = answer as { readonly rows: readonly { values: { searches: number } }[] }
  return rows.reduce((sum, { values }) => sum + values.searches, 0)
}

async function queuedIn(page: Page): Promise<number> {
  const names = await page.evaluate(() => Object.keys(localStorage))
  return names.filter(name => name.startsWith('weir:e:')).length
}

function callsOf(body: string | null): readonly Sent[] {
  return (JSON.parse(body ?? '') as { readonly batch: readonly Sent[] }).batch
}

beforeAll(async () => {
  if (NO_BROWSER !== null) return
  shop = await openShop((_path, { weir, keys }) => {
    const tag = `<script src="${weir.url}/sdk.js" data-key="${keys.write}"></script>`
    return { type: 'text/html', body: `<title>shop</title>${tag}` }
  })
}, 60_000)

afterAll(async () => {
  if (NO_BROWSER === null) await shop[Symbol.asyncDispose]()
})

afterEach(async () => {
  if (NO_BROWSER === null) await context.close()
})

async function openContext(): Promise<void> {
  context = await shop.browser.newContext()
}

describe.skipIf(NO_BROWSER !== null)(NO_BROWSER ?? 'in Chromium', () => {
  test('all six events count, with user and session', async () => {
    await openContext()
    const page = await visit()
    const ids = await page.evaluate(async () => {
      const { weir: sdk } = globalThis as unknown as { readonly weir: Weir }
      sdk.user('ada')
      const sent = [
        sdk.pageView(),
        sdk.productView({ product_id: 'p', price: 9.99, currency: 'EUR' }),
        sdk.addToCart({ product_id: 'p', quantity: 2 }),
        sdk.purchase({ order_id: 'o', total_amount: 19.98, currency: 'EUR' }),
        sdk.search({ query: 'six' }),
        sdk.addToWishlist({ product_id: 'p' }),
      ]
      await sdk.flush()
      return sent
    })
    expect(new Set(ids).size).toBe(6)
    expect(await queuedIn(page)).toBe(0)
    await expect.poll(() => countOf('six'), WAIT).toBe(1)
    const sales = (await ask('/v1/metrics/sales_daily')) as { rows: { values: object }[] }
    expect(sales.rows[0]?.values).toMatchObject({ orders: 1, revenue: { EUR: '19.98' } })
    const audit = (await ask('/v1/audit')) as { partitions: { accepted: number }[] }
    expect(audit.partitions.reduce((sum, line) => sum + line.accepted, 0)).toBe(6)
  })

  test('what happens just before a page is left arrives', async () => {
    await openContext()
    const page = await visit()
    await search(page, 'left')
    await page.goto('about:blank')
    await expect.poll(() => countOf('left'), WAIT).toBe(1)
    // What it sends again, since no answer came to the page that was left, counts no second time.
    const again = await visit()
    await expect.poll(() => queuedIn(again), WAIT).toBe(0)
    expect(await countOf('left')).toBe(1)
  })

  test('without a net it waits, and goes on when there is one', async () => {
    await openContext()
    const page = await visit()
    await context.setOffline(true)
    await search(page, 'offline', 3)
    await page.evaluate(() => (globalThis as unknown as { weir: Weir }).weir.flush())
    expect(await queuedIn(page)).toBe(3)
    await context.setOffline(false)
    await expect.poll(() => countOf('offline'), WAIT).toBe(3)
    await expect.poll(() => queuedIn(page), WAIT).toBe(0)
  })

  test('after 503 it sends the same again, not before it is told to', async () => {
    await openContext()
    const page = await visit()
    const sent: { readonly calls: readonly Sent[]; readonly atMs: number }[] = []
    await page.route(BATCHES, async route => {
      sent.push({ calls: callsOf(route.request().postData()), atMs: Date.now() })
      if (sent.length > 1) return await route.continue()
      const headers = {
        'Access-Control-Allow-Origin': shop.url,
        'Access-Control-Expose-Headers': 'Retry-After',
        'Retry-After': '3',
      }
      await route.fulfill({ status: 503, headers })
    })
    await search(page, 'again', 2)
    await expect.poll(() => countOf('again'), WAIT).toBe(2)
    expect(sent.map(({ calls }) => calls)).toEqual([sent[0]?.calls, sent[0]?.calls])
    expect((sent[1]?.atMs ?? 0) - (sent[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(2_900)
  })

  test('a reload loses nothing of what is queued, and the queue is bounded', async () => {
    await openContext()
    const page = await visit()
    await page.route(BATCHES, route => route.abort())
    await search(page, 'reloaded', 1_100)
    expect(await queuedIn(page)).toBe(1_000)
    await page.reload()
    await page.unroute(BATCHES)
    await expect.poll(() => countOf('reloaded'), WAIT).toBe(1_000)
    await expect.poll(() => queuedIn(page), WAIT).toBe(0)
  })

  test('two tabs share what is queued, and send it once', async () => {
    await openContext()
    const sent: string[] = []
    await context.route(BATCHES, async route => {
      sent.push(...callsOf(route.request().postData()).map(({ messageId }) => messageId))
      await route.continue()
    })
    const tabs = [await visit(), await visit()]
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(tabs.map(tab => search(tab, 'tabs', 10)))
    }
    await expect.poll(() => countOf('tabs'), WAIT).toBe(100)
    await expect.poll(() => Promise.all(tabs.map(queuedIn)), WAIT).toEqual([0, 0])
    expect(sent).toHaveLength(100)
    expect(new Set(sent).size).toBe(100)
  })

  test.each(['doNotTrack', 'globalPrivacyControl'])('%s is respected', async signal => {
    await openContext()
    await context.addInitScript(name => {
      const value = name === 'doNotTrack' ? '1' : true
      Object.defineProperty(Navigator.prototype, name, { get: () => value })
    }, signal)
    const sent: string[] = []
    await context.route(BATCHES, async route => {
      sent.push(route.request().url())
      await route.continue()
    })
    const page = await visit()
    const found = await page.evaluate(async () => {
      const { weir: sdk } = globalThis as unknown as { readonly weir: Weir }
      const id = sdk.search({ query: 'private' })
      await sdk.flush()
      return [id, Object.keys(localStorage)]
    })
    expect(found).toEqual([null, []])
    await page.goto('about:blank')
    expect(sent).toEqual([])
    expect(await countOf('private')).toBe(0)
  })

  test('a page of an origin that is not allowed may load it, and send nothing', async () => {
    await openContext()
    const { status, headers } = await fetch(`${shop.weir.url}/sdk.js`)
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('public, max-age=3600')
    expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin')
    expect(headers.get('access-control-allow-origin')).toBe('*')
    const page = await context.newPage()
    await page.goto(shop.url.replace('127.0.0.1', 'localhost'))
    await search(page, 'stranger')
    await page.evaluate(() => (globalThis as unknown as { weir: Weir }).weir.flush())
    expect(await queuedIn(page)).toBe(1)
    expect(await countOf('stranger')).toBe(0)
  })
})
