/**
 * Produce, of batches that are bytes already: they are encoded, numbered and compressed here, so
 * that one that is sent again is the same to its last byte.
 *
 * Version 9: https://kafka.apache.org/protocol#The_Messages_Produce (Kafka 2.4 and later)
 */
import type { API } from '@platformatic/kafka'
import { createAPI, type Reader, Writer } from '@platformatic/kafka'
import { createByteReader } from './bytes.ts'

const PRODUCE_KEY = 0
const PRODUCE_VERSION = 9
const ALL_IN_SYNC = -1

export interface ProduceRequest {
  /** How long the leader waits for its followers, in ms. */
  readonly timeoutMs: number
  /** One batch per partition. */
  readonly batches: readonly PartitionBatch[]
}

export interface PartitionBatch {
  readonly topic: string
  readonly partition: number
  readonly bytes: Uint8Array
}

export interface ProducedPartition {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  /** The broker's own words; '' for none. */
  readonly errorText: string
  /** Offset of the batch's first record. */
  readonly baseOffset: number
  /** The broker's clock; -1 where the topic keeps the producer's. */
  readonly appendTimeMs: number
}

export const produceApi: API<[ProduceRequest], readonly ProducedPartition[]> = createAPI(
  PRODUCE_KEY,
  PRODUCE_VERSION,
  writeProduce,
  (_id, _key, _version, reader) => readProduce(reader),
)

function writeProduce({ timeoutMs, batches }: ProduceRequest): Writer {
  const topics = [...Map.groupBy(batches, batch => batch.topic)]
  return Writer.create()
    .appendString(null) // transactional id
    .appendInt16(ALL_IN_SYNC)
    .appendInt32(timeoutMs)
    .appendArray(topics, (writer, [topic, partitions]) => {
      writer.appendString(topic).appendArray(partitions, (part, { partition, bytes }) => {
        part.appendInt32(partition).appendBytes(toBuffer(bytes))
      })
    })
    .appendTaggedFields()
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function readProduce(reader: Reader): readonly ProducedPartition[] {
  const bytes = createByteReader(reader.buffer.subarray(reader.position).buffer)
  const produced: ProducedPartition[] = []
  for (let topics = bytes.count(); topics > 0; topics -= 1) {
    const topic = bytes.text()
    for (let count = bytes.count(); count > 0; count -= 1) {
      produced.push({ topic, ...readPartition(bytes) })
    }
    bytes.skipTags()
  }
  return produced
}

function readPartition(
  bytes: ReturnType<typeof createByteReader>,
): Omit<ProducedPartition, 'topic'> {
  const partition = bytes.int32()
  const errorCode = bytes.int16()
  const baseOffset = bytes.int64()
  const appendTimeMs = bytes.int64()
  bytes.int64() // log start offset
  for (let count = bytes.count(); count > 0; count -= 1) {
    bytes.int32() // which record
    bytes.text() // and what is wrong with it
    bytes.skipTags()
  }
  const errorText = bytes.text()
  bytes.skipTags()
  return { partition, errorCode, errorText, baseOffset, appendTimeMs }
}
