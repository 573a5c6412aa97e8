/**
 * The results place of a deployment whose processes run apart: what digest workers and serve share.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { TopicIds } from '../../log/kafka/topics.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import { openLocalObjects } from '../../objects/local/local-objects.ts'
import { fromUtf8, toUtf8 } from '../../std/bytes.ts'
import { Fault } from '../../std/fault.ts'
import type { ResultsLayout } from '../../store/results/root.ts'
import { openHashKey } from '../../store/results/root.ts'
import type { CommandContext } from '../terminal/command.ts'
import { dataDirOf } from './data-dir.ts'

const SECRET_BYTES = 32
/** Ids of the topics that are counted here. */
const TOPICS_KEY = 'state/topics.json'

export function placeDirectoryOf({ config }: Pick<CommandContext, 'config'>): string {
  const { results, data } = config.settings
  return results === '' ? join(dataDirOf(data).path, 'results-place') : results
}

export function openPlace(context: Pick<CommandContext, 'config'>): ObjectStore {
  return openLocalObjects({ directory: placeDirectoryOf(context) })
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
