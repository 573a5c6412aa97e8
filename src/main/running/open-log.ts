/** The log that the settings name: segments of the data directory, or topics of a Kafka cluster. */
import { readFileSync } from 'node:fs'
import type { TopicIds, TopicPlan } from '../../log/kafka/topics.ts'
import type { EventLog } from '../../log/log.ts'
import { openSegmentLog } from '../../log/segment/segment-log.ts'
import { rejectsTopicOf, topicsOf } from '../../model/catalog.ts'
import { present } from '../../std/assert.ts'
import { isFault } from '../../std/fault.ts'
import { SECOND_MS } from '../../std/units.ts'
import type { CommandContext } from '../terminal/command.ts'
import { collectBuffersWithHeap } from './buffer-garbage.ts'
import { dataDirOf, writeWhole } from './data-dir.ts'
import type { TellOutage } from './voice.ts'

/** A broker that runs answers within this time; one that does not is waited for elsewhere. */
const READY_MS_MAX = 3 * SECOND_MS
const POLL_MS = 20

export async function openLog(context: CommandContext, onOutage: TellOutage): Promise<EventLog> {
  if (context.config.kafka === null) return openSegments(context)
  // Its topics are remembered in the data directory, so that others of their names are refused.
  const path = dataDirOf(context.config.settings.data).topics
  return await openTopics(context, {
    onOutage,
    topicIds: readTopicIds(path),
    onTopicIds: ids => writeWhole(path, `${JSON.stringify(Object.fromEntries(ids))}\n`),
  })
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

export interface TopicOptions {
  /** Told when no broker can be reached, and when one can again. */
  readonly onOutage: TellOutage
  /** What the topics were when they were counted last. */
  readonly topicIds?: TopicIds
  readonly onTopicIds?: (ids: TopicIds) => void
}

/** The topics of the catalog in the Kafka cluster of the settings, which must name one. */
export async function openTopics(
  context: CommandContext,
  options: TopicOptions,
): Promise<EventLog> {
  const log = await openTopicLog(context, { plan: toTopicPlan(context), ...options })
  await waitUntilReady(log, context).catch(async (error: unknown) => {
    await log[Symbol.asyncDispose]()
    throw error
  })
  return log
}

/** weir.rejects, to append to; null where the log is not on Kafka. */
export async function openRejects(context: CommandContext): Promise<EventLog | null> {
  if (context.config.kafka === null) return null
  const topics = [rejectsTopicOf(context.config.catalog)]
  // The other log of this process says what is wrong with brokers.
  const plan = { ...toTopicPlan(context), topics }
  return await openTopicLog(context, { plan, onOutage: () => {} })
}

/** Where there is no Kafka its client is not loaded: it would take a third of a start. */
async function openTopicLog(
  { config, clock }: CommandContext,
  options: TopicOptions & { readonly plan: TopicPlan },
): Promise<EventLog> {
  collectBuffersWithHeap()
  const { openKafkaLog } = await import('../../log/kafka/kafka-log.ts')
  const kafka = present(config.kafka, 'the cluster of the settings')
  return openKafkaLog({ kafka, clock, ...options })
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

function readTopicIds(path: string): TopicIds {
  try {
    return new Map(Object.entries(JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>))
  } catch {
    return new Map()
  }
}

/** For a moment only: with no broker in reach, the rest of Weir starts all the same. */
async function waitUntilReady(
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
