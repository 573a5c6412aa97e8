/**
 * The clients of a Kafka whose topics hold the events: the plain consumer that Weir is measured
 * against, Weir's digest with each of its stores, and the producer that fills the topics.
 * Run as `node bench/kafka-client.ts produce|consumer|digest|worker BROKER FILE EVENTS`.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import process from 'node:process'
import { Consumer } from '@platformatic/kafka'
import { openKafkaLog } from '../src/log/kafka/kafka-log.ts'
import { ensureTopics } from '../src/log/kafka/topics.ts'
import type { EventLog } from '../src/log/log.ts'
import { collectBuffersWithHeap } from '../src/main/running/buffer-garbage.ts'
import { shardsOf, topicsOf } from '../src/model/catalog.ts'
import { fromUtf8 } from '../src/std/bytes.ts'
import { createSystemClock } from '../src/std/clock.ts'
import { isFault } from '../src/std/fault.ts'
import { DAY_MS, MIB } from '../src/std/units.ts'
import type { AnswerStore, StepStore } from '../src/store/store.ts'
import { createBaseline } from './baseline.ts'
import { cachePath, PARTITIONS } from './events.ts'
import { appendFile, CATALOG, digestAll, NEVER, readTotals } from './job.ts'
import type { Measured } from './measure.ts'
import { measure, tell } from './measure.ts'
import {
  COMMIT_MS,
  openBenchStore,
  openWorkerReader,
  openWorkerStore,
  WORKER_COMMIT_MS,
} from './stores.ts'

export interface Produced {
  readonly events: number
  readonly seconds: number
  readonly cpuSeconds: number
}

const READY_POLL_MS = 20

async function produce(broker: string, file: string): Promise<Produced> {
  await using log = await openLog(broker)
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  const events = await appendFile(log, file)
  const { user, system } = process.cpuUsage(cpu)
  const seconds = (performance.now() - startMs) / 1000
  return { events, seconds, cpuSeconds: (user + system) / 1e6 }
}

type Job = Pick<Measured, 'events' | 'bytes'> & { readonly broker: string }

/**
 * As most would write it, and then tuned: big fetches, nothing committed, nothing deserialised but
 * by JSON.parse, messages taken as they are pushed. Its state is in memory only.
 */
async function measureConsumer({ broker, events, bytes }: Job): Promise<Measured> {
  const baseline = createBaseline()
  const consumer = new Consumer({
    groupId: `bench-${process.pid}`,
    clientId: 'bench',
    bootstrapBrokers: [broker],
  })
  const topics = topicsOf(CATALOG)
  const offsets = topics.flatMap(topic =>
    shardsOf(CATALOG).map(partition => ({ topic, partition, offset: 0n })),
  )
  const consume = async (): Promise<void> => {
    const stream = await consumer.consume({
      topics: [...topics],
      mode: 'manual',
      offsets,
      autocommit: false,
      maxBytes: CONSUMER_BYTES_MAX,
      maxBytesPerPartition: MIB,
      maxWaitTime: 100,
    })
    let left = events
    await new Promise<void>((resolve, reject) => {
      stream.on('error', reject)
      stream.on('data', message => {
        baseline.add(fromUtf8(message.value))
        left -= 1
        if (left === 0) resolve()
      })
    })
    await stream.close()
  }
  const measured = await measure({ what: 'plain consumer', events, bytes }, consume, () => {
    const totals = baseline.totals()
    return { ...totals, cents: String(totals.cents) }
  })
  await consumer.close(true)
  return measured
}

/** More makes it slower, and larger. */
const CONSUMER_BYTES_MAX = 4 * MIB

interface Stores {
  readonly what: string
  readonly commitMs: number
  readonly openStore: (directory: string) => Promise<StepStore>
  readonly openAnswers: (directory: string) => Promise<AnswerStore>
}

const DIGEST: Stores = {
  what: 'weir start',
  commitMs: COMMIT_MS,
  openStore: openBenchStore,
  openAnswers: openBenchStore,
}
const WORKER: Stores = {
  what: 'weir digest',
  commitMs: WORKER_COMMIT_MS,
  openStore: openWorkerStore,
  openAnswers: openWorkerReader,
}

async function measureDigest(stores: Stores, { broker, events, bytes }: Job): Promise<Measured> {
  const { what, commitMs, openStore, openAnswers } = stores
  // As the commands do.
  collectBuffersWithHeap()
  const directory = mkdtempSync(cachePath('kafka-'))
  try {
    await using log = await openLog(broker)
    return await measure(
      { what, events, bytes },
      () => digestAll({ log, openStore: () => openStore(directory), commitMs }),
      async () => {
        await using store = await openAnswers(directory)
        return await readTotals(store)
      },
    )
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** The log, once it is ready. */
async function openLog(broker: string): Promise<EventLog> {
  const kafka = { brokers: [broker] }
  const clock = createSystemClock()
  const plan = {
    topics: topicsOf(CATALOG),
    partitions: PARTITIONS,
    replicationFactor: 1,
    minInsyncReplicas: 1,
    retentionMs: DAY_MS,
  }
  await ensureTopics(kafka, plan, clock)
  const log = openKafkaLog({ kafka, plan, clock, onOutage: () => undefined })
  while (!(await isReady(log))) await clock.sleep(READY_POLL_MS, NEVER)
  return log
}

async function isReady(log: EventLog): Promise<boolean> {
  try {
    await log.bounds(NEVER)
    return true
  } catch (error) {
    if (isFault(error, 'LOG_UNAVAILABLE')) return false
    throw error
  }
}

const [what, broker, file, events] = process.argv.slice(2)
if (import.meta.main && broker !== undefined && file !== undefined) {
  const job = { broker, events: Number(events), bytes: statSync(file).size }
  if (what === 'produce') tell(await produce(broker, file))
  else if (what === 'consumer') tell(await measureConsumer(job))
  else tell(await measureDigest(what === 'worker' ? WORKER : DIGEST, job))
}
