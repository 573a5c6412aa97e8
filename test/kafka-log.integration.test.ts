/** The contract of every EventLog, over a real broker. */
import { beforeAll, describe } from 'vitest'
import { openKafkaLog } from '../src/log/kafka/kafka-log.ts'
import { ensureTopics } from '../src/log/kafka/topics.ts'
import { describeLog } from '../src/log/log.contract.ts'
import type { EventLog } from '../src/log/log.ts'
import type { NewRecord } from '../src/model/record.ts'
import { createSystemClock } from '../src/std/clock.ts'
import { DAY_MS } from '../src/std/units.ts'
import { createPrefix, kafkaMissing, shareKafka } from './support/broker.ts'

const NEVER = new AbortController().signal
const START_MS_MAX = 300_000
const missing = kafkaMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'

describe.skipIf(isSkipped)(isSkipped ? `skipped: ${missing}` : 'over a broker', () => {
  let bootstrap = ''
  beforeAll(async () => {
    bootstrap = await shareKafka('kraft')
  }, START_MS_MAX)

  describeLog({
    name: 'the kafka log',
    isSelfKept: false,
    open: async ({ topics, partitions }) => {
      const kafka = { brokers: [bootstrap] }
      const clock = createSystemClock()
      const prefix = createPrefix()
      const plan = {
        topics: topics.map(topic => prefix + topic),
        partitions,
        replicationFactor: 1,
        minInsyncReplicas: 1,
        retentionMs: DAY_MS,
      }
      // Ready before it is opened, so that a test's first append is not refused.
      await ensureTopics(kafka, plan, clock)
      const log = openKafkaLog({ kafka, plan, clock, onOutage: () => {} })
      while (!(await isReady(log))) await clock.sleep(5, NEVER)
      return withPrefix(log, prefix)
    },
  })
})

async function isReady(log: EventLog): Promise<boolean> {
  return await log.bounds(NEVER).then(
    () => true,
    () => false,
  )
}

/** Each test has topics of its own, under the names that it knows. */
function withPrefix(log: EventLog, prefix: string): EventLog {
  const inside = <Place extends { readonly topic: string }>(place: Place): Place => ({
    ...place,
    topic: prefix + place.topic,
  })
  const outside = <Place extends { readonly topic: string }>(place: Place): Place => ({
    ...place,
    topic: place.topic.slice(prefix.length),
  })
  return {
    append: async (records: readonly NewRecord[], signal) =>
      (await log.append(records.map(inside), signal)).map(outside),
    read: async function* (positions, options, signal) {
      for await (const fetches of log.read(positions.map(inside), options, signal)) {
        yield fetches.map(outside)
      }
    },
    bounds: async signal => (await log.bounds(signal)).map(outside),
    release: positions => log.release(positions.map(inside)),
    [Symbol.asyncDispose]: () => log[Symbol.asyncDispose](),
  }
}
