/**
 * Producers that are not ours: what a shop already sends its events with. Each sends a file of
 * events, one a line, to the topics of their types, and returns when all are acknowledged.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { jarsMissing, KAFKA_TOOLS, resolveJars } from '../../../scripts/kafka/jars.ts'
import type { OracleRecord } from '../../oracle/read-log.ts'
import type { ReadRecord } from '../broker.ts'
import { pythonMissing, resolvePrograms } from '../python.ts'

/** `console` is kafka-console-producer, the Java client. */
export type KafkaClient = 'kafka-python' | 'confluent-kafka' | 'console'
export type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

export interface Production {
  readonly bootstrap: string
  /** Events, one a line. */
  readonly file: string
  /** Stands before the event type in a topic; the topics are there. */
  readonly prefix?: string
  /** The key is the user; else there is none. */
  readonly keyed: boolean
  readonly codec: Codec
  /** Of librdkafka, for confluent-kafka only; absent: its default. */
  readonly partitioner?: 'consistent_random' | 'murmur2_random'
  /** By the Java client always. */
  readonly idempotent?: boolean
  /** For confluent-kafka only: so many events each, and every so manieth one is aborted. */
  readonly transactions?: { readonly size: number; readonly abortEvery: number }
}

export const KAFKA_CLIENTS: readonly KafkaClient[] = ['kafka-python', 'confluent-kafka', 'console']
export const CODECS: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

const HERE = import.meta.dirname
const SCRIPTS = { 'kafka-python': 'kafka_python.py', 'confluent-kafka': 'confluent.py' } as const
const OUTPUT_BYTES_MAX = 64_000_000
const DUMP_BYTES_MAX = 1_000_000_000
const run = promisify(execFile)

/** What is missing to run the clients, with what to install; null: nothing. */
export function kafkaClientsMissing(): string | null {
  return pythonMissing() ?? jarsMissing(KAFKA_TOOLS)
}

/** Downloads what the clients need, if this machine has it not. */
export async function resolveKafkaClients(): Promise<void> {
  await resolvePython()
  await resolveJars(KAFKA_TOOLS)
}

/** Resolves when all events are acknowledged. Throws an Error with what the client printed. */
export async function produceWith(client: KafkaClient, production: Production): Promise<void> {
  if (client === 'console') await produceWithConsole(production)
  else await produceWithPython(SCRIPTS[client], production)
}

async function produceWithPython(script: string, production: Production): Promise<void> {
  const { bootstrap, file, prefix, keyed, codec, partitioner, transactions } = production
  const words = [join(HERE, script), bootstrap, file, '--codec', codec]
  if (prefix !== undefined) words.push('--prefix', prefix)
  if (keyed) words.push('--keyed')
  if (production.idempotent === true) words.push('--idempotent')
  if (partitioner !== undefined) words.push('--partitioner', partitioner)
  if (transactions !== undefined) {
    words.push('--transaction-size', String(transactions.size))
    words.push('--abort-every', String(transactions.abortEvery))
  }
  await run(await resolvePython(), words, { env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' } })
}

/**
 * The first `count` committed records of the topics, read by librdkafka, which leaves out those of
 * aborted transactions. Waits for as long as there are not so many.
 */
export async function readCommitted(
  bootstrap: string,
  topics: readonly string[],
  count: number,
): Promise<readonly ReadRecord[]> {
  const words = [join(HERE, 'read_committed.py'), bootstrap, String(count), ...topics]
  const { stdout } = await run(await resolvePython(), words, { maxBuffer: OUTPUT_BYTES_MAX })
  const lines = stdout.trimEnd().split('\n')
  return lines.map(line => JSON.parse(line) as ReadRecord)
}

/**
 * All committed records of the topics, in order within each partition, as librdkafka reads them.
 */
export async function dumpTopics(
  bootstrap: string,
  topics: readonly string[],
): Promise<readonly OracleRecord[]> {
  const words = [join(HERE, 'dump.py'), bootstrap, ...topics]
  const { stdout } = await run(await resolvePython(), words, { maxBuffer: DUMP_BYTES_MAX })
  const lines = stdout.split('\n').filter(line => line !== '')
  return lines.map(line => toRecord(JSON.parse(line) as DumpedRecord)).toSorted(byPlace)
}

interface DumpedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly arrival_ms: number
  /** In base64. */
  readonly key: string | null
  readonly value: string | null
  readonly headers: { readonly [name: string]: string }
}

function toRecord({ arrival_ms, key, value, headers, ...place }: DumpedRecord): OracleRecord {
  const bytes = (text: string | null): Uint8Array | null =>
    text === null ? null : Buffer.from(text, 'base64')
  const texts = Object.entries(headers).map(
    ([name, text]) => [name, Buffer.from(text, 'base64').toString()] as const,
  )
  return {
    ...place,
    arrivalMs: arrival_ms,
    key: bytes(key),
    value: bytes(value),
    headers: new Map(texts),
  }
}

function byPlace(left: OracleRecord, right: OracleRecord): number {
  if (left.topic !== right.topic) return left.topic < right.topic ? -1 : 1
  return left.partition - right.partition || left.offset - right.offset
}

/** Runs Python code that may import the clients; gives what it printed. */
export async function runPython(code: string): Promise<string> {
  return (await run(await resolvePython(), ['-c', code])).stdout
}

/** The interpreter that has the clients of requirements.txt. */
async function resolvePython(): Promise<string> {
  return join(await resolvePrograms('kafka-clients', join(HERE, 'requirements.txt')), 'python')
}

/** One process for each topic, since that is all the tool can. */
async function produceWithConsole({ file, ...production }: Production): Promise<void> {
  const prefix = production.prefix ?? ''
  const linesByTopic = new Map<string, string[]>()
  for (const line of (await readFile(file, 'utf8')).trimEnd().split('\n')) {
    const event = JSON.parse(line) as { event_type: string; user_id: string }
    const topic = prefix + event.event_type
    const lines = linesByTopic.get(topic) ?? []
    lines.push(production.keyed ? `${event.user_id}\t${line}` : line)
    linesByTopic.set(topic, lines)
  }
  for (const [topic, lines] of linesByTopic) await produceLines(topic, lines, production)
}

async function produceLines(
  topic: string,
  lines: readonly string[],
  { bootstrap, keyed, codec }: Omit<Production, 'file'>,
): Promise<void> {
  const jars = await resolveJars(KAFKA_TOOLS)
  const words = ['--bootstrap-server', bootstrap, '--topic', topic, '--compression-codec', codec]
  if (keyed) words.push('--reader-property', 'parse.key=true')
  const java = ['-XX:TieredStopAtLevel=1', '-Dfile.encoding=UTF-8', ...QUIET, '-cp', jars]
  const tool = 'org.apache.kafka.tools.ConsoleProducer'
  const child = spawn('java', [...java, tool, ...words], { stdio: ['pipe', 'ignore', 'pipe'] })
  child.stdin.end(`${lines.join('\n')}\n`)
  const [errors, [exitCode]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  // A record that is refused is told on stderr, with exit code 0.
  if (exitCode !== 0 || errors !== '') throw new Error(`console producer: ${exitCode}: ${errors}`)
}

const QUIET = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=error']
