/** Segment's library for pages, as it comes from npm, in a shop's page and at a real process. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NO_BROWSER } from './support/browser.ts'
import type { AuditAnswer } from './support/process.ts'
import type { Shop } from './support/shop.ts'
import { openShop } from './support/shop.ts'

const WAIT = { timeout: 20_000, interval: 100 }
/** The script that its own pages load, and the parts that it loads itself. */
const LIBRARY = join(
  dirname(createRequire(import.meta.url).resolve('@segment/analytics-next/package.json')),
  'dist/umd',
)

/** What the script puts into the page, as far as it is called here. */
interface Library {
  readonly AnalyticsBrowser: {
    load(settings: object, options: object): Analytics & PromiseLike<unknown>
  }
}

interface Analytics {
  identify(userId: string, traits?: object): Promise<unknown>
  page(): Promise<unknown>
  track(event: string, properties: object): Promise<unknown>
}

let shop: Shop

beforeAll(async () => {
  if (NO_BROWSER !== null) return
  shop = await openShop(path => {
    const name = /^\/library\/([\w.-]+\.js)$/.exec(path)?.[1]
    const page = '<title>shop</title><script src="/library/index.js"></script>'
    return name === undefined
      ? { type: 'text/html', body: page }
      : { type: 'text/javascript', body: readFileSync(join(LIBRARY, name)) }
  })
}, 60_000)

afterAll(async () => {
  if (NO_BROWSER === null) await shop[Symbol.asyncDispose]()
})

/** Calls the library as a shop does; gives the paths that it sent to. */
async function sell(page: Page, sending: object, userId: string): Promise<readonly string[]> {
  const paths: string[] = []
  page.on('request', request => {
    if (request.url().startsWith(shop.weir.url)) paths.push(new URL(request.url()).pathname)
  })
  await page.goto(shop.url)
  const options = {
    settings: {
      writeKey: shop.keys.write,
      // What Segment's servers would tell of the shop.
      cdnSettings: { integrations: { 'Segment.io': { apiKey: shop.keys.write } } },
    },
    sending: { apiHost: `${new URL(shop.weir.url).host}/v1`, protocol: 'http', ...sending },
    userId,
  }
  await page.evaluate(async wanted => {
    const { AnalyticsNext } = globalThis as unknown as { readonly AnalyticsNext: Library }
    const integrations = { 'Segment.io': wanted.sending }
    const analytics = AnalyticsNext.AnalyticsBrowser.load(wanted.settings, { integrations })
    await analytics.identify(wanted.userId, { plan: 'gold' })
    await analytics.page()
    await analytics.track('Product Viewed', { product_id: 'lamp', price: 39.9, currency: 'EUR' })
    await analytics.track('Order Completed', {
      order_id: `o-${wanted.userId}`,
      total: 39.9,
      currency: 'EUR',
      products: [{ product_id: 'lamp', quantity: 1, price: 39.9 }],
    })
  }, options)
  return paths
}

async function audit(): Promise<AuditAnswer> {
  const answer = await fetch(`${shop.weir.url}/v1/audit`, {
    headers: { 'X-Api-Key': shop.keys.read },
  })
  return (await answer.json()) as AuditAnswer
}

async function accepted(): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {}
  for (const line of (await audit()).partitions) {
    if (line.accepted > 0) counts[line.topic] = (counts[line.topic] ?? 0) + line.accepted
  }
  return counts
}

describe.skipIf(NO_BROWSER !== null)(NO_BROWSER ?? 'in Chromium', () => {
  test('calls that are sent one by one, to their first letters', async () => {
    const page = await shop.browser.newPage()
    const paths = await sell(page, {}, 'ada')
    await page.close()
    expect(paths.toSorted()).toEqual(['/v1/i', '/v1/p', '/v1/t', '/v1/t'])
    const wanted = { page_view: 1, product_view: 1, purchase: 1 }
    await expect.poll(accepted, WAIT).toEqual(wanted)
    expect((await audit()).partitions.every(line => line.consumed === line.accepted)).toBe(true)
  })

  test('calls in batches, the last of them as the page is left', async () => {
    const page = await shop.browser.newPage()
    const batching = { strategy: 'batching', config: { size: 10, timeout: 60_000 } }
    const paths = await sell(page, { deliveryStrategy: batching }, 'grace')
    expect(paths).toEqual([])
    await page.goto('about:blank')
    const wanted = { page_view: 2, product_view: 2, purchase: 2 }
    await expect.poll(accepted, WAIT).toEqual(wanted)
    await page.close()
  })
})
