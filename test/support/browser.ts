/** Debian's Chromium, without a window. */
import { existsSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { chromium } from 'playwright-core'

const CHROMIUM = '/usr/bin/chromium'

/** Where it is missing a test says so and is skipped; in CI that is a failure. */
export const isBrowserMissing: boolean = !existsSync(CHROMIUM) && process.env['CI'] !== 'true'

export async function openBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  })
}
