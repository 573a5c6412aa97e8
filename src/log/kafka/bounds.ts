/** What partitions hold: asked of the brokers that lead them. */
import { ListOffsetTimestamps, listOffsetsV7 } from '@platformatic/kafka'
import type { PartitionBounds } from '../../model/record.ts'
import type { Broker, Cluster, Snapshot } from './cluster.ts'
import { takeAnswer } from './cluster.ts'
import { BrokerError, LEADER_NOT_AVAILABLE, NONE } from './errors.ts'

const NO_REPLICA = -1
/** The end is then the last stable offset: what readers can come to. */
const READ_COMMITTED = 1
const NO_EPOCH = -1

/** What a partition's leader tells of it. */
export type LeaderBounds = Omit<PartitionBounds, 'sizeBytes' | 'retentionMs'>

interface Place {
  readonly topic: string
  readonly partition: number
}

/** The bounds of all partitions of these topics. Throws BrokerError where one has no leader. */
export async function readBounds(
  cluster: Cluster,
  topics: readonly string[],
): Promise<readonly LeaderBounds[]> {
  const groups = groupByLeader(await cluster.learn(topics))
  const asked = [...groups].map(([broker, places]) => readBoundsOf(cluster, broker, places))
  return (await Promise.all(asked)).flat()
}

function groupByLeader({ brokers, topics }: Snapshot): ReadonlyMap<Broker, Place[]> {
  const groups = new Map<Broker, Place[]>()
  for (const { name, leaders } of topics.values()) {
    for (const [partition, leader] of leaders.entries()) {
      const broker = brokers.get(leader)
      if (broker === undefined) {
        throw new BrokerError(LEADER_NOT_AVAILABLE, `nobody leads ${name}/${partition}`)
      }
      const places = groups.get(broker) ?? []
      places.push({ topic: name, partition })
      groups.set(broker, places)
    }
  }
  return groups
}

async function readBoundsOf(
  cluster: Cluster,
  broker: Broker,
  places: readonly Place[],
): Promise<readonly LeaderBounds[]> {
  const [first, end] = await Promise.all([
    listOffsets(cluster, { broker, places, timestamp: ListOffsetTimestamps.EARLIEST }),
    listOffsets(cluster, { broker, places, timestamp: ListOffsetTimestamps.LATEST }),
  ])
  return places.map(({ topic, partition }) => {
    const place = `${topic}/${partition}`
    const offsetFirst = first.get(place) ?? 0
    const offsetEnd = Math.max(offsetFirst, end.get(place) ?? 0)
    return { topic, partition, offsetFirst, offsetEnd }
  })
}

interface Listing {
  readonly broker: Broker
  readonly places: readonly Place[]
  readonly timestamp: bigint
}

async function listOffsets(
  cluster: Cluster,
  { broker, places, timestamp }: Listing,
): Promise<ReadonlyMap<string, number>> {
  const topics = [...Map.groupBy(places, place => place.topic)].map(([name, ofTopic]) => {
    const partitions = ofTopic.map(({ partition }) => {
      return { partitionIndex: partition, currentLeaderEpoch: NO_EPOCH, timestamp }
    })
    return { name, partitions }
  })
  const connection = await cluster.control.to(broker)
  const { api } = listOffsetsV7
  const answer = await takeAnswer(api.async(connection, NO_REPLICA, READ_COMMITTED, topics))
  const offsets = new Map<string, number>()
  for (const { name, partitions } of answer.topics) {
    for (const { partitionIndex, errorCode, offset } of partitions) {
      const place = `${name}/${partitionIndex}`
      if (errorCode !== NONE) throw new BrokerError(errorCode, `${place} tells no offsets`)
      offsets.set(place, Number(offset))
    }
  }
  return offsets
}
