/**
 * The log on a Kafka cluster. Offsets are the caller's affair: nothing here joins a group, and
 * retention is the topics' own, so `release` says nothing to the brokers.
 */
import type { KafkaOptions } from '../../model/kafka.ts'
import type { Fetch, LogPosition } from '../../model/record.ts'
import type { Clock } from '../../std/clock.ts'
import { Fault } from '../../std/fault.ts'
import { createOutage } from '../../std/outage.ts'
import { appendTo } from '../append.ts'
import type { EventLog, ReadOptions } from '../log.ts'
import { createQuota } from '../quota.ts'
import { readBounds } from './bounds.ts'
import { createCluster } from './cluster.ts'
import { toLogFault } from './errors.ts'
import { createProducer } from './producer.ts'
import type { ReaderContext } from './reader.ts'
import { readKafka } from './reader.ts'
import type { Readiness } from './readiness.ts'
import { createReadiness } from './readiness.ts'
import { createTopicRetention } from './retention.ts'
import type { TopicIds, TopicPlan } from './topics.ts'

export interface KafkaLogOptions {
  readonly kafka: KafkaOptions
  /** Topics that are missing are made so. */
  readonly plan: TopicPlan
  readonly clock: Clock
  /** Told once when no broker can be reached, and with null when one can again. */
  readonly onOutage: (fault: Fault | null) => void
  /** What the topics were when records of theirs were counted last; else empty. */
  readonly topicIds?: TopicIds
  /** Told what they are, once they are ready. */
  readonly onTopicIds?: (ids: TopicIds) => void
}

/**
 * Opens without waiting for a broker: until one answers, appends and bounds throw LOG_UNAVAILABLE,
 * and readers wait. Topics that cannot be used make all of them throw TOPIC_MISMATCH.
 */
export function openKafkaLog(options: KafkaLogOptions): EventLog {
  const { kafka, clock, plan, topicIds = new Map(), onTopicIds = () => {} } = options
  const { topics, partitions } = plan
  const closing = new AbortController()
  const cluster = createCluster(kafka)
  const outage = createOutage(options.onOutage)
  const codec = kafka.compression ?? 'none'
  const producer = createProducer({ cluster, topics, partitions, codec, clock, outage })
  const retention = createTopicRetention(kafka, topics, clock)
  const parts = { partitions: producer.outboxes, quota: createQuota(Number.POSITIVE_INFINITY) }
  const readiness = createReadiness({
    kafka,
    plan,
    clock,
    outage,
    topicIds,
    onTopicIds,
    signal: closing.signal,
  })
  return {
    append: async (records, signal) => {
      if (closing.signal.aborted) throw new Fault('LOG_UNAVAILABLE', 'the log is closed')
      signal.throwIfAborted()
      readiness.assert()
      return appendTo(parts, records, signal)
    },
    read: (positions, readOptions, signal) => {
      const called = AbortSignal.any([signal, closing.signal])
      const context = { cluster, clock, outage, signal: called }
      return readWhenReady(readiness, { positions, readOptions }, context)
    },
    bounds: async signal => {
      signal.throwIfAborted()
      readiness.assert()
      try {
        const bounds = await readBounds(cluster, topics)
        return bounds.map(bound => {
          return { ...bound, sizeBytes: 0, retentionMs: retention.of(bound.topic) }
        })
      } catch (error) {
        throw toLogFault(error, 'kafka does not tell what its topics hold')
      }
    },
    release: () => {},
    [Symbol.asyncDispose]: async () => {
      if (closing.signal.aborted) return
      closing.abort()
      await producer[Symbol.asyncDispose]()
      await cluster[Symbol.asyncDispose]()
    },
  }
}

async function* readWhenReady(
  readiness: Readiness,
  what: { readonly positions: readonly LogPosition[]; readonly readOptions: ReadOptions },
  context: ReaderContext,
): AsyncGenerator<readonly Fetch[], void> {
  const { positions, readOptions } = what
  while (!(await readiness.wait(readOptions.waitMsMax, context.signal))) {
    if (context.signal.aborted) return
    yield []
  }
  yield* readKafka(positions, readOptions, context)
}
