/** What is told of single events, by processes that live: alone, over Kafka, and from the lake. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { describe, expect, test } from 'vitest'
import type { TraceAnswer } from '../src/api/contract.ts'
import { createPrefix, kafkaMissing, shareKafka } from './support/broker.ts'
import { waitUntilArchived } from './support/lake-check.ts'
import { createPlace } from './support/place.ts'
import type { WeirProcess } from './support/process.ts'
import { runWeir, startWeir, waitUntilDigested } from './support/process.ts'

const WAIT = { timeout: 20_000 }
const missing = kafkaMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'

function purchase(id: string, data: object, userId = 'u1'): object {
  const timestamp = '2026-03-01T10:25:15Z'
  return { event_id: id, event_type: 'purchase', user_id: userId, timestamp, data }
}

async function post(weir: WeirProcess, path: string, json: unknown): Promise<unknown> {
  const headers = { 'Content-Type': 'application/json' }
  const body = JSON.stringify(json)
  const response = await fetch(weir.url + path, { method: 'POST', headers, body })
  expect(response.status, path).toBe(200)
  return response.json()
}

async function trace(weir: WeirProcess, id: string, query = ''): Promise<TraceAnswer> {
  const response = await fetch(`${weir.url}/v1/events/${encodeURIComponent(id)}${query}`)
  expect(response.status).toBe(200)
  return (await response.json()) as TraceAnswer
}

/** An event that came thrice, whose first copy was invalid, and its repair. */
async function assertTraced(weir: WeirProcess, topic: string): Promise<void> {
  const order = { order_id: 'o1', total_amount: 5.5 }
  await post(weir, '/v1/events', [purchase('e "1"', { total_amount: 5.5 })])
  await post(weir, '/v1/events', [purchase('e "1"', order), purchase('e 2', order)])
  await post(weir, '/v1/events', [purchase('e "1"', order)])
  await waitUntilDigested(weir.url)
  const { copies, searched } = await trace(weir, 'e "1"')
  expect(searched.is_cut).toBe(false)
  expect(copies.map(({ verdict, code, pointer }) => [verdict, code, pointer])).toEqual([
    ['invalid', 'missing', '/data/order_id'],
    ['accepted', null, null],
    ['duplicate', null, null],
  ])
  const [rejected, accepted] = copies
  expect(accepted).toMatchObject({ topic, user_id: 'u1', in_log: true })
  const sales = accepted?.windows?.find(({ metric }) => metric === 'sales_daily')
  expect(sales).toEqual({
    metric: 'sales_daily',
    window_start: '2026-03-01T00:00:00Z',
    window_end: '2026-03-02T00:00:00Z',
    key: {},
    adds: { orders: 1, revenue: { USD: '5.50' }, average_order_value: { USD: '5.50' } },
    counts_once: 'data.order_id',
  })
  const ofUser = await trace(weir, 'e "1"', '?user_id=u1')
  expect(ofUser.copies.map(({ offset }) => offset)).toEqual(copies.map(({ offset }) => offset))
  expect(ofUser.searched.log_bytes).toBeLessThanOrEqual(searched.log_bytes)
  const past = await fetch(`${weir.url}/v1/events/e%202?to=2026-03-01`)
  expect(past.status).toBe(404)

  const repair = {
    select: { code: 'missing', topic },
    transform: [
      { default: '/data/order_id', value: 'o9' },
      { set: '/event_id', value: 'mended' },
    ],
  }
  const path = '/v1/quarantine/repair'
  const dry = await post(weir, `${path}?dry_run=true`, repair)
  expect(dry).toMatchObject({ dry_run: true, chosen: 1, valid: 1, sent: null })
  expect(await post(weir, path, repair)).toMatchObject({ dry_run: false, sent: 1 })
  expect(await post(weir, path, repair)).toMatchObject({ sent: 0, repaired_before: 1 })
  await waitUntilDigested(weir.url)
  expect((await trace(weir, 'mended')).copies).toMatchObject([{ verdict: 'accepted' }])
  const { partition, offset } = rejected ?? {}
  const place = `${topic}/${partition}/${offset}`
  const reject = (await (await fetch(`${weir.url}/v1/quarantine/${place}`)).json()) as object
  expect(reject).toMatchObject({ code: 'missing', repaired: expect.any(String) as unknown })
}

describe('an event is traced, and repaired', () => {
  test('in one process, before it is archived and after', { timeout: 90_000 }, async () => {
    await using place = await createPlace()
    const off = { WEIR_ARCHIVE: 'off' }
    const settings = { WEIR_ARCHIVE_INTERVAL: '200ms' }
    {
      await using weir = await startWeir(join(place.directory, 'a'), off)
      await assertTraced(weir, 'purchase')
      await weir.stop('SIGTERM')
    }
    const data = join(place.directory, 'b')
    await using weir = await startWeir(data, settings)
    await assertTraced(weir, 'purchase')
    await waitUntilArchived(weir.url)
    const { copies } = await trace(weir, 'e "1"')
    expect(copies.map(({ verdict }) => verdict)).toEqual(['invalid', 'accepted', 'duplicate'])
    const object = copies[1]?.object ?? ''
    expect(object).toContain('event_type=purchase/event_date=2026-03-01/')
    expect(existsSync(join(data, 'lake', object))).toBe(true)
    // Beside it, and then alone, the command says the same.
    const words = ['trace', 'e "1"', '--json', '--data', data, '--from', '2026-01-01']
    const ask = async (): Promise<unknown> => {
      const { stdout } = await runWeir([...words, '--to', '2100-01-01'], settings)
      return (JSON.parse(stdout) as TraceAnswer).copies
    }
    expect(await ask()).toEqual(copies)
    await weir.stop('SIGTERM')
    expect(await ask()).toEqual(copies)
    const none = await runWeir(['trace', 'nobody', '--data', data], settings)
    expect(none).toMatchObject({ how: 'exit 1', stdout: '' })
  })

  test('in the lake, once the log has dropped it', { timeout: 90_000 }, async () => {
    await using place = await createPlace()
    await using weir = await startWeir(place.directory, {
      WEIR_ARCHIVE_INTERVAL: '200ms',
      WEIR_RETENTION: '1s',
      WEIR_SEGMENT_BYTES: '64KiB',
      WEIR_PARTITIONS: '1',
    })
    const now = new Date().toISOString()
    const order = { order_id: 'o1', total_amount: 1 }
    await post(weir, '/v1/events', [{ ...purchase("e'1", order), timestamp: now }])
    let round = 0
    const isInLog = async (): Promise<unknown> => {
      round += 1
      const filler = Array.from({ length: 300 }, (_, at) =>
        purchase(`filler ${round} ${at}`, { ...order, order_id: `o ${round} ${at}` }),
      )
      await post(weir, '/v1/events', filler)
      const { copies } = await trace(weir, "e'1")
      return copies.map(({ in_log }) => in_log)
    }
    await expect.poll(isInLog, { ...WAIT, interval: 300 }).toEqual([false])
    const { copies, searched } = await trace(weir, "e'1")
    expect(searched.lake_files).toBeGreaterThan(0)
    expect(copies).toMatchObject([
      { topic: 'purchase', partition: 0, offset: 0, verdict: 'accepted', windows: null },
    ])
    expect(copies[0]?.object).toContain('/0-0000000000000000-')
  })

  test.skipIf(isSkipped)(
    `over Kafka${missing === null ? '' : `: ${missing}`}`,
    { timeout: 180_000 },
    async () => {
      expect(missing).toBeNull()
      await using place = await createPlace()
      const prefix = createPrefix()
      const settings = {
        WEIR_KAFKA: await shareKafka('kraft'),
        WEIR_TOPIC_PREFIX: prefix,
        WEIR_KAFKA_GROUP: `${prefix}workers`,
      }
      await using weir = await startWeir(place.directory, settings)
      await assertTraced(weir, `${prefix}purchase`)
    },
  )
})
