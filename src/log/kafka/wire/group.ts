/**
 * What members of a consumer group tell each other through the broker: Kafka's consumer protocol,
 * version 0, so that its tools show who has what. The shards that a member had are its user data.
 * https://kafka.apache.org/protocol#The_Messages_ConsumerProtocolSubscription
 */
import { Reader, Writer } from '@platformatic/kafka'

const VERSION = 0

/** What a member tells when it joins. */
export function encodeSubscription(topic: string, owned: readonly number[]): Buffer {
  return Writer.create()
    .appendInt16(VERSION)
    .appendArray([topic], (writer, name) => writer.appendString(name, false), false, false)
    .appendBytes(Buffer.from(JSON.stringify(owned)), false).buffer
}

/** The shards that a member had; none where it told nothing that is understood. */
export function decodeOwned(subscription: Buffer): readonly number[] {
  try {
    const reader = Reader.from(subscription)
    reader.readInt16()
    reader.readArray(r => r.readString(false), false, false)
    const owned: unknown = JSON.parse((reader.readNullableBytes(false) ?? '[]').toString())
    return Array.isArray(owned) ? owned.filter(Number.isSafeInteger) : []
  } catch {
    return []
  }
}

/** What the leader gives a member. */
export function encodeAssignment(topic: string, shards: readonly number[]): Buffer {
  const topics = shards.length === 0 ? [] : [{ topic, shards }]
  return Writer.create()
    .appendInt16(VERSION)
    .appendArray(
      topics,
      (writer, one) => {
        writer
          .appendString(one.topic, false)
          .appendArray([...one.shards], (part, shard) => part.appendInt32(shard), false, false)
      },
      false,
      false,
    )
    .appendBytes(Buffer.alloc(0), false).buffer
}

export function decodeAssignment(assignment: Buffer): readonly number[] {
  if (assignment.length === 0) return []
  const reader = Reader.from(assignment)
  reader.readInt16()
  const topics = reader.readArray(
    r => {
      r.readString(false)
      return r.readArray(part => part.readInt32(), false, false)
    },
    false,
    false,
  )
  return topics.flat().toSorted((left, right) => left - right)
}
