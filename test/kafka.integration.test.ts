/**
 * Real brokers, and producers that are not ours. Whatever a shop sends its events with, each event
 * is in its topic once; and where its user has a partition, it is the one that we compute.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { startKafka } from '../scripts/kafka/cluster.ts'
import type { Partitioner } from '../src/model/partitioner.ts'
import { partitionOf } from '../src/model/partitioner.ts'
import type { ReadRecord, TopicSet } from './support/broker.ts'
import {
  countOffsets,
  createPrefix,
  createTopics,
  kafkaMissing,
  readRecords,
  shareKafka,
} from './support/broker.ts'
import type { Codec, KafkaClient, Production } from './support/kafka-clients/produce.ts'
import {
  CODECS,
  KAFKA_CLIENTS,
  kafkaClientsMissing,
  produceWith,
  readCommitted,
  resolveKafkaClients,
  runPython,
} from './support/kafka-clients/produce.ts'
import { parseCodeBlocks } from './support/markdown.ts'
import { createPlace } from './support/place.ts'

const missing = kafkaMissing() ?? kafkaClientsMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const why = missing === null ? '' : ` (skipped: ${missing})`
const GUIDE = join(import.meta.dirname, '..', 'docs', 'guides', 'kafka.md')
const RESOLVE_MS_MAX = 300_000
const PARTITIONS = 5
const EVENTS = 120
const TYPES = ['page_view', 'purchase', 'page_view']
/** The tool's process sends to one topic, and Java is slow to start. */
const TYPES_OF_CONSOLE = ['page_view']

const ABORTED = { size: 20, abortEvery: 2 }

/** Users whose keys have all lengths modulo four, and bytes above 127. */
const toUser = (index: number): string => `${index % 3 === 0 ? 'клиент-ü' : 'u'}${index % 37}`

function toLines(types: readonly string[] = TYPES): readonly string[] {
  return Array.from({ length: EVENTS }, (_, index) =>
    JSON.stringify({
      event_id: `e${index}`,
      event_type: types[index % types.length],
      user_id: toUser(index),
      data: { note: 'größe 🛒 '.repeat(index % 9) },
    }),
  )
}

/** Sends the lines to new topics. */
async function produce(
  client: KafkaClient,
  bootstrap: string,
  options: Omit<Production, 'bootstrap' | 'file' | 'prefix'>,
): Promise<TopicSet> {
  await using place = await createPlace()
  const file = join(place.directory, 'events.ndjson')
  const types = client === 'console' ? TYPES_OF_CONSOLE : TYPES
  await writeFile(file, `${toLines(types).join('\n')}\n`)
  const prefix = createPrefix()
  const topics = [...new Set(types)].map(type => prefix + type)
  const set = { bootstrap, topics, partitions: PARTITIONS }
  await createTopics(set)
  await produceWith(client, { bootstrap, file, prefix, ...options })
  return set
}

const sorted = (values: readonly string[]): readonly string[] => [...values].sort()

/** Each in the topic of its type, and as it was. */
function expectLines(records: readonly ReadRecord[], lines: readonly string[]): void {
  expect(sorted(records.map(({ value }) => value))).toEqual(sorted(lines))
  const isMixed = records.some(({ topic, value }) => {
    const { event_type: type } = JSON.parse(value) as { event_type: string }
    return !topic.endsWith(`.${type}`)
  })
  expect(isMixed).toBe(false)
}

function expectPartitions(records: readonly ReadRecord[], partitioner: Partitioner): void {
  for (const { key, partition, value } of records) {
    const { user_id: user } = JSON.parse(value) as { user_id: string }
    expect(key).toBe(user)
    expect(partition).toBe(partitionOf(Buffer.from(user), PARTITIONS, partitioner))
  }
}

beforeAll(async () => {
  if (isSkipped) return
  expect(missing, 'what CI lacks').toBeNull()
  await resolveKafkaClients()
  await Promise.all([shareKafka('kraft'), shareKafka('zookeeper')])
}, RESOLVE_MS_MAX)

describe.skipIf(isSkipped)(`Kafka and its producers${why}`, () => {
  const pairs = KAFKA_CLIENTS.flatMap(client => CODECS.map(codec => [client, codec] as const))

  test.concurrent.each<readonly [KafkaClient, Codec]>(pairs)(
    '%s sends with codec %s',
    async (client, codec) => {
      const set = await produce(client, await shareKafka('kraft'), { keyed: true, codec })
      expect(await countOffsets(set)).toBe(EVENTS)
      const records = await readRecords(set, EVENTS)
      expectLines(records, toLines(client === 'console' ? TYPES_OF_CONSOLE : TYPES))
      expectPartitions(records, client === 'confluent-kafka' ? 'crc32' : 'murmur2')
    },
  )

  test('librdkafka places users as the Java client does if told to', async () => {
    const set = await produce('confluent-kafka', await shareKafka('kraft'), {
      keyed: true,
      codec: 'none',
      partitioner: 'murmur2_random',
      idempotent: true,
    })
    expectPartitions(await readRecords(set, EVENTS), 'murmur2')
  })

  test('without keys', async () => {
    const set = await produce('kafka-python', await shareKafka('kraft'), {
      keyed: false,
      codec: 'none',
    })
    const records = await readRecords(set, EVENTS)
    expectLines(records, toLines())
    expect(records.every(({ key }) => key === null)).toBe(true)
  })

  test('the producers that the guide shows place a user in one partition', async () => {
    const bootstrap = await shareKafka('kraft')
    const guide = await readFile(GUIDE, 'utf8')
    const blocks = parseCodeBlocks(guide).filter(({ language }) => language === 'python')
    expect(blocks).toHaveLength(2)
    const topic = `${createPrefix()}purchase`
    const set = { bootstrap, topics: [topic], partitions: PARTITIONS }
    await createTopics(set)
    for (const { code } of blocks) {
      await runPython(code.replace('127.0.0.1:9092', bootstrap).replace('"purchase"', `"${topic}"`))
    }
    const records = await readRecords(set, blocks.length)
    expect(records.map(({ key }) => key)).toEqual(['ada', 'ada'])
    expectPartitions(records, 'murmur2')
  })

  test.each(['kraft', 'zookeeper'] as const)('aborted events are left out, in %s', async mode => {
    const set = await produce('confluent-kafka', await shareKafka(mode), {
      keyed: true,
      codec: 'lz4',
      transactions: ABORTED,
    })
    const { size, abortEvery } = ABORTED
    const committed = toLines().filter((_, at) => (Math.floor(at / size) + 1) % abortEvery > 0)
    expect(committed).toHaveLength(EVENTS / 2)
    expectLines(await readCommitted(set.bootstrap, set.topics, committed.length), committed)
    // The aborted ones are in the log, and a marker in each partition that a transaction touched.
    expect(await countOffsets(set)).toBeGreaterThan(EVENTS)
  })
})

describe.skipIf(isSkipped)(`three brokers${why}`, () => {
  test('one is killed and comes back, and nothing is lost', { timeout: 120_000 }, async () => {
    await using cluster = await startKafka({ mode: 'kraft', brokers: 3 })
    const { bootstrap } = cluster
    const [, second] = cluster.brokers
    if (second === undefined) throw new Error('there are three')
    const before = await produce('confluent-kafka', bootstrap, { keyed: true, codec: 'zstd' })
    const { pid, port } = second
    await second.kill()
    expect(second.isAlive).toBe(false)
    const without = await produce('confluent-kafka', bootstrap, { keyed: true, codec: 'none' })
    await second.restart()
    expect(second.isAlive).toBe(true)
    expect(second.port).toBe(port)
    expect(second.pid).not.toBe(pid)
    expectLines(await readRecords(before, EVENTS), toLines())
    expectLines(await readRecords(without, EVENTS), toLines())
  })
})
