/**
 * Workers and brokers that die, freeze, come and go, under load: nothing acknowledged is lost, and
 * nothing counted twice. `npm run campaign -- kafka` does more of it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KafkaCluster } from '../scripts/kafka/cluster.ts'
import { startKafka } from '../scripts/kafka/cluster.ts'
import type { KafkaFault } from './campaign/kafka.ts'
import { createKafkaReport, runKafkaRound, WORKER_CRASH_POINTS } from './campaign/kafka.ts'
import { kafkaMissing } from './support/broker.ts'
import { kafkaClientsMissing, resolveKafkaClients } from './support/kafka-clients/produce.ts'

const SEED = Number(process.env['WEIR_TEST_SEED'] ?? Date.now() % 1_000_000)
const RERUN = `WEIR_TEST_SEED=${SEED} npm test -- test/kafka-faults.integration.test.ts`
const missing = kafkaMissing() ?? kafkaClientsMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const START_MS_MAX = 300_000
const MINUTES_MS = 300_000

/** One after the other, on one deployment. */
const FAULTS: readonly KafkaFault[] = [
  { kind: 'worker killed', isReplacedAtOnce: false },
  ...WORKER_CRASH_POINTS.map(
    point => ({ kind: 'worker killed at a point', point, hit: 2 }) as const,
  ),
  { kind: 'worker frozen' },
  { kind: 'workers changed', count: 4 },
  { kind: 'broker killed' },
  { kind: 'workers changed', count: 1 },
  { kind: 'broker killed' },
  { kind: 'all brokers killed', forMs: 4_000 },
]

describe.skipIf(isSkipped)(isSkipped ? `skipped: ${missing}` : 'faults over Kafka', () => {
  let cluster: KafkaCluster | null = null
  beforeAll(async () => {
    expect(missing, 'what CI lacks').toBeNull()
    await resolveKafkaClients()
    cluster = await startKafka({ mode: 'kraft', brokers: 3 })
  }, START_MS_MAX)
  afterAll(() => cluster?.stop())

  test('lose nothing', { timeout: MINUTES_MS }, async () => {
    if (cluster === null) throw new Error('there are brokers')
    const report = createKafkaReport()
    const lines: string[] = []
    const say = (line: string): void => void lines.push(line)
    await runKafkaRound(FAULTS, { cluster, seed: SEED, rerun: RERUN, report, say })
    expect(report.acknowledgedCount).toBeGreaterThan(0)
    expect(lines).toHaveLength(FAULTS.length)
  })
})
