/**
 * Fetch, keeping each partition's record batches as the bytes they came in: the client library
 * makes an object of every record, which costs twenty times as much as the fetch itself.
 *
 * Versions 13 to 17 (topics by id): https://kafka.apache.org/protocol#The_Messages_Fetch
 * Kafka 3.1 knows 13, Kafka 3.8 ends at 16.
 */
import type { API } from '@platformatic/kafka'
import { createAPI, type Reader, Writer } from '@platformatic/kafka'
import { createByteReader } from './bytes.ts'

export const FETCH_KEY = 1
export const FETCH_VERSION_MIN = 13
export const FETCH_VERSION_MAX = 17
/** From this version on the request no longer begins with a replica id (KIP-903). */
const VERSION_WITHOUT_REPLICA = 15
const CONSUMER_REPLICA = -1
/** Aborted transactions are told, and records of open ones held back. */
const READ_COMMITTED = 1
const NO_SESSION = { id: 0, epoch: -1 }
const NO_EPOCH = -1

export interface FetchRequest {
  /** How long the broker waits for a first byte, in ms. */
  readonly waitMs: number
  /** Bytes over all partitions; the first batch comes whatever its size. */
  readonly bytesMax: number
  /** In this order the broker fills the answer. */
  readonly partitions: readonly FetchPosition[]
}

export interface FetchPosition {
  /** As a UUID with dashes. */
  readonly topicId: string
  readonly partition: number
  readonly offset: number
  readonly bytesMax: number
}

export interface FetchedPartition {
  readonly topicId: string
  readonly partition: number
  readonly errorCode: number
  /** One past the last record that no open transaction holds back. */
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly aborted: readonly AbortedTransaction[]
  /** Batches back to back; the last may be cut. */
  readonly records: Uint8Array
}

/** All records of the producer from the offset on, up to its next control batch, are void. */
export interface AbortedTransaction {
  readonly producerId: bigint
  readonly offsetFirst: number
}

export interface FetchAnswer {
  readonly errorCode: number
  readonly partitions: readonly FetchedPartition[]
}

/**
 * The API of one version, to be called on a connection. An answer is put into what `allocate` gives
 * for it, of the size that it is told: its records are views of that.
 */
export function createFetchApi(
  version: number,
  allocate: (size: number) => Uint8Array,
): API<[FetchRequest], FetchAnswer> {
  const write = (request: FetchRequest): Writer => writeFetch(request, version)
  const read = (reader: Reader): FetchAnswer => readFetch(gather(reader, allocate))
  return createAPI(FETCH_KEY, version, write, (_id, _key, _version, reader) => read(reader))
}

function writeFetch(request: FetchRequest, version: number): Writer {
  const writer = Writer.create()
  if (version < VERSION_WITHOUT_REPLICA) writer.appendInt32(CONSUMER_REPLICA)
  return writer
    .appendInt32(request.waitMs)
    .appendInt32(1) // bytes to wait for
    .appendInt32(request.bytesMax)
    .appendInt8(READ_COMMITTED)
    .appendInt32(NO_SESSION.id)
    .appendInt32(NO_SESSION.epoch)
    .appendArray(toRuns(request.partitions), (topic, { topicId, partitions }) => {
      topic.appendUUID(topicId).appendArray(partitions, writePosition)
    })
    .appendArray([], () => {}) // forgotten topics: of sessions only
    .appendString('') // rack
    .appendTaggedFields()
}

function writePosition(writer: Writer, position: FetchPosition): void {
  writer
    .appendInt32(position.partition)
    .appendInt32(NO_EPOCH) // leader epoch that the client knows
    .appendInt64(BigInt(position.offset))
    .appendInt32(NO_EPOCH) // leader epoch of the last record fetched
    .appendInt64(-1n) // log start offset: of followers only
    .appendInt32(position.bytesMax)
}

interface TopicRun {
  readonly topicId: string
  readonly partitions: FetchPosition[]
}

/** A topic may come several times: the order of partitions is the order of turns. */
function toRuns(positions: readonly FetchPosition[]): TopicRun[] {
  const runs: TopicRun[] = []
  for (const position of positions) {
    const last = runs.at(-1)
    if (last?.topicId === position.topicId) last.partitions.push(position)
    else runs.push({ topicId: position.topicId, partitions: [position] })
  }
  return runs
}

/** The library has the answer in the pieces that the socket gave. */
function gather(reader: Reader, allocate: (size: number) => Uint8Array): Uint8Array {
  const { buffers, length } = reader.buffer.subarray(reader.position)
  const bytes = allocate(length)
  let at = 0
  for (const piece of buffers) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}

function readFetch(answer: Uint8Array): FetchAnswer {
  const bytes = createByteReader(answer)
  bytes.int32() // throttle time
  const errorCode = bytes.int16()
  bytes.int32() // session
  const partitions: FetchedPartition[] = []
  for (let topics = bytes.count(); topics > 0; topics -= 1) {
    const topicId = bytes.uuid()
    for (let count = bytes.count(); count > 0; count -= 1) {
      partitions.push({ topicId, ...readPartition(bytes) })
    }
    bytes.skipTags()
  }
  return { errorCode, partitions }
}

function readPartition(
  bytes: ReturnType<typeof createByteReader>,
): Omit<FetchedPartition, 'topicId'> {
  const partition = bytes.int32()
  const errorCode = bytes.int16()
  bytes.int64() // high watermark
  const lastStableOffset = bytes.int64()
  const logStartOffset = bytes.int64()
  const aborted: AbortedTransaction[] = []
  for (let count = bytes.count(); count > 0; count -= 1) {
    aborted.push({ producerId: bytes.bigInt64(), offsetFirst: bytes.int64() })
    bytes.skipTags()
  }
  bytes.int32() // replica to read from rather: only where a rack is told
  const records = bytes.sized()
  bytes.skipTags()
  return { partition, errorCode, lastStableOffset, logStartOffset, aborted, records }
}
