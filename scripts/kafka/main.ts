/** `npm run kafka`: a Kafka on this machine until Ctrl-C, without a container. */
import { join } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { runServerCommand } from '../server-command.ts'
import { lastLinesOf } from '../watched.ts'
import type { KafkaCluster, KafkaOptions } from './cluster.ts'
import { startKafka } from './cluster.ts'

const HELP = `Runs Apache Kafka on 127.0.0.1 until Ctrl-C. Needs Java 17; the first time also Maven.

  npm run kafka [-- FLAGS]

  --brokers 1|3   one broker, or three that replicate; 1 if absent
  --port PORT     of the first broker, the others take the next ones; any free one if absent
  --data DIR      keeps the data there; without it, it is removed at the end
  --heap SIZE     memory of each broker, as 1g; 512m if absent
  --zookeeper     Kafka 3.8 with ZooKeeper, not the newest
`
const PORT_MAX = 65_533

const COMMAND = {
  name: 'kafka',
  help: HELP,
  parse: parseOptions,
  start: (options: KafkaOptions, signal: AbortSignal): Promise<KafkaCluster> =>
    startKafka({ ...options, signal }),
  toWelcome,
  findEnd,
}

process.exitCode = await runServerCommand(COMMAND, process.argv.slice(2))

function parseOptions(words: readonly string[]): KafkaOptions | null {
  const { values } = parseArgs({
    args: [...words],
    options: {
      brokers: { type: 'string', default: '1' },
      port: { type: 'string' },
      data: { type: 'string' },
      heap: { type: 'string', default: '512m' },
      zookeeper: { type: 'boolean', default: false },
    },
  })
  const { brokers, port, data, heap, zookeeper } = values
  const isPort = port === undefined || (/^\d{1,5}$/.test(port) && Number(port) <= PORT_MAX)
  if (!isPort || !/^[13]$/.test(brokers) || !/^\d+[mg]$/.test(heap)) return null
  return {
    mode: zookeeper ? 'zookeeper' : 'kraft',
    brokers: brokers === '3' ? 3 : 1,
    heap,
    isOptimized: true,
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(data === undefined ? {} : { directory: data }),
  }
}

function toWelcome({ bootstrap, directory }: KafkaCluster): readonly string[] {
  return [
    `ready at ${bootstrap}`,
    `its output is in ${directory}`,
    `in another terminal: weir start --kafka ${bootstrap}`,
    'Ctrl-C ends it',
  ]
}

function findEnd({ brokers, directory }: KafkaCluster): string | null {
  const dead = brokers.find(({ isAlive }) => !isAlive)
  if (dead === undefined) return null
  const lines = lastLinesOf(join(directory, `broker-${dead.id}.log`))
  return `broker ${dead.id} has ended; its last lines:\n${lines}`
}
