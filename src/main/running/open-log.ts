/** The log that the settings name: segments of the data directory, or topics of a Kafka cluster. */
import { readFileSync } from 'node:fs'
import { openKafkaLog } from '../../log/kafka/kafka-log.ts'
import type { TopicIds, TopicPlan } from '../../log/kafka/topics.ts'
import type { EventLog } from '../../log/log.ts'
import { openSegmentLog } from '../../log/segment/segment-log.ts'
import { topicsOf } from '../../model/catalog.ts'
import type { KafkaOptions } from '../../model/kafka.ts'
import { type Fault, isFault } from '../../std/fault.ts'
import { SECOND_MS } from '../../std/units.ts'
import type { CommandContext } from '../terminal/command.ts'
import { dataDirOf, writeWhole } from './data-dir.ts'

/** A broker that runs answers within this time; one that does not is waited for elsewhere. */
const READY_MS_MAX = 3 * SECOND_MS
const POLL_MS = 20

export async function openLog(context: CommandContext): Promise<EventLog> {
  const { kafka } = context.config
  return kafka === null ? openSegments(context) : await openTopics(context, kafka)
}

function openSegments({ config, clock, crash, terminal }: CommandContext): Promise<EventLog> {
  const { settings, catalog } = config
  return openSegmentLog({
    directory: dataDirOf(settings.data).log,
    topics: topicsOf(catalog),
    partitions: catalog.partitions,
    clock,
    segmentBytes: settings.segmentBytes,
    retentionMs: settings.retention,
    retentionBytes: settings.retentionBytes,
    logBytesMax: settings.logBytesMax,
    crash,
    onTornTail: ({ path, sizeBytes }) =>
      terminal.talk(
        `weir: cut ${sizeBytes} bytes that a crash left unfinished at the end of ${path}`,
      ),
  })
}

/** Its topics are remembered in the data directory, so that others of their names are refused. */
async function openTopics(context: CommandContext, kafka: KafkaOptions): Promise<EventLog> {
  const { config, clock, terminal } = context
  const path = dataDirOf(config.settings.data).topics
  const log = openKafkaLog({
    kafka,
    plan: toTopicPlan(context),
    clock,
    topicIds: readTopicIds(path),
    onTopicIds: ids => writeWhole(path, `${JSON.stringify(Object.fromEntries(ids))}\n`),
    onOutage: fault => terminal.talk(toLogOutageText(fault)),
  })
  await waitUntilReady(log, context).catch(async (error: unknown) => {
    await log[Symbol.asyncDispose]()
    throw error
  })
  return log
}

export function toTopicPlan({ config }: Pick<CommandContext, 'config'>): TopicPlan {
  const { settings, catalog } = config
  return {
    topics: topicsOf(catalog),
    partitions: catalog.partitions,
    replicationFactor: settings.kafkaReplicationFactor,
    minInsyncReplicas: settings.kafkaMinInsyncReplicas,
    retentionMs: settings.kafkaRetention,
  }
}

export function toLogOutageText(fault: Fault | null): string {
  return fault === null
    ? 'weir: kafka answers again'
    : `weir: ${fault.message}; events are answered with 503 and counting waits`
}

function readTopicIds(path: string): TopicIds {
  try {
    return new Map(Object.entries(JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>))
  } catch {
    return new Map()
  }
}

/** For a moment only: with no broker in reach, the rest of Weir starts all the same. */
export async function waitUntilReady(
  log: EventLog,
  { clock, signal }: Pick<CommandContext, 'clock' | 'signal'>,
): Promise<void> {
  const sinceMs = clock.monotonic()
  while (clock.monotonic() - sinceMs < READY_MS_MAX) {
    try {
      await log.bounds(signal)
      return
    } catch (error) {
      if (!isFault(error, 'LOG_UNAVAILABLE')) throw error
    }
    await clock.sleep(POLL_MS, signal)
  }
}
