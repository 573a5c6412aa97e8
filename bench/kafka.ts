/**
 * Weir over a Kafka on this machine, which it shares with the broker: the digest next to a plain
 * consumer, and how fresh answers are.
 */
import { startKafka } from '../scripts/kafka/cluster.ts'
import { compareRuns } from './compare.ts'
import { EVENT_COUNT, eventFile } from './events.ts'
import type { Produced } from './kafka-client.ts'
import { heading, table, whole } from './report.ts'
import { runScript } from './weir.ts'

const CLIENT = 'kafka-client.ts'

/** Goals: at least four times the consumer's events per CPU-second; fresh within a second. */
export async function benchKafka(): Promise<void> {
  const file = await eventFile(EVENT_COUNT)
  await using kafka = await startKafka({
    mode: 'kraft',
    brokers: 1,
    heap: '1g',
    isOptimized: true,
  })
  const broker = kafka.bootstrap
  await fillTopics(broker, file)
  const run = (what: string) => () => runScript(CLIENT, what, broker, file, String(EVENT_COUNT))
  await compareRuns('from the topics of one broker on the same cores, all events, all metrics', [
    run('consumer'),
    run('digest'),
    run('worker'),
  ])
}

async function fillTopics(broker: string, file: string): Promise<void> {
  heading("filling the topics: the front door's check, then acks=all")
  const { events, seconds, cpuSeconds } = (await runScript(
    CLIENT,
    'produce',
    broker,
    file,
  )) as Produced
  table(
    ['events', 'events/s', 'events/CPU-s', 'seconds', 'CPU-s'],
    [
      [
        whole(events),
        whole(events / seconds),
        whole(events / cpuSeconds),
        seconds.toFixed(1),
        cpuSeconds.toFixed(1),
      ],
    ],
  )
}
