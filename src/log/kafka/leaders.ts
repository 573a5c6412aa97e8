/**
 * Who leads the partitions that are read, kept true: learnt at the beginning, and again whenever a
 * broker is gone or says that it leads no more. A topic that was deleted is noticed here, for its
 * offsets mean nothing any more, whatever stands under its name now.
 */
import type { LogPosition } from '../../model/record.ts'
import { present } from '../../std/assert.ts'
import type { Clock } from '../../std/clock.ts'
import { Fault } from '../../std/fault.ts'
import { SECOND_MS } from '../../std/units.ts'
import type { Broker, Cluster, Snapshot } from './cluster.ts'
import type { Cursor } from './fetcher.ts'
import { toRemade } from './readiness.ts'

export interface Leaders {
  /** The cursors that have a leader, by broker. */
  readonly byBroker: ReadonlyMap<string, { readonly broker: Broker; readonly cursors: Cursor[] }>
  /** False: some cursors have no leader now, and are not read until one is learnt. */
  readonly isWhole: boolean
  readonly cursors: readonly Cursor[]
  /** Learns again. Throws TOPIC_MISMATCH, or what the client throws if nobody answers. */
  refresh(): Promise<void>
}

/** A topic must be missing for so long: brokers that start know no topics for a moment. */
const MISSING_MS_MAX = 10 * SECOND_MS

/** Throws TOPIC_MISMATCH where a topic does not exist. */
export async function createLeaders(
  cluster: Cluster,
  positions: readonly LogPosition[],
  clock: Clock,
): Promise<Leaders> {
  const topics = [...new Set(positions.map(position => position.topic))]
  const first = await cluster.learn(topics)
  const cursors = positions.map((position): Cursor => {
    const topic = first.topics.get(position.topic)
    if (topic === undefined) throw toMissing(position.topic)
    return { ...position, topicId: topic.id }
  })
  let byBroker = groupByBroker(cursors, first)
  let missingSinceMs: number | null = null
  return {
    get byBroker() {
      return byBroker
    },
    get isWhole() {
      const led = [...byBroker.values()].reduce((sum, group) => sum + group.cursors.length, 0)
      return led === cursors.length
    },
    cursors,
    refresh: async () => {
      const snapshot = await cluster.learn(topics)
      const missing = findMissing(cursors, snapshot)
      if (missing === null) missingSinceMs = null
      else {
        missingSinceMs ??= clock.monotonic()
        if (clock.monotonic() - missingSinceMs >= MISSING_MS_MAX) throw toMissing(missing)
      }
      byBroker = groupByBroker(cursors, snapshot)
    },
  }
}

function findMissing(cursors: readonly Cursor[], snapshot: Snapshot): string | null {
  for (const { topic, topicId } of cursors) {
    const found = snapshot.topics.get(topic)
    if (found === undefined) return topic
    if (found.id !== topicId) throw toRemade(topic)
  }
  return null
}

function toMissing(topic: string): Fault {
  return new Fault(
    'TOPIC_MISMATCH',
    `topic ${topic} does not exist or was deleted; 'weir doctor' tells what topics must be like`,
  )
}

function groupByBroker(
  cursors: readonly Cursor[],
  snapshot: Snapshot,
): ReadonlyMap<string, { readonly broker: Broker; readonly cursors: Cursor[] }> {
  const groups = new Map<string, { readonly broker: Broker; readonly cursors: Cursor[] }>()
  for (const cursor of cursors) {
    const leader = snapshot.topics.get(cursor.topic)?.leaders[cursor.partition] ?? NOBODY
    const broker = snapshot.brokers.get(leader)
    if (broker === undefined) continue
    const place = `${broker.host}:${broker.port}`
    if (!groups.has(place)) groups.set(place, { broker, cursors: [] })
    present(groups.get(place), 'the group of a broker').cursors.push(cursor)
  }
  return groups
}

const NOBODY = -1
