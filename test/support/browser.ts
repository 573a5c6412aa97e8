/** A browser for tests: the system's Chromium, and what it does beside showing the page. */
import { existsSync } from 'node:fs'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { chromium } from 'playwright-core'

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const PATH = PATHS.find(path => existsSync(path))

/** Why no test can run that needs a browser; null: one is there. CI has to have one. */
export const NO_BROWSER: string | null =
  PATH === undefined && process.env['CI'] !== 'true'
    ? 'there is no Chromium: apt-get install chromium'
    : null

export async function launchBrowser(): Promise<Browser & AsyncDisposable> {
  if (PATH === undefined) throw new Error('there is no Chromium: apt-get install chromium')
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage']
  return await chromium.launch({ executablePath: PATH, args })
}

export interface Watched extends AsyncDisposable {
  readonly page: Page
  /** Errors of the console and of scripts, and what the policy refused. */
  readonly errors: readonly string[]
  /** Addresses of other hosts that were asked. */
  readonly strangers: readonly string[]
}

/** A window of its own, with nothing kept; `origin` is the one that may be asked. */
export async function openWatched(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options })
  const page = await context.newPage()
  const errors: string[] = []
  const strangers: string[] = []
  page.on('console', message => {
    if (message.type() === 'error') errors.push(message.text())
  })
  page.on('pageerror', error => errors.push(String(error)))
  page.on('dialog', async dialog => {
    errors.push(`dialog: ${dialog.message()}`)
    await dialog.dismiss()
  })
  page.on('request', request => {
    if (!request.url().startsWith(origin) && !/^(data|blob):/.test(request.url())) {
      strangers.push(request.url())
    }
  })
  await page.addInitScript({ content: TELL_VIOLATIONS })
  return { page, errors, strangers, [Symbol.asyncDispose]: () => context.close() }
}

// What runs in the page is text here: the tests' own types know no document.
const TELL_VIOLATIONS = `document.addEventListener('securitypolicyviolation', event =>
  console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))`

/** How far the page reaches beyond the right edge, in pixels. */
export function measureOverflow(page: Page): Promise<number> {
  const root = 'document.documentElement'
  return page.evaluate<number>(`${root}.scrollWidth - ${root}.clientWidth`)
}
