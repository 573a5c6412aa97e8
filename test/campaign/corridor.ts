/**
 * The corridor over Kafka with files of full size: every broker, partition count and number of
 * workers, each against the oracle and against the embedded run.
 */
import { join } from 'node:path'
import { startKafka } from '../../scripts/kafka/cluster.ts'
import type { KafkaMode } from '../../scripts/kafka/settings.ts'
import { resolveKafkaClients } from '../support/kafka-clients/produce.ts'
import { compareOverKafka, importEmbedded, toCorridorFiles } from '../support/kafka-corridor.ts'
import { createPlace } from '../support/place.ts'

const MODES: readonly KafkaMode[] = ['kraft', 'zookeeper']

/** Throws where a number differs. */
export async function runCorridorCampaign(
  eventCount: number,
  seed: number,
  say: (line: string) => void,
): Promise<void> {
  await resolveKafkaClients()
  await using place = await createPlace()
  const files = await toCorridorFiles(place.directory, { eventCount, seed })
  const embedded = await importEmbedded(files, join(place.directory, 'embedded'))
  for (const mode of MODES) {
    await using kafka = await startKafka({ mode, brokers: 1, heap: '1g' })
    for (const partitions of [1, 4]) {
      for (const workers of [1, 3]) {
        const { bootstrap } = kafka
        await compareOverKafka({ bootstrap, partitions, workers, files, embedded })
        say(`${mode}, partitions ${partitions}, workers ${workers}: every row is the same`)
      }
    }
  }
}
