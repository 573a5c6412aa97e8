/**
 * The results place of a deployment whose processes run apart: what digest workers and serve share.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { TopicIds } from '../../log/kafka/topics.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import { fromUtf8, toUtf8 } from '../../std/bytes.ts'
import { Fault } from '../../std/fault.ts'
import { SECOND_MS } from '../../std/units.ts'
import type { ResultsLayout } from '../../store/results/root.ts'
import { openHashKey } from '../../store/results/root.ts'
import type { CommandContext } from '../terminal/command.ts'
import { dataDirOf } from './data-dir.ts'
import { isBucket, openObjects } from './open-objects.ts'

const SECRET_BYTES = 32
/** Each commit makes files durable; more often would keep a disk busy for nothing. */
const COMMIT_MS_MIN = 500
const BUCKET_COMMIT_MS = 10 * SECOND_MS
/** Workers commit to a directory every half second. */
const LOOK_MS = 250
const BUCKET_LOOK_MS = 2 * SECOND_MS
/** Ids of the topics that are counted here. */
const TOPICS_KEY = 'state/topics.json'

/** A directory, or `s3://bucket/folder`. */
export function placeOf({ config }: Pick<CommandContext, 'config'>): string {
  const { results, data } = config.settings
  return results === '' ? join(dataDirOf(data).path, 'results-place') : results
}

export async function openPlace(
  context: Pick<CommandContext, 'config' | 'clock'>,
): Promise<ObjectStore & AsyncDisposable> {
  return await openObjects(context, placeOf(context))
}

/** Time between commits of a worker. In a bucket each costs requests, which are paid for. */
export function commitMsOf(context: Pick<CommandContext, 'config'>): number {
  const { settings, sources } = context.config
  const source = sources.find(({ name }) => name === 'commitInterval')?.source
  if (source === 'default' && isBucket(placeOf(context))) return BUCKET_COMMIT_MS
  return Math.max(COMMIT_MS_MIN, settings.commitInterval)
}

/** How often a reader looks for what workers committed. */
export function lookMsOf(context: Pick<CommandContext, 'config'>): number {
  return isBucket(placeOf(context)) ? BUCKET_LOOK_MS : LOOK_MS
}

/** What a place must have been made for. `keyId` null: a reader. */
export function layoutOf(
  { config }: Pick<CommandContext, 'config'>,
  keyId: string | null,
): ResultsLayout {
  const { partitions, partitioner, topicPrefix } = config.catalog
  return { shards: partitions, partitioner, topicPrefix, keyId }
}

/** The key of the place's ids, which the first worker makes. */
export async function openSecret(
  objects: ObjectStore,
): Promise<{ readonly secret: Uint8Array; readonly keyId: string }> {
  return await openHashKey(objects, randomBytes(SECRET_BYTES))
}

export async function readTopicIds(objects: ObjectStore): Promise<TopicIds> {
  const kept = await objects.get(TOPICS_KEY)
  if (kept === null || kept === 'unchanged') return new Map()
  return new Map(Object.entries(JSON.parse(fromUtf8(kept.bytes)) as Record<string, string>))
}

export async function writeTopicIds(objects: ObjectStore, ids: TopicIds): Promise<void> {
  await objects.put(TOPICS_KEY, toUtf8(`${JSON.stringify(Object.fromEntries(ids))}\n`))
}

/** Processes that run apart meet in Kafka. Throws CONFIG_INVALID without one. */
export function assertApart({ config }: Pick<CommandContext, 'config'>, command: string): void {
  if (config.kafka !== null) return
  throw new Fault(
    'CONFIG_INVALID',
    `weir ${command} is for a log on kafka, and none is named: set --kafka host:port, or ` +
      'run everything in one process with weir start',
  )
}
