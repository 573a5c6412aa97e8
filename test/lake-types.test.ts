/**
 * A type of events that is taken out of the config, and put in again later: what was accepted of it
 * rests in the lake, and the ledger closes at every time, with what was not archived yet when it
 * was taken out, too.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { waitUntilArchived } from './support/lake-check.ts'
import { createPlace } from './support/place.ts'
import type { Settings, WeirProcess } from './support/process.ts'
import { runWeir, startWeir, waitUntilDigested } from './support/process.ts'

const REVIEWS = 'review_posted'
const NOW = "import { defineConfig, defineEvent, integer } from 'weir'\n"
const WITH = `${NOW}const review = defineEvent('review_posted', { stars: integer() })
export default defineConfig({ events: [review] })\n`
const WITHOUT = `${NOW}export default defineConfig({})\n`
const AT_ONCE: Settings = { WEIR_ARCHIVE_INTERVAL: '100ms' }
const LATER: Settings = { WEIR_ARCHIVE_INTERVAL: '1h' }

test.each([
  ['all of it archived', AT_ONCE],
  ['some of it not archived yet', LATER],
])(
  'taken out with %s, and put in again',
  async (_, before) => {
    await using place = await createPlace()
    const config = join(place.directory, 'weir.config.ts')
    const data = join(place.directory, 'data')
    const live = async (
      text: string,
      settings: Settings,
      act: (weir: WeirProcess) => Promise<void>,
    ): Promise<void> => {
      await writeFile(config, text)
      const own = { ...settings, WEIR_CONFIG: config }
      await using weir = await startWeir(data, own)
      await act(weir)
      if (settings !== LATER) {
        const audit = await waitUntilArchived(weir.url, text === WITHOUT ? REVIEWS : '')
        expect(audit.balanced).toBe(true)
        const told = await runWeir(['audit', '--lake', '--data', data], own)
        expect(told).toMatchObject({
          how: 'exit 0',
          stdout: expect.stringContaining('The ledger balances.'),
          stderr: 'The files of the lake have the rows of the ledger.\n',
        })
      }
      expect((await weir.stop('SIGTERM')).how).toBe('exit 0')
    }
    await live(WITH, before, weir => send(weir, REVIEWS, ['r1', 'r2', 'r3']))
    await live(WITHOUT, AT_ONCE, weir => send(weir, 'page_view', ['p1']))
    await live(WITHOUT, AT_ONCE, weir => send(weir, REVIEWS, ['r4'], 'invalid'))
    await live(WITH, AT_ONCE, async weir => {
      await send(weir, REVIEWS, ['r3'])
      await send(weir, REVIEWS, ['r5'])
      const { partitions } = await waitUntilDigested(weir.url)
      const reviews = partitions.filter(line => line.topic === REVIEWS)
      expect(sum(reviews.map(line => line.accepted))).toBe(4)
    })
  },
  120_000,
)

async function send(
  { url }: WeirProcess,
  type: string,
  ids: readonly string[],
  status = 'stored',
): Promise<void> {
  const events = ids.map(id => ({
    event_id: id,
    event_type: type,
    user_id: `u-${id.length}`,
    timestamp: '2026-03-02T10:00:00Z',
    data: { stars: 4 },
  }))
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify(events)
  const answer = await fetch(`${url}/v1/events`, { method: 'POST', headers, body })
  const { items } = (await answer.json()) as { readonly items: readonly { status: string }[] }
  expect(items.map(item => item.status)).toEqual(ids.map(() => status))
  await waitUntilDigested(url)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
