/**
 * Kafka for tests. A file shares the broker of the run, with topics of its own under a prefix that
 * nobody else has; a test that kills brokers starts its own by `startKafka`.
 */
import { randomUUID } from 'node:crypto'
import { Admin, Consumer, ListOffsetTimestamps } from '@platformatic/kafka'
import { inject } from 'vitest'
import { jarsMissing, KAFKA_KRAFT, KAFKA_ZOOKEEPER } from '../../scripts/kafka/jars.ts'
import type { KafkaMode } from '../../scripts/kafka/settings.ts'

/** Topics of one test. */
export interface TopicSet {
  readonly bootstrap: string
  /** Their full names. */
  readonly topics: readonly string[]
  /** Of each. */
  readonly partitions: number
}

export interface ReadRecord {
  readonly topic: string
  readonly partition: number
  readonly key: string | null
  readonly value: string
}

const CLIENT_ID = 'weir-test'

/** Why tests with Kafka cannot run here, with what to install; null: they can. */
export function kafkaMissing(): string | null {
  return jarsMissing(KAFKA_KRAFT) ?? jarsMissing(KAFKA_ZOOKEEPER)
}

/** The bootstrap address of the run's broker, which the first call starts. */
export async function shareKafka(mode: KafkaMode): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${inject('kafkaPort')}/${mode}`)
  const answer = await response.text()
  if (!response.ok) throw new Error(answer)
  return answer
}

/** A prefix for topics, groups and transactions of one test. */
export function createPrefix(): string {
  return `t${randomUUID().slice(0, 8)}.`
}

/** Creates topics that stamp the time of appending; with further `configs`, if any. */
export async function createTopics(
  { bootstrap, topics, partitions }: TopicSet,
  configs: { readonly [name: string]: string } = {},
): Promise<void> {
  await using admin = openAdmin(bootstrap)
  const all = { 'message.timestamp.type': 'LogAppendTime', ...configs }
  await admin.client.createTopics({
    topics: [...topics],
    partitions,
    replicas: -1,
    configs: Object.entries(all).map(([name, value]) => ({ name, value })),
  })
}

/** How many offsets the topics have passed, records of control and of aborted transactions too. */
export async function countOffsets({ bootstrap, topics, partitions }: TopicSet): Promise<number> {
  await using admin = openAdmin(bootstrap)
  const answer = await admin.client.listOffsets({
    topics: topics.map(name => ({
      name,
      partitions: Array.from({ length: partitions }, (_, partitionIndex) => ({
        partitionIndex,
        timestamp: ListOffsetTimestamps.LATEST,
      })),
    })),
  })
  const offsets = answer.flatMap(topic => topic.partitions.map(({ offset }) => Number(offset)))
  return offsets.reduce((sum, offset) => sum + offset, 0)
}

/**
 * The first `count` records. Waits for as long as there are not so many. Those of aborted
 * transactions are among them: the client library leaves them to its caller.
 */
export async function readRecords(
  { bootstrap, topics }: TopicSet,
  count: number,
): Promise<readonly ReadRecord[]> {
  const consumer = new Consumer({
    clientId: CLIENT_ID,
    bootstrapBrokers: bootstrap.split(','),
    groupId: `${CLIENT_ID}-${randomUUID()}`,
    autocommit: false,
  })
  const stream = await consumer.consume({
    topics: [...topics],
    mode: 'earliest',
    maxWaitTime: 100,
  })
  const records: ReadRecord[] = []
  for await (const { topic, partition, key, value } of stream) {
    const keyText = key === null || key === undefined ? null : key.toString()
    records.push({ topic, partition, key: keyText, value: value.toString() })
    if (records.length === count) break
  }
  await consumer.close(true)
  return records
}

function openAdmin(bootstrap: string): { readonly client: Admin } & AsyncDisposable {
  const client = new Admin({ clientId: CLIENT_ID, bootstrapBrokers: bootstrap.split(',') })
  return { client, [Symbol.asyncDispose]: () => client.close() }
}
