/**
 * Events that others put on Kafka are counted right: every client, every codec, transactions with
 * aborts. Keyed by user, with one partitioner, all values are exact; in one partition, too;
 * elsewhere counts are, and what may count too much says so.
 */
import { deepStrictEqual } from 'node:assert'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { ResultRow } from '../src/model/result.ts'
import { SHOP_TYPES } from './oracle/shop.ts'
import { kafkaMissing, shareKafka } from './support/broker.ts'
import type { KafkaClient, Production } from './support/kafka-clients/produce.ts'
import {
  CODECS,
  KAFKA_CLIENTS,
  kafkaClientsMissing,
  produceWith,
  resolveKafkaClients,
} from './support/kafka-clients/produce.ts'
import type { KafkaRiver } from './support/kafka-corridor.ts'
import { assertAsOracle, openKafkaRiver } from './support/kafka-corridor.ts'
import { createPlace } from './support/place.ts'
import { readJsonFrom, readRows, runWeir } from './support/process.ts'

const missing = kafkaMissing() ?? kafkaClientsMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const PREPARE_MS_MAX = 300_000
const RUN_MS_MAX = 180_000
/** Of each file. */
const EVENTS = 400

interface Stage {
  readonly river: KafkaRiver
  readonly bootstrap: string
  /** Sends a file of its own, of all six types. */
  readonly send: (
    client: KafkaClient,
    options: Omit<Production, 'bootstrap' | 'file' | 'prefix'>,
  ) => Promise<void>
}

async function openStage(partitions: number, partitioner: 'murmur2' | 'crc32'): Promise<Stage> {
  const bootstrap = await shareKafka('kraft')
  const place = await createPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
  const { directory } = place
  const river = await openKafkaRiver({ directory, bootstrap, partitions, workers: 1, partitioner })
  onTestFinished(() => river[Symbol.asyncDispose]())
  let fileCount = 0
  return {
    river,
    bootstrap,
    send: async (client, options) => {
      fileCount += 1
      const file = join(directory, `${fileCount}.ndjson`)
      await writeEvents(file, fileCount)
      await produceWith(client, { bootstrap, file, prefix: river.prefix, ...options })
    },
  }
}

const types = new Set(SHOP_TYPES.map(type => type.name))

/** Synthetic events, but for those that no client could find a topic for. */
async function writeEvents(file: string, seed: number): Promise<void> {
  await runWeir(['generate', file, '--events', String(EVENTS), '--seed', String(seed)])
  const lines = (await readFile(file, 'utf8')).split('\n')
  await writeFile(file, `${lines.filter(isAddressed).join('\n')}\n`)
}

function isAddressed(line: string): boolean {
  try {
    const event = JSON.parse(line) as { event_type?: unknown; user_id?: unknown }
    return types.has(String(event.event_type)) && typeof event.user_id === 'string'
  } catch {
    return false
  }
}

beforeAll(async () => {
  if (isSkipped) return
  expect(missing, 'what CI lacks').toBeNull()
  await resolveKafkaClients()
  await shareKafka('kraft')
}, PREPARE_MS_MAX)

describe.skipIf(isSkipped)(isSkipped ? `skipped: ${missing}` : 'what others produce', () => {
  test('keyed by murmur2, in each codec, with aborted transactions', {
    timeout: RUN_MS_MAX,
  }, async () => {
    const { river, bootstrap, send } = await openStage(4, 'murmur2')
    const partitioner = 'murmur2_random'
    for (const codec of CODECS) {
      await send('kafka-python', { keyed: true, codec })
      await send('confluent-kafka', { keyed: true, codec, partitioner })
    }
    const transactions = { size: 50, abortEvery: 2 }
    await send('confluent-kafka', { keyed: true, codec: 'lz4', partitioner, transactions })
    await send('console', { keyed: true, codec: 'snappy' })
    const judged = await assertAsOracle(river, bootstrap)
    expect(judged.length).toBeGreaterThan(11 * EVENTS)
    const audit = (await readJsonFrom(`${river.serve.url}/v1/audit`)) as Audit
    const sum = (name: 'skipped' | 'misplaced'): number =>
      audit.partitions.reduce((total, line) => total + line[name], 0)
    // Half of a transactional file, and a control record per transaction and partition.
    expect(sum('skipped')).toBeGreaterThan(EVENTS / 3)
    expect(sum('misplaced')).toBe(0)
  })

  test('keyed as librdkafka does by itself', { timeout: RUN_MS_MAX }, async () => {
    const { river, bootstrap, send } = await openStage(4, 'crc32')
    await send('confluent-kafka', { keyed: true, codec: 'none' })
    await assertAsOracle(river, bootstrap)
  })

  test('without keys, in one partition', { timeout: RUN_MS_MAX }, async () => {
    const { river, bootstrap, send } = await openStage(1, 'murmur2')
    for (const client of KAFKA_CLIENTS) await send(client, { keyed: false, codec: 'none' })
    await assertAsOracle(river, bootstrap)
  })

  test('without keys, in several: counts are right, the rest is flagged', {
    timeout: RUN_MS_MAX,
  }, async () => {
    const { river, bootstrap, send } = await openStage(4, 'murmur2')
    await send('kafka-python', { keyed: false, codec: 'gzip' })
    await send('confluent-kafka', { keyed: false, codec: 'none' })
    const judged = await assertAsOracle(river, bootstrap, [
      'events_per_minute',
      'top_products',
      'cart_adds',
      'searches',
      'wishlist_adds',
    ])
    expect(judged.length).toBeGreaterThan(EVENTS)
    const { url } = river.serve
    const audit = (await readJsonFrom(`${url}/v1/audit`)) as Audit
    expect(audit.partitions.reduce((sum, line) => sum + line.misplaced, 0)).toBeGreaterThan(0)
    const isExact = (rows: readonly ResultRow[]): boolean => rows.every(row => row.exact)
    deepStrictEqual(isExact(await readRows(url, 'events_per_minute')), true)
    deepStrictEqual(isExact(await readRows(url, 'unique_users_daily')), false)
  })
})

interface Audit {
  readonly partitions: readonly { readonly skipped: number; readonly misplaced: number }[]
}
