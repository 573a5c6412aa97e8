/**
 * The archive over real brokers and S3, through each of its faults: workers killed, at points and
 * at any moment, disks lost, a server that fails 30 % of its calls, breaks uploads off and goes
 * away. The long form is `npm run campaign -- lake`.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import type { S3Access } from '../scripts/s3/server.ts'
import type { LakeFault } from './campaign/lake.ts'
import { ARCHIVE_CRASH_POINTS, createLakeReport, runLakeRound } from './campaign/lake.ts'
import { kafkaMissing, shareKafka } from './support/broker.ts'
import { kafkaClientsMissing, resolveKafkaClients } from './support/kafka-clients/produce.ts'
import { s3Missing, shareS3 } from './support/s3.ts'

const missing = s3Missing() ?? kafkaMissing() ?? kafkaClientsMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const SEED = Number(process.env['WEIR_TEST_SEED'] ?? Date.now() % 1_000_000)
const RERUN = `WEIR_TEST_SEED=${SEED} npm test -- test/lake-faults.integration.test.ts`
const START_MS_MAX = 900_000
const MINUTES_MS = 900_000

/** One after the other, on one deployment. */
const FAULTS: readonly LakeFault[] = [
  { kind: 'worker killed', inStorm: false },
  ...ARCHIVE_CRASH_POINTS.map(
    (point, index) =>
      ({ kind: 'worker killed at a point', point, hit: 2, inStorm: index % 2 === 1 }) as const,
  ),
  { kind: 'disk lost', inStorm: false },
  { kind: 'uploads cut', count: 3 },
  { kind: 'disk lost', inStorm: true },
  { kind: 'disk lost', inStorm: false },
  { kind: 'worker killed', inStorm: true },
  { kind: 'server out', forMs: 3_000 },
]

describe.skipIf(isSkipped)(isSkipped ? `skipped: ${missing}` : 'faults of the archive', () => {
  let access: S3Access
  let bootstrap = ''
  beforeAll(async () => {
    expect(missing, 'what CI lacks').toBeNull()
    await resolveKafkaClients()
    access = await shareS3()
    bootstrap = await shareKafka('kraft')
  }, START_MS_MAX)

  test('every accepted event is in the lake once', { timeout: MINUTES_MS }, async () => {
    const report = createLakeReport()
    const lines: string[] = []
    const say = (line: string): void => void lines.push(line)
    await runLakeRound(FAULTS, { access, bootstrap, seed: SEED, rerun: RERUN, report, say })
    expect(report.lakeCount).toBeGreaterThan(0)
    expect(report.failedCalls).toBeGreaterThan(0)
    expect(report.cutCount).toBeGreaterThanOrEqual(3)
    expect(report.scratchMax).toBeGreaterThan(0)
    expect(lines).toHaveLength(FAULTS.length)
  })
})
