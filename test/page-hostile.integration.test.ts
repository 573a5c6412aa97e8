/**
 * Two hundred hostile texts in every field that is shown: event ids, users, queries, products, keys
 * of results, types, and the bytes of what is refused. Nothing of them runs, is markup, or leaves
 * the page; no cell of the CSV is a formula, and no terminal gets a sign that it acts on.
 */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchBrowser, measureOverflow, NO_BROWSER, openWatched } from './support/browser.ts'
import { HOSTILE, hasTerminalSign } from './support/hostile.ts'
import type { Place } from './support/place.ts'
import { createPlace } from './support/place.ts'
import type { WeirProcess } from './support/process.ts'
import { runWeir, startWeir, waitUntilDigested } from './support/process.ts'

const WAIT = { timeout: 15_000 }
const runs = NO_BROWSER === null

let place: Place
let weir: WeirProcess

beforeAll(async () => {
  place = await createPlace()
  weir = await startWeir(place.directory, { WEIR_PARTITIONS: '1' })
  for (const text of HOSTILE) await sendAll(text)
  await waitUntilDigested(weir.url)
}, 120_000)

afterAll(async () => {
  await weir?.kill()
  await place?.[Symbol.asyncDispose]()
})

/** One text in each field that takes any, and as what is refused. */
async function sendAll(text: string): Promise<void> {
  const base = { event_id: text, user_id: text, timestamp: new Date().toISOString() }
  const items: unknown[] = [
    { ...base, event_type: 'search', session_id: text, data: { query: text, results_count: 0 } },
    {
      ...base,
      event_id: `view ${text}`,
      event_type: 'product_view',
      data: { product_id: text, category: text, product_name: text },
    },
    { ...base, event_id: `type ${text}`, event_type: text },
    { ...base, event_id: `no ${text}`, event_type: 'search', data: { query: 7, [text]: text } },
    text,
  ]
  const body = JSON.stringify(items)
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${weir.url}/v1/events`, { method: 'POST', headers, body })
  expect(answer.status, text).toBe(200)
  const raw = await fetch(`${weir.url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: `not json ${text.replaceAll(/[\r\n]/g, ' ')}`,
  })
  expect(raw.status, text).toBe(200)
}

test('there are two hundred', () => {
  expect(new Set(HOSTILE).size).toBe(200)
})

describe.runIf(runs)('the page', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser?.close())

  test.each([
    'overview',
    'explore?metric=searches&last=1',
    'explore?metric=searches&last=1&as=table&order=-searches',
    'explore?metric=product_views&last=1',
    'live',
    'quarantine',
    'quarantine?code=unknown_type',
    'ledger',
    'health',
  ])('%s shows them as text', async hash => {
    await using watched = await openWatched(browser, weir.url, {
      viewport: { width: 360, height: 740 },
    })
    const { page, errors, strangers } = watched
    const asked: string[] = []
    page.on('request', request => asked.push(request.url()))
    await page.goto(`${weir.url}/#/${hash}`)
    const wanted = hash === 'health' ? 'ok' : hash === 'ledger' ? 'Balanced' : '<|\\\\u|p\\d|=1'
    await expect.poll(() => page.locator('main').innerText(), WAIT).toMatch(new RegExp(wanted))
    await expect.poll(() => page.locator('[aria-busy=true]').count(), WAIT).toBe(0)
    for (const item of (await page.locator('[data-item]').all()).slice(0, 12)) await item.click()
    expect(await findInjected(page)).toEqual([])
    expect(await page.locator('main').innerText()).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200b]/)
    const overflow = await measureOverflow(page)
    expect(overflow).toBe(0)
    expect(asked.filter(url => url.includes('hostile'))).toEqual([])
    expect(strangers).toEqual([])
    expect(errors).toEqual([])
  })

  test('as what a link asks for, each is only asked for', { timeout: 120_000 }, async () => {
    await using watched = await openWatched(browser, weir.url)
    const { page } = watched
    await page.goto(`${weir.url}/#/overview`)
    for (const text of HOSTILE) {
      const query = new URLSearchParams({ 'key.query': text, text, id: text, metric: 'searches' })
      query.append('key.query', text)
      const room = ['explore', 'live', 'trace'][HOSTILE.indexOf(text) % 3] ?? ''
      await page.evaluate(`location.hash = ${JSON.stringify(`#/${room}?${query.toString()}`)}`)
      await page.waitForTimeout(30)
      expect(await findInjected(page), text).toEqual([])
    }
    expect(watched.strangers).toEqual([])
    // What a link asks for may be refused; that must be all that goes wrong.
    const broken = watched.errors.filter(text => !text.startsWith('Failed to load resource'))
    expect(broken).toEqual([])
  })
})

test('no cell of the CSV is a formula', async () => {
  for (const metric of ['searches', 'product_views', 'top_products']) {
    const answer = await fetch(`${weir.url}/v1/metrics/${metric}?format=csv&limit=10000`)
    const csv = await answer.text()
    const cells = parseCsv(csv)
    expect(cells.length).toBeGreaterThan(metric === 'top_products' ? 1 : 190)
    const formulas = cells.flat().filter(cell => /^[=+\-@\t\r]/.test(cell))
    expect(formulas, metric).toEqual([])
  }
})

test.each([
  [['tail', '--back', '1000', '--once']],
  [['query', 'searches', '--limit', '10000']],
  [['query', 'top_products']],
  [['quarantine', 'list', '--limit', '500']],
  [['quarantine', 'show', 'weir.unparsed/0/3']],
  [['quarantine', 'show', 'search/0/1']],
])('no sign for the terminal in weir %j', async words => {
  const { how, stdout, stderr } = await runWeir([...words, '--data', place.directory])
  expect([how, stderr]).toEqual(['exit 0', expect.any(String)])
  expect(stdout.length).toBeGreaterThan(20)
  const signs = `${stdout}${stderr}`.split('\n').filter(hasTerminalSign)
  expect(signs.map(line => JSON.stringify(line))).toEqual([])
})

/** Elements that the page never makes itself, and marks of scripts that ran. */
function findInjected(page: Page): Promise<readonly string[]> {
  return page.evaluate<readonly string[]>(FIND_INJECTED)
}

const ALIEN =
  'body script, iframe, object, embed, img, video, form[action], base, body style, body link, math'
const FIND_INJECTED = `[
  ...[...document.querySelectorAll('${ALIEN}')].map(one => one.outerHTML.slice(0, 200)),
  ...[...document.querySelectorAll('*')].flatMap(one =>
    one.getAttributeNames().filter(name => name.startsWith('on'))),
  ...[...document.querySelectorAll('a')].flatMap(({ href }) =>
    href.startsWith(location.origin) ? [] : [href]),
  ...('hostile' in window ? ['a script ran'] : []),
]`

/** RFC 4180. */
function parseCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = []
  let row: string[] = []
  for (const [, quoted, plain, end] of text.matchAll(
    /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g,
  )) {
    row.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'))
    if (end === ',') continue
    rows.push(row)
    row = []
  }
  return rows
}
