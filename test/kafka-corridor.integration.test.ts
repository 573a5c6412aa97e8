/**
 * The corridor over Kafka against the oracle, and against the embedded run: whatever the brokers,
 * partitions and workers, every row of every metric is the same.
 */
import { deepStrictEqual } from 'node:assert'
import { join } from 'node:path'
import { beforeAll, describe, onTestFinished, test } from 'vitest'
import type { KafkaMode } from '../scripts/kafka/settings.ts'
import type { ResultRow } from '../src/model/result.ts'
import { kafkaMissing, shareKafka } from './support/broker.ts'
import { kafkaClientsMissing, resolveKafkaClients } from './support/kafka-clients/produce.ts'
import {
  assertAsOracle,
  importEmbedded,
  openKafkaRiver,
  produceFile,
} from './support/kafka-corridor.ts'
import { createPlace } from './support/place.ts'
import { readRows, runWeir } from './support/process.ts'
import { toOracleRows } from './support/product.ts'

const missing = kafkaMissing() ?? kafkaClientsMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const FIXTURES = join(import.meta.dirname, 'fixtures')
const PREPARE_MS_MAX = 300_000
const RUN_MS_MAX = 120_000
/** The campaign sends 200,000. */
const EVENTS = 20_000

describe.skipIf(isSkipped)(isSkipped ? `skipped: ${missing}` : 'over kafka', () => {
  let files: readonly string[] = []
  let embedded: ReadonlyMap<string, readonly ResultRow[]> = new Map()

  beforeAll(async () => {
    await resolveKafkaClients()
    const place = await createPlace()
    const synthetic = join(place.directory, 'synthetic.ndjson')
    await runWeir(['generate', synthetic, '--events', String(EVENTS), '--seed', '5'])
    files = [
      join(FIXTURES, 'ecommerce-sample-data.json'),
      join(FIXTURES, 'rees46-2019-10.csv.gz'),
      synthetic,
    ]
    embedded = await importEmbedded(files, join(place.directory, 'embedded'))
    return () => place[Symbol.asyncDispose]()
  }, PREPARE_MS_MAX)

  test.each<[KafkaMode, number, number]>([
    ['kraft', 4, 3],
    ['kraft', 1, 1],
    ['zookeeper', 4, 1],
    ['zookeeper', 1, 3],
  ])(
    '%s, %i partitions, %i workers',
    { timeout: RUN_MS_MAX },
    async (mode, partitions, workers) => {
      const bootstrap = await shareKafka(mode)
      const place = await createPlace()
      onTestFinished(() => place[Symbol.asyncDispose]())
      const { directory } = place
      await using river = await openKafkaRiver({ directory, bootstrap, partitions, workers })
      for (const file of files) await produceFile(river, file, join(directory, 'producer'))
      await assertAsOracle(river, bootstrap)
      for (const [name, rows] of embedded) {
        const other = await readRows(river.serve.url, name)
        deepStrictEqual(toOracleRows(other), toOracleRows(rows), `${name}, over kafka and embedded`)
      }
    },
  )
})
