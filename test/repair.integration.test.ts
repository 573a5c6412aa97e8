/**
 * Repair, end to end: the hostile inputs of the corpus, mended by one repair and sent again by
 * processes that are killed at every point there is, alone and beside a running Weir. Each of them
 * counts exactly once after it, and everything else is as the oracle counts it.
 */
import { deepStrictEqual } from 'node:assert'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { judge } from './oracle/judge.ts'
import { readLog } from './oracle/read-log.ts'
import { SHOP_SETTINGS } from './oracle/shop.ts'
import { isOneLine, POISON } from './poison/corpus.ts'
import { assertNothingLost } from './support/against-oracle.ts'
import { createPlace } from './support/place.ts'
import type { Settings } from './support/process.ts'
import { readJsonFrom, runWeir, startWeir, waitUntilDigested } from './support/process.ts'

/** Makes a page view of everything that is an object: each has a derived id of its own. */
const MEND = {
  select: {},
  transform: [
    { replace: '^\\xef\\xbb\\xbf', with: '' },
    { remove: '/event_id' },
    { remove: '/session_id' },
    { set: '/event_type', value: 'page_view' },
    { set: '/user_id', value: 'mended' },
    { set: '/timestamp', value: '2024-09-03T10:00:00Z' },
    { set: '/data', value: { page_url: '/mended' } },
  ],
}

interface Report {
  readonly chosen: number
  readonly valid: number
  readonly sent: number
  readonly resumed: number
  readonly repaired_before: number
  readonly duplicates: number
}

test('what is mended counts once, whenever a replay is killed', { timeout: 240_000 }, async () => {
  await using place = await createPlace()
  const data = join(place.directory, 'data')
  const file = join(place.directory, 'mend.json')
  writeFileSync(file, JSON.stringify(MEND))
  await importPoison(place.directory, data)

  const run = async (what: 'repair' | 'replay', settings: Settings = {}): Promise<Report> => {
    const words = ['quarantine', what, file, '--json', '--data', data]
    const { how, stdout, stderr } = await runWeir(words, settings)
    expect(how, stderr).toBe('exit 0')
    return JSON.parse(stdout) as Report
  }
  const kill = async (point: string): Promise<void> => {
    const words = ['quarantine', 'replay', file, '--data', data]
    const { how, stderr } = await runWeir(words, { WEIR_CRASH_AT: point })
    expect(stderr).toContain(`killed at ${point.split(':')[0]}`)
    expect(how).toBe('SIGKILL')
  }

  const tried = await run('repair')
  expect(tried.valid).toBeGreaterThan(20)
  expect(tried.duplicates).toBe(0)
  // Alone: nothing is begun yet, then some are, then the same are sent and not completed.
  for (const point of ['repair.before:7', 'repair.begun', 'repair.sent']) await kill(point)
  await using weir = await startWeir(data)
  for (const point of ['repair.begun', 'repair.sent', 'repair.done']) await kill(point)
  await weir.kill()

  await using survivor = await startWeir(data)
  const last = await run('replay')
  expect(last.valid + last.repaired_before).toBe(tried.valid)
  const again = await run('replay')
  expect([again.sent, again.resumed, again.repaired_before]).toEqual([0, 0, tried.valid])
  await assertMended(survivor.url, data, tried.valid)
  await assertNothingLost({ url: survivor.url, directory: data, acknowledged: new Map() })
})

async function importPoison(directory: string, data: string): Promise<void> {
  const lines = POISON.filter(one => one.bytes.length > 0 && isOneLine(one))
  const file = join(directory, 'poison.ndjson')
  writeFileSync(file, Buffer.concat(lines.flatMap(one => [one.bytes, Buffer.from('\n')])))
  const { how } = await runWeir(['import', file, '--data', data])
  expect(how).toBe('exit 0')
}

/** By the log itself, by the ledger, by the quarantine, and by the counters. */
async function assertMended(url: string, data: string, count: number): Promise<void> {
  await waitUntilDigested(url)
  const judged = judge(readLog(join(data, 'log')), SHOP_SETTINGS)
  const mended = judged.filter(
    ({ record }) => Buffer.from(record.key ?? []).toString() === 'mended',
  )
  expect(mended.filter(({ verdict }) => verdict.kind === 'accepted')).toHaveLength(count)
  expect(mended.filter(({ verdict }) => verdict.kind === 'invalid')).toHaveLength(0)
  const { partitions } = (await readJsonFrom(`${url}/v1/audit`)) as {
    partitions: { repaired: number; quarantined: number }[]
  }
  expect(partitions.reduce((sum, line) => sum + line.repaired, 0)).toBe(count)
  expect(await countRepaired(url)).toBe(count)
  const text = await (await fetch(`${url}/metrics`)).text()
  const values = [...text.matchAll(/^weir_repaired_records_total\{.*\} (\d+)$/gm)]
  deepStrictEqual(
    values.reduce((sum, [, value]) => sum + Number(value), 0),
    count,
  )
}

async function countRepaired(url: string): Promise<number> {
  let count = 0
  let cursor = ''
  do {
    const page = (await readJsonFrom(`${url}/v1/quarantine?limit=50${cursor}`)) as {
      rejects: { repaired: string | null }[]
      next: string | null
    }
    count += page.rejects.filter(({ repaired }) => repaired !== null).length
    cursor = page.next === null ? '' : `&cursor=${encodeURIComponent(page.next)}`
  } while (cursor !== '')
  return count
}
