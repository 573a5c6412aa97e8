/**
 * The page in a browser, of a real process with live visitors: every room is opened, what it tells
 * is what the API tells, in light, in dark and on a phone, by mouse and by keyboard.
 */
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ResultRow, Value } from '../src/model/result.ts'
import { launchBrowser, measureOverflow, NO_BROWSER, openWatched } from './support/browser.ts'
import { addKey } from './support/keys.ts'
import type { Place } from './support/place.ts'
import { createPlace } from './support/place.ts'
import type { WeirProcess } from './support/process.ts'
import {
  readJsonFrom,
  readRows,
  spawnWeir,
  startWeir,
  waitUntilDigested,
  whenReady,
} from './support/process.ts'

const ROOMS = ['overview', 'explore', 'live', 'ledger', 'quarantine', 'trace', 'health'] as const
const WAIT = { timeout: 15_000 }
const FIRST_PAINT_MS_MAX = 1_000
const FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

const runs = NO_BROWSER === null
if (!runs) process.stderr.write(`page tests are skipped: ${NO_BROWSER}\n`)

let place: Place
let weir: WeirProcess
let browser: Browser

/** A shop that stands still, so that numbers can be compared, and that has something of all. */
async function fillShop(url: string): Promise<void> {
  const nowMs = Date.now()
  const events: object[] = []
  for (let index = 0; index < 300; index += 1) {
    const timestamp = new Date(nowMs - DAY_MS - HOUR_MS + (index * DAY_MS) / 300).toISOString()
    const base = { event_id: `e${index}`, user_id: `u${index % 40}`, timestamp }
    const product = { product_id: `p${index % 12}` }
    if (index % 3 === 0) events.push({ ...base, event_type: 'product_view', data: product })
    else if (index % 3 === 1) events.push({ ...base, event_type: 'search', data: toSearch(index) })
    else events.push({ ...base, event_type: 'purchase', data: toPurchase(index) })
  }
  events.push({ event_id: 'bad', event_type: 'search', timestamp: 'soon', data: {} })
  const body = events.map(event => JSON.stringify(event)).join('\n')
  const headers = { 'content-type': 'application/x-ndjson' }
  const answer = await fetch(`${url}/v1/events`, { method: 'POST', headers, body })
  expect(answer.status).toBe(200)
  await waitUntilDigested(url)
}

const toSearch = (index: number): object => ({
  query: `shoes ${index % 4}`,
  results_count: index % 2,
})

const toPurchase = (index: number): object => ({
  order_id: `o${index}`,
  total_amount: index + 0.5,
  currency: index % 2 === 0 ? 'EUR' : 'USD',
  items: [{ product_id: 'p1', quantity: 1, price: index + 0.5 }],
})

beforeAll(async () => {
  if (!runs) return
  place = await createPlace()
  weir = await startWeir(place.directory)
  await fillShop(weir.url)
  browser = await launchBrowser()
})

afterAll(async () => {
  await browser?.close()
  await weir?.kill()
  await place?.[Symbol.asyncDispose]()
})

const go = (page: Page, hash: string, url = weir.url): Promise<unknown> =>
  page.goto(`${url}/#/${hash}`)

/** The text of the main part, with all blanks alike. */
async function textOf(page: Page, selector = 'main'): Promise<string> {
  return (await page.locator(selector).innerText()).replaceAll(/\s+/g, ' ')
}

const toText = (count: number): string => count.toLocaleString('en-US')

describe.runIf(runs)('numbers on the page are those of the API', () => {
  test('overview: the newest day, its products and its searches', async () => {
    await using watched = await openWatched(browser, weir.url)
    const { page } = watched
    await go(page, 'overview')
    const rows = await readRows(weir.url, 'sales_daily')
    const users = await readRows(weir.url, 'unique_users_daily')
    const last = rows.at(-1) as ResultRow
    const orders = Number(last.values['orders'])
    const userCount = Number(users.at(-1)?.values['users'])
    await expect.poll(() => textOf(page, 'main dl'), WAIT).toContain(`Orders ${orders}`)
    const text = await textOf(page, 'main dl')
    expect(text).toContain(`Users ${userCount}`)
    expect(text).toContain(`${((100 * orders) / userCount).toFixed(2)} %`)
    for (const [currency, amount] of Object.entries(last.values['revenue'] as object)) {
      expect(text).toContain(`${currency}${toMoney(amount)}`)
    }
    const [before] = rows
    if (rows.length > 1) expect(text).toContain(toPlain(before?.values['orders']))
    const top = (await readRows(weir.url, 'top_products'))[0]
    expect(await textOf(page)).toContain(
      `${top?.key['product_id'] ?? ''} ${toPlain(top?.values['views'])}`,
    )
    expect(await textOf(page)).toMatch(/shoes [02] \d+ \d+/)
    expect(watched.errors).toEqual([])
  })

  test('explore: rows, a roll-up, a filter, and a download of what the API answers', async () => {
    await using watched = await openWatched(browser, weir.url)
    const { page } = watched
    await go(page, 'explore?metric=product_views&window=day&group=-&draw=views')
    // Distinct users of products do not add up: the server says so, and the page shows it there.
    await expect.poll(() => textOf(page), WAIT).toContain('not_additive')
    await page.getByRole('button', { name: 'Ask for what adds up' }).click()
    await expect.poll(() => textOf(page), WAIT).toContain('only views')
    await go(page, 'explore?metric=sales&window=day')
    const path = '/v1/metrics/sales?last=48&window=day'
    const { rows } = (await readJsonFrom(weir.url + path)) as { rows: ResultRow[] }
    const orders = rows.map(row => toPlain(row.values['orders']))
    const cells = (): Promise<string[]> =>
      page.locator('section[aria-labelledby=rows] tbody td:nth-child(2)').allInnerTexts()
    await expect.poll(cells, WAIT).toEqual(orders)
    await go(page, 'explore?metric=product_views&key.product_id=p3')
    const filtered = `/v1/metrics/product_views?last=48&key.product_id=p3&limit=1000000&format=csv`
    await expect
      .poll(
        () => page.locator('section[aria-labelledby=rows] tbody td:nth-child(2)').allInnerTexts(),
        WAIT,
      )
      .toEqual(expect.arrayContaining(['p3']))
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download CSV' }).click()
    const stream = await (await saved).createReadStream()
    const chunks = await stream.toArray()
    const csv = await (await fetch(weir.url + filtered)).text()
    expect(Buffer.concat(chunks as Buffer[]).toString()).toBe(csv)
    const known = watched.errors.filter(text => !text.includes('400'))
    expect(known).toEqual([])
  })

  test('ledger, quarantine and health', async () => {
    await using watched = await openWatched(browser, weir.url)
    const { page } = watched
    const audit = await waitUntilDigested(weir.url)
    const consumed = audit.partitions.reduce((sum, one) => sum + one.consumed, 0)
    await go(page, 'ledger')
    await expect.poll(() => textOf(page), WAIT).toContain(`Balanced: ${toText(consumed)} records`)
    await go(page, 'quarantine')
    const answer = await readJsonFrom(`${weir.url}/v1/quarantine`)
    const [reject] = (answer as { rejects: { code: string; topic: string; offset: number }[] })
      .rejects
    await expect.poll(() => textOf(page), WAIT).toContain(String(reject?.code))
    await expect.poll(() => textOf(page), WAIT).toContain('"timestamp":"soon"')
    await page.getByRole('button', { name: 'Hex' }).click()
    expect(await textOf(page, 'pre.hex')).toContain('000000 7b 22 65 76 65 6e 74')
    await go(page, 'health')
    const health = (await readJsonFrom(`${weir.url}/healthz`)) as { version: string }
    await expect.poll(() => textOf(page), WAIT).toContain(`version ${health.version}`)
    expect(watched.errors).toEqual([])
  })
})

describe.runIf(runs)('every room', () => {
  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
    ['dark', 360],
  ] as const)(
    'in %s at %i px: nothing for axe, no error, nobody else asked, no sideways scroll',
    { timeout: 90_000 },
    async (colorScheme, width) => {
      const viewport = { width, height: 800 }
      await using watched = await openWatched(browser, weir.url, { colorScheme, viewport })
      const { page, errors, strangers } = watched
      for (const room of ROOMS) {
        await go(page, room)
        await page.getByRole('heading', { level: 1 }).waitFor()
        await expect.poll(() => page.locator('[aria-busy=true]').count(), WAIT).toBe(0)
        const { violations } = await new AxeBuilder({ page }).analyze()
        const found = violations.flatMap(({ id, nodes }) => nodes.map(one => `${id} ${one.html}`))
        expect(found, `${room} ${colorScheme} ${width}`).toEqual([])
        const overflow = await measureOverflow(page)
        expect(overflow, room).toBe(0)
      }
      expect(errors).toEqual([])
      expect(strangers).toEqual([])
    },
  )

  test('a reload shows the same', async () => {
    await using watched = await openWatched(browser, weir.url)
    const { page } = watched
    await go(page, 'explore?metric=searches&key.query=shoes+1&last=6')
    await expect.poll(() => textOf(page), WAIT).toContain('query = shoes 1')
    await page.getByLabel('Range').selectOption('24')
    const rows = page.locator('section[aria-labelledby=rows] tbody tr')
    await expect.poll(() => rows.count(), WAIT).toBe(24)
    const [hash, before] = [
      new URL(page.url()).hash,
      await textOf(page, 'section[aria-labelledby=rows]'),
    ]
    expect(hash).toContain('last=24')
    await page.reload()
    await expect.poll(() => textOf(page, 'section[aria-labelledby=rows]'), WAIT).toBe(before)
    expect(new URL(page.url()).hash).toBe(hash)
  })
})

describe.runIf(runs)('by keyboard', () => {
  test('all rooms, the help, lists, and the day before', async () => {
    await using watched = await openWatched(browser, weir.url)
    const { page } = watched
    await go(page, 'overview')
    const title = (): Promise<string> => page.getByRole('heading', { level: 1 }).innerText()
    await title() // it begins once it knows whom to ask
    for (const [keys, name] of [
      ['ge', 'Explore'],
      ['gl', 'Live'],
      ['ga', 'Ledger'],
      ['gq', 'Quarantine'],
      ['gt', 'Trace'],
      ['gh', 'Health'],
      ['go', 'Overview'],
    ] as const) {
      await page.keyboard.type(keys)
      await expect.poll(title, WAIT).toContain(name)
    }
    const days = await readRows(weir.url, 'unique_users_daily')
    await page.locator('[data-key="["]').waitFor()
    await page.keyboard.press('[')
    await expect.poll(() => page.url()).toContain(`day=${days.at(-2)?.window_start?.slice(0, 10)}`)
    await page.keyboard.press('?')
    await page.getByRole('dialog').waitFor()
    expect(await textOf(page, 'dialog')).toContain('Quarantine')
    const { violations } = await new AxeBuilder({ page }).include('dialog').analyze()
    expect(violations.map(({ id }) => id)).toEqual([])
    await page.keyboard.press('Escape')
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0)
    await page.keyboard.type('gq')
    await page.locator('[data-item]').first().waitFor()
    await page.keyboard.press('j')
    await expect.poll(() => page.locator('[data-item]:focus').count()).toBe(1)
    await page.keyboard.type('gt')
    await expect.poll(title, WAIT).toContain('Trace')
    await page.keyboard.press('/')
    await page.keyboard.type('e1ge')
    expect(await page.locator('input:focus').inputValue()).toBe('e1ge')
  })

  test('the first tab leads past the rooms; whatever has the focus shows it', async () => {
    await using watched = await openWatched(browser, weir.url)
    const { page } = watched
    await go(page, 'overview')
    await page.locator('.chart').first().waitFor()
    await page.keyboard.press('Tab')
    expect(await page.locator(':focus').innerText()).toBe('To the content')
    for (let count = 0; count < 24; count += 1) {
      await page.keyboard.press('Tab')
      const focused = page.locator(':focus')
      if ((await focused.count()) === 0) continue
      const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')
      expect(outline, await focused.innerText()).toBe('solid')
    }
  })
})

test.runIf(runs)(
  'a place with keys asks for one, and keeps it for the window',
  async () => {
    await using own = await createPlace()
    const key = addKey(own.directory, ['read', 'admin'])
    await using guarded = await startWeir(own.directory)
    await using watched = await openWatched(browser, guarded.url)
    const { page } = watched
    await go(page, 'ledger', guarded.url)
    await page.getByLabel('Key with the scope').fill('weir_wrong')
    await page.keyboard.press('Enter')
    await expect.poll(() => textOf(page), WAIT).toContain('is not good here')
    await page.getByLabel('Key with the scope').fill(key)
    await page.keyboard.press('Enter')
    await expect.poll(() => textOf(page), WAIT).toMatch(/Nothing has happened yet|Balanced/)
    await page.reload()
    await expect.poll(() => textOf(page), WAIT).toMatch(/Nothing has happened yet|Balanced/)
    expect(
      await page.evaluate<string>('JSON.stringify(localStorage) + document.cookie'),
    ).not.toContain(key)
    expect(page.url()).not.toContain(key)
  },
  60_000,
)

test.runIf(runs)(
  'live visitors are seen as they come',
  async () => {
    await using own = await createPlace()
    const busy = spawnWeir(own.directory, {}, ['--traffic', '40'])
    await using shop = await whenReady(busy)
    await using watched = await openWatched(browser, shop.url)
    const { page, errors } = watched
    await go(page, 'live', shop.url)
    await expect.poll(() => page.locator('li details').count(), WAIT).toBeGreaterThan(5)
    await page.keyboard.press('p')
    await expect.poll(() => textOf(page), WAIT).toContain('Paused')
    const count = (): Promise<number> =>
      textOf(page).then(text => Number(/([\d,]+) since/.exec(text)?.[1]?.replaceAll(',', '')))
    const paused = await count()
    await page.keyboard.press('p')
    await expect.poll(count, WAIT).toBeGreaterThan(paused)
    await go(page, 'overview', shop.url)
    await expect.poll(() => textOf(page), WAIT).toContain('Live')
    const users = (): Promise<number> =>
      textOf(page, 'main dl').then(text =>
        Number(/Users ([\d,]+)/.exec(text)?.[1]?.replaceAll(',', '')),
      )
    await expect.poll(users, WAIT).toBeGreaterThan(0)
    const before = await users()
    await expect.poll(users, WAIT).toBeGreaterThan(before)
    expect(errors).toEqual([])
  },
  90_000,
)

test.runIf(runs)(
  'an order that was refused is tried, sent again, and traced to what counted it',
  async () => {
    await using own = await createPlace()
    await using shop = await startWeir(own.directory)
    const timestamp = new Date(Date.now() - HOUR_MS).toISOString()
    const data = { order_id: 'o1', total_amount: '12,50', currency: 'EUR' }
    const order = { event_id: 'e1', event_type: 'purchase', user_id: 'ada', timestamp, data }
    await fetch(`${shop.url}/v1/events`, { method: 'POST', body: JSON.stringify(order) })
    await waitUntilDigested(shop.url)
    await using watched = await openWatched(browser, shop.url)
    const { page, errors } = watched
    await go(page, 'quarantine', shop.url)
    const mend = { number: '/data/total_amount', decimal: ',' }
    const repair = { select: { topic: 'purchase' }, transform: [mend] }
    await page.locator('textarea').fill(JSON.stringify(repair))
    await page.getByRole('button', { name: 'Try it' }).click()
    await expect.poll(() => textOf(page), WAIT).toContain('It would send again 1 of 1')
    expect(await textOf(page)).toContain('"total_amount":12.50')
    await page.getByRole('button', { name: 'Repair and send again' }).click()
    await expect.poll(() => textOf(page), WAIT).toContain('Sent again 1 of 1')
    await waitUntilDigested(shop.url)
    await go(page, 'trace?id=e1', shop.url)
    await expect.poll(() => textOf(page), WAIT).toContain('2 copies')
    const traced = await textOf(page)
    expect(traced).toMatch(/wrong_type \/data\/total_amount/)
    expect(traced).toMatch(/sales_daily \S+ . orders 1, revenue 12\.50 EUR/)
    expect(errors).toEqual([])
  },
  90_000,
)

test.runIf(runs)('the first paint comes at once', async () => {
  await using watched = await openWatched(browser, weir.url)
  const { page } = watched
  const paints: number[] = []
  for (let count = 0; count < 5; count += 1) {
    await go(page, 'overview')
    await page.reload()
    await page.getByRole('heading', { level: 1 }).waitFor()
    const readPaint = (): Promise<number | null> => page.evaluate<number | null>(FIRST_PAINT)
    await expect.poll(readPaint, WAIT).not.toBeNull()
    paints.push((await readPaint()) ?? Number.POSITIVE_INFINITY)
  }
  expect(Math.min(...paints)).toBeLessThan(FIRST_PAINT_MS_MAX)
})

function toMoney(amount: unknown): string {
  const [whole = '', cents = ''] = String(amount).split('.')
  return `${toText(Number(whole))}.${cents}`
}

/** Of a count. */
function toPlain(value: Value | undefined): string {
  return typeof value === 'number' ? String(value) : ''
}
