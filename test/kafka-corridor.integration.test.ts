/**
 * The corridor over Kafka against the oracle, and against the embedded run: whatever the brokers,
 * partitions and workers, every row of every metric is the same.
 */
import { join } from 'node:path'
import { beforeAll, describe, test } from 'vitest'
import type { KafkaMode } from '../scripts/kafka/settings.ts'
import type { ResultRow } from '../src/model/result.ts'
import { kafkaMissing, shareKafka } from './support/broker.ts'
import { kafkaClientsMissing, resolveKafkaClients } from './support/kafka-clients/produce.ts'
import { compareOverKafka, importEmbedded, toCorridorFiles } from './support/kafka-corridor.ts'
import { createPlace } from './support/place.ts'

const missing = kafkaMissing() ?? kafkaClientsMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const PREPARE_MS_MAX = 300_000
const RUN_MS_MAX = 120_000
/** `npm run campaign -- corridor` sends 200,000, and tries all pairings. */
const EVENTS = 20_000

describe.skipIf(isSkipped)(isSkipped ? `skipped: ${missing}` : 'over kafka', () => {
  let files: readonly string[] = []
  let embedded: ReadonlyMap<string, readonly ResultRow[]> = new Map()

  beforeAll(async () => {
    await resolveKafkaClients()
    const place = await createPlace()
    files = await toCorridorFiles(place.directory, { eventCount: EVENTS, seed: 5 })
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
      await compareOverKafka({ bootstrap, partitions, workers, files, embedded })
    },
  )
})
