import { expect, test } from 'vitest'
import { HOUR_MS } from '../../std/units.ts'
import { parseBroker } from './cluster.ts'
import type { TopicState } from './topics.ts'
import { reviewTopics } from './topics.ts'

const good: TopicState = {
  topic: 'purchase',
  partitionCount: 4,
  replicationFactor: 3,
  retentionMs: 168 * HOUR_MS,
  isLogAppendTime: true,
  cleanupPolicy: 'delete',
  minInsyncReplicas: 2,
}
const plan = { topics: ['purchase'], partitions: 4 }

test('a topic as weir makes it is in order, and so is one that keeps everything', () => {
  expect(reviewTopics([good], plan)).toEqual([])
  expect(reviewTopics([{ ...good, retentionMs: Number.POSITIVE_INFINITY }], plan)).toEqual([])
  const untold = { retentionMs: null, isLogAppendTime: null, cleanupPolicy: null }
  expect(reviewTopics([{ ...good, ...untold, minInsyncReplicas: null }], plan)).toEqual([])
})

test.each<[Partial<TopicState>, 'warning' | 'failed', RegExp]>([
  [{ partitionCount: 3 }, 'failed', /has 3 partitions and the config says 4.*set partitions to 3/],
  [{ isLogAppendTime: false }, 'warning', /message\.timestamp\.type=LogAppendTime/],
  [{ cleanupPolicy: 'compact,delete' }, 'failed', /compacted.*cleanup\.policy=delete/],
  [{ retentionMs: 6 * HOUR_MS }, 'warning', /keeps records for 6 h only.*retention\.ms/],
  [{ minInsyncReplicas: 1 }, 'warning', /one broker alone.*min\.insync\.replicas=2/],
])('%j: %s', (change, grade, text) => {
  expect(reviewTopics([{ ...good, ...change }], plan)).toEqual([
    { topic: 'purchase', grade, text: expect.stringMatching(text) },
  ])
})

test('one copy needs no second that agrees, and a topic that is missing is told', () => {
  expect(reviewTopics([{ ...good, replicationFactor: 1, minInsyncReplicas: 1 }], plan)).toEqual([])
  const findings = reviewTopics([good], { ...plan, topics: ['purchase', 'search'] })
  expect(findings).toEqual([
    { topic: 'search', grade: 'warning', text: expect.stringContaining('does not exist') },
  ])
})

test.each([
  ['kafka-1:9093', 'kafka-1', 9093],
  ['kafka-1', 'kafka-1', 9092],
  [' 10.0.0.7:19092 ', '10.0.0.7', 19092],
  ['[::1]:9092', '::1', 9092],
  ['SASL_SSL://kafka-1:9098', 'kafka-1', 9098],
])('the broker %j', (text, host, port) => {
  expect(parseBroker(text)).toEqual({ host, port })
})

test.each(['', 'kafka 1:9092', 'kafka:0', 'kafka:70000', 'kafka:port', 'a:1:2'])(
  '%j is no broker',
  text => {
    expect(() => parseBroker(text)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  },
)
