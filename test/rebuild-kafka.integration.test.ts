/**
 * Rebuild where processes run apart: with the workers stopped, a metric that was added is filled
 * from the lake in the results place; killed before and after its commit and done again, it gives
 * the same; and workers go on from there.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { createPrefix, kafkaMissing, shareKafka } from './support/broker.ts'
import { createPlace } from './support/place.ts'
import { readRows, runWeir, spawnCommand, waitUntilDigested, whenReady } from './support/process.ts'

const missing = kafkaMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const why = missing === null ? '' : ` (skipped: ${missing})`
const START_MS_MAX = 120_000
const EVENTS = 60
const CARTS = 7

const CONFIG = `
import { addToCart, count, countDistinct, defineConfig, defineMetric, sum } from 'weir'

export default defineConfig({
  metrics: [
    defineMetric('carts', {
      from: addToCart, window: 'day', once: 'session_id',
      measures: { carts: count(), users: countDistinct('user_id'), pieces: sum('data.quantity') },
    }),
  ],
})
`

const eventOf = (index: number): string =>
  JSON.stringify({
    event_type: 'add_to_cart',
    user_id: `u${index % CARTS}`,
    session_id: `s${index % CARTS}`,
    timestamp: '2024-09-03T10:00:00Z',
    event_id: `e${index}`,
    data: { product_id: 'p', quantity: 2 },
  })

beforeAll(async () => {
  if (isSkipped) return
  expect(missing, 'what CI lacks').toBeNull()
  await shareKafka('kraft')
}, START_MS_MAX)

describe.skipIf(isSkipped)(`over Kafka${why}`, () => {
  test('an added metric has its history', { timeout: START_MS_MAX }, async () => {
    await using place = await createPlace()
    const path = (name: string): string => join(place.directory, name)
    writeFileSync(path('weir.config.ts'), CONFIG)
    const prefix = createPrefix()
    const old = {
      WEIR_KAFKA: await shareKafka('kraft'),
      WEIR_TOPIC_PREFIX: prefix,
      WEIR_KAFKA_GROUP: prefix,
      WEIR_PARTITIONS: '2',
      WEIR_RESULTS: path('results'),
      WEIR_ARCHIVE: path('lake'),
    }
    const settings = { ...old, WEIR_CONFIG: path('weir.config.ts') }
    const produce = async (from: number, to: number): Promise<void> => {
      const lines = Array.from({ length: to - from }, (_, index) => eventOf(from + index))
      writeFileSync(path('carts.ndjson'), `${lines.join('\n')}\n`)
      const words = ['produce', path('carts.ndjson'), '--data', path('other')]
      expect((await runWeir(words, settings)).how).toBe('exit 0')
    }
    const rebuild = async (more = {}): Promise<string> => {
      const words = ['rebuild', '--yes', '--json', '--metric', 'carts', '--data', path('r')]
      const { how, stdout, stderr } = await runWeir(words, { ...settings, ...more })
      return how === 'exit 0' ? stdout : `${how} ${stderr.trim().split('\n').at(-1)}`
    }
    await produce(0, EVENTS)
    await using served = await whenReady(
      spawnCommand(['serve', '--port', '0', '--data', path('served')], settings),
    )
    const carts = async (): Promise<unknown> =>
      (await readRows(served.url, 'carts')).map(row => [row.values, row.partial])
    const digest = ['digest', '--port', '0', '--data', path('d')]
    {
      await using worker = await whenReady(spawnCommand(digest, old))
      await waitUntilDigested(served.url)
      expect((await worker.stop('SIGTERM')).how).toBe('exit 0')
    }
    expect(await rebuild({ WEIR_CRASH_AT: 'rebuild.before' })).toMatch(/^SIGKILL/)
    expect(await rebuild({ WEIR_CRASH_AT: 'rebuild.after' })).toMatch(/^SIGKILL/)
    const report = JSON.parse(await rebuild())
    expect(report.metrics).toMatchObject([{ metric: 'carts', same: 1, changed: 0, new: 0 }])
    const counted = [{ carts: CARTS, users: CARTS, pieces: String(2 * CARTS) }, false]
    await expect.poll(carts).toEqual([counted])

    // The history's ids are known to who counts on.
    await using worker = await whenReady(spawnCommand(digest, settings))
    await produce(EVENTS, EVENTS + CARTS)
    await waitUntilDigested(served.url)
    expect(await carts()).toEqual([counted])
    await worker.kill()
  })
})
