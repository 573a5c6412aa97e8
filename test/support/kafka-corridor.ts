/**
 * Everything over Kafka: files sent to real topics, counted by workers of their own processes, and
 * asked of another one. What is in the topics is read back by librdkafka, and recounted.
 */
import { deepStrictEqual } from 'node:assert'
import { join } from 'node:path'
import type { ResultRow } from '../../src/model/result.ts'
import type { Judged } from '../oracle/judge.ts'
import { judge } from '../oracle/judge.ts'
import { recountLedger, toLedgerLines } from '../oracle/ledger.ts'
import { recount } from '../oracle/recount.ts'
import { SHOP_QUESTIONS, SHOP_SETTINGS, SHOP_TYPES } from '../oracle/shop.ts'
import { createPrefix } from './broker.ts'
import { dumpTopics } from './kafka-clients/produce.ts'
import { createPlace } from './place.ts'
import type { Settings, WeirProcess } from './process.ts'
import {
  readRows,
  runWeir,
  spawnCommand,
  startWeir,
  waitUntilDigested,
  whenReady,
} from './process.ts'
import { toOracleRows } from './product.ts'

const FIXTURES = join(import.meta.dirname, '../fixtures')

export interface KafkaRiver extends AsyncDisposable {
  /** What every command is given, to be one deployment. */
  readonly flags: readonly string[]
  readonly prefix: string
  readonly serve: WeirProcess
}

export interface KafkaRiverOptions {
  /** An empty directory. */
  readonly directory: string
  readonly bootstrap: string
  readonly partitions: number
  readonly workers: number
  readonly partitioner?: 'murmur2' | 'crc32'
  /** The results place; absent: a directory. */
  readonly results?: string
  /** Variables of workers, and of serve, to reach it. */
  readonly workerSettings?: Settings
  readonly serveSettings?: Settings
}

/** Starts digest workers and serve, on topics of their own. */
export async function openKafkaRiver(options: KafkaRiverOptions): Promise<KafkaRiver> {
  const { directory, bootstrap, partitions, workers } = options
  const prefix = createPrefix()
  const settings = {
    kafka: bootstrap,
    partitions: String(partitions),
    partitioner: options.partitioner ?? 'murmur2',
    'topic-prefix': prefix,
    'kafka-group': prefix,
    'kafka-session': '6s',
    results: options.results ?? join(directory, 'results'),
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  await using stack = new AsyncDisposableStack()
  const open = async (command: string, name: string): Promise<WeirProcess> => {
    const words = [command, '--port', '0', '--data', join(directory, name), ...flags]
    const settings = command === 'serve' ? options.serveSettings : options.workerSettings
    return await whenReady(stack.use(spawnCommand(words, settings)))
  }
  const [serve] = await Promise.all([
    open('serve', 'serve'),
    ...Array.from({ length: workers }, (_, index) => open('digest', `worker-${index}`)),
  ])
  const owned = stack.move()
  return { flags, prefix, serve, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** Sends a file with `weir produce`. */
export async function produceFile(
  { flags }: Pick<KafkaRiver, 'flags'>,
  file: string,
  directory: string,
): Promise<void> {
  const { how, stderr } = await runWeir(['produce', file, '--data', directory, ...flags])
  if (how !== 'exit 0') throw new Error(`weir produce ended with ${how}:\n${stderr}`)
}

/**
 * Throws where any number of the deployment is not what the topics' records make it. `metrics`:
 * those to look at; else all.
 */
export async function assertAsOracle(
  { prefix, serve }: Pick<KafkaRiver, 'prefix' | 'serve'>,
  bootstrap: string,
  metrics?: readonly string[],
): Promise<readonly Judged[]> {
  const audit = await waitUntilDigested(serve.url)
  const settings = { ...SHOP_SETTINGS, topicPrefix: prefix }
  const topics = [...SHOP_TYPES.map(type => type.name), 'weir.unparsed'].map(name => prefix + name)
  const judged = judge(await dumpTopics(bootstrap, topics), settings)
  deepStrictEqual(toLedgerLines(audit.partitions), recountLedger(judged), 'the ledger')
  deepStrictEqual(audit.balanced, true, 'the ledger balances')
  for (const metric of SHOP_QUESTIONS) {
    if (metrics?.includes(metric.name) === false) continue
    const rows = toOracleRows(await readRows(serve.url, metric.name))
    deepStrictEqual(rows, recount(metric, judged, settings), `metric ${metric.name}`)
  }
  return judged
}

/** The files of the tests: the sample, the real shop's, and synthetic events of a seed. */
export async function toCorridorFiles(
  directory: string,
  { eventCount, seed }: { readonly eventCount: number; readonly seed: number },
): Promise<readonly string[]> {
  const synthetic = join(directory, 'synthetic.ndjson')
  const words = ['generate', synthetic, '--events', String(eventCount), '--seed', String(seed)]
  const { how, stderr } = await runWeir(words)
  if (how !== 'exit 0') throw new Error(`weir generate ended with ${how}:\n${stderr}`)
  const fixtures = ['ecommerce-sample-data.json', 'rees46-2019-10.csv.gz']
  return [...fixtures.map(name => join(FIXTURES, name)), synthetic]
}

export interface Pairing extends Pick<KafkaRiverOptions, 'bootstrap' | 'partitions' | 'workers'> {
  readonly files: readonly string[]
  /** What the embedded run counted. */
  readonly embedded: ReadonlyMap<string, readonly ResultRow[]>
}

/** Sends the files through Kafka. Throws where a row is not the oracle's, or the embedded run's. */
export async function compareOverKafka(pairing: Pairing): Promise<void> {
  const { bootstrap, partitions, workers, files, embedded } = pairing
  await using place = await createPlace()
  const { directory } = place
  await using river = await openKafkaRiver({ directory, bootstrap, partitions, workers })
  for (const file of files) await produceFile(river, file, join(directory, 'producer'))
  await assertAsOracle(river, bootstrap)
  for (const [name, rows] of embedded) {
    const other = await readRows(river.serve.url, name)
    deepStrictEqual(toOracleRows(other), toOracleRows(rows), `${name}, over kafka and embedded`)
  }
}

/** The same files through the embedded log, by metric. */
export async function importEmbedded(
  files: readonly string[],
  directory: string,
): Promise<ReadonlyMap<string, readonly ResultRow[]>> {
  for (const file of files) {
    const { how, stderr } = await runWeir(['import', file, '--data', directory])
    if (how !== 'exit 0') throw new Error(`weir import ended with ${how}:\n${stderr}`)
  }
  await using weir = await startWeir(directory)
  const results = new Map<string, readonly ResultRow[]>()
  for (const { name } of SHOP_QUESTIONS) results.set(name, await readRows(weir.url, name))
  return results
}
