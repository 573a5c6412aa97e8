/**
 * Weir over a Kafka on this machine, which it shares with the broker: the digest next to a plain
 * consumer, and how fresh answers are.
 */
import { startKafka } from '../scripts/kafka/cluster.ts'
import { compareRuns } from './compare.ts'
import { EVENT_COUNT, eventFile } from './events.ts'
import type { Freshness } from './freshness.ts'
import { measureFreshness } from './freshness.ts'
import type { Produced } from './kafka-client.ts'
import { makePlace } from './processes.ts'
import { heading, quantile, table, whole } from './report.ts'
import { runScript, startProcess, startWeir } from './weir.ts'

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
  await benchFreshness(broker)
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

const LOAD = { eventsPerSecond: 1_000, seconds: 30 }

/** Of a probe ten times a second, among other events. */
async function benchFreshness(broker: string): Promise<void> {
  heading('freshness at 1,000 events/s: from the answer 200 until the API tells it, in ms')
  const rows: readonly (readonly [string, Freshness])[] = [
    ['weir start', await measureWhole(broker)],
    ['collect, digest and serve', await measureApart(broker)],
  ]
  table(
    ['', 'events', 'probes', 'p50', 'p95', 'p99', 'max'],
    rows.map(([what, { sentCount, delaysMs }]) => [
      what,
      whole(sentCount),
      whole(delaysMs.length),
      ...[0.5, 0.95, 0.99].map(share => whole(quantile(delaysMs, share))),
      whole(Math.max(...delaysMs)),
    ]),
  )
}

async function measureWhole(broker: string): Promise<Freshness> {
  using place = makePlace()
  await using weir = await startWeir(place.path, flagsOf(broker, 'whole-'))
  return await measureFreshness({ collect: weir.url, answer: weir.url }, LOAD)
}

async function measureApart(broker: string): Promise<Freshness> {
  using place = makePlace()
  const words = (command: string): readonly string[] => [
    command,
    ...flagsOf(broker, 'apart-'),
    '--port',
    '0',
    '--data',
    `${place.path}/${command}`,
    ...(command === 'collect' ? [] : ['--results', `${place.path}/results`]),
  ]
  await using collect = await startProcess(words('collect'), /POST (http:\S+)\/v1\/events/)
  const counting = /(http:\S+)\/healthz[\s\S]*counting shards/
  await using _digest = await startProcess(words('digest'), counting)
  await using serve = await startProcess(words('serve'), /(http:\S+)\/v1\/metrics/)
  return await measureFreshness({ collect: collect.url, answer: serve.url }, LOAD)
}

/** Topics of its own. */
function flagsOf(broker: string, prefix: string): readonly string[] {
  return ['--kafka', broker, '--topic-prefix', prefix]
}
