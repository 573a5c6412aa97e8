/** `npm run kafka`: a Kafka on this machine until Ctrl-C, without a container. */
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
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
const POLL_MS = 500

process.exitCode = await main(process.argv.slice(2))

async function main(words: readonly string[]): Promise<number> {
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => interrupt.abort())
  const options = parseOptions(words)
  if (options === null) {
    process.stderr.write(HELP)
    return words.includes('--help') ? 0 : 2
  }
  try {
    process.stderr.write('kafka: starting …\n')
    await using cluster = await startKafka({ ...options, signal: interrupt.signal })
    process.stdout.write(toWelcome(cluster))
    await untilOver(cluster, interrupt.signal)
    process.stderr.write('kafka: stopping …\n')
  } catch (error) {
    if (interrupt.signal.aborted) return 0
    process.stderr.write(`kafka: ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
  process.stderr.write('kafka: stopped\n')
  return 0
}

/** Null: what was typed makes no sense, or asks for help. */
function parseOptions(words: readonly string[]): KafkaOptions | null {
  try {
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
  } catch {
    return null
  }
}

function toWelcome({ bootstrap, directory }: KafkaCluster): string {
  return [
    `kafka: ready at ${bootstrap}`,
    `kafka: its output is in ${directory}`,
    `kafka: in another terminal: weir start --kafka ${bootstrap}`,
    'kafka: Ctrl-C ends it',
    '',
  ].join('\n')
}

/** Resolves at Ctrl-C. Throws when a broker has ended by itself. */
async function untilOver({ brokers, directory }: KafkaCluster, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const dead = brokers.find(({ isAlive }) => !isAlive)
    if (dead !== undefined) {
      const lines = lastLinesOf(join(directory, `broker-${dead.id}.log`))
      throw new Error(`broker ${dead.id} has ended; its last lines:\n${lines}`)
    }
    await sleep(POLL_MS, null, { signal }).catch(() => {})
  }
}
