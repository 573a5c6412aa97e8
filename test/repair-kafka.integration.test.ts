/**
 * Repair where processes run apart: rejects are read from what serves them, or from the results
 * place itself; mended events go to Kafka, for the digest workers to count; the book lies in the
 * results place, where all find it.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { createPrefix, kafkaMissing, shareKafka } from './support/broker.ts'
import { createPlace } from './support/place.ts'
import {
  readJsonFrom,
  runWeir,
  spawnCommand,
  waitUntilDigested,
  whenReady,
} from './support/process.ts'

const missing = kafkaMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const why = missing === null ? '' : ` (skipped: ${missing})`
const START_MS_MAX = 120_000
const EVENTS = 30
const REPAIR = {
  select: { code: 'wrong_type', pointer: '/data/quantity' },
  transform: [{ number: '/data/quantity', decimal: '.' }],
}

const lines = Array.from({ length: EVENTS }, (_, index) =>
  JSON.stringify({
    event_type: 'add_to_cart',
    user_id: `u${index % 7}`,
    timestamp: '2024-09-03T10:00:00Z',
    event_id: `e${index}`,
    data: { product_id: 'p', quantity: String(index + 1) },
  }),
)

beforeAll(async () => {
  if (isSkipped) return
  expect(missing, 'what CI lacks').toBeNull()
  await shareKafka('kraft')
}, START_MS_MAX)

interface Audit {
  readonly balanced: boolean
  readonly partitions: readonly {
    readonly accepted: number
    readonly duplicate: number
    readonly repaired: number
  }[]
}

describe.skipIf(isSkipped)(`over Kafka${why}`, () => {
  test('each mended event counts once', { timeout: START_MS_MAX }, async () => {
    await using place = await createPlace()
    const path = (name: string): string => join(place.directory, name)
    writeFileSync(path('carts.ndjson'), `${lines.join('\n')}\n`)
    writeFileSync(path('repair.json'), JSON.stringify(REPAIR))
    const prefix = createPrefix()
    const settings = {
      WEIR_KAFKA: await shareKafka('kraft'),
      WEIR_TOPIC_PREFIX: prefix,
      WEIR_KAFKA_GROUP: prefix,
      WEIR_PARTITIONS: '2',
      WEIR_RESULTS: path('results'),
    }
    const run = async (what: 'repair' | 'replay', data: string, crash = {}): Promise<string> => {
      const words = ['quarantine', what, path('repair.json'), '--json', '--data', path(data)]
      const { how, stdout, stderr } = await runWeir(words, { ...settings, ...crash })
      if (how !== 'exit 0') return `${how} ${stderr.trim().split('\n').at(-1)}`
      return stdout
    }
    const produced = ['produce', path('carts.ndjson'), '--data', path('other')]
    expect((await runWeir(produced, settings)).how).toBe('exit 0')
    await using digest = spawnCommand(['digest', '--port', '0', '--data', path('d')], settings)
    await digest.ready
    const serve = ['serve', '--port', '0', '--data', path('served')]
    await using served = await whenReady(spawnCommand(serve, settings))
    await waitUntilDigested(served.url)

    expect(JSON.parse(await run('repair', 'served'))).toMatchObject({ valid: EVENTS })
    const crashed = await run('replay', 'served', { WEIR_CRASH_AT: 'repair.sent' })
    expect(crashed).toBe('SIGKILL weir: killed at repair.sent')
    const done = JSON.parse(await run('replay', 'other'))
    expect(done).toMatchObject({ resumed: EVENTS, sent: EVENTS, repaired_before: EVENTS })
    const again = JSON.parse(await run('replay', 'served'))
    expect(again).toMatchObject({ sent: 0, repaired_before: EVENTS })

    await waitUntilDigested(served.url)
    const { balanced, partitions } = (await readJsonFrom(`${served.url}/v1/audit`)) as Audit
    const sum = (of: (line: Audit['partitions'][number]) => number): number =>
      partitions.reduce((total, line) => total + of(line), 0)
    expect(balanced).toBe(true)
    const found = [sum(one => one.accepted), sum(one => one.duplicate), sum(one => one.repaired)]
    expect(found).toEqual([EVENTS, EVENTS, EVENTS])
  })
})
