/**
 * What one partition has to send: the calls that wait, and the batch that is on its way. A batch is
 * numbered and encoded once; sent again after a lost answer it is the same bytes, and the broker
 * knows it by its number (KIP-98). So one batch of a partition is under way at a time, and nothing
 * is written twice or out of order.
 */

import type { KafkaCodec } from '../../model/kafka.ts'
import type { NewRecord } from '../../model/record.ts'
import { BATCH_HEADER_BYTES, encodeRecordBatch, toProducedBatch } from '../../model/record-batch.ts'
import type { Fault } from '../../std/fault.ts'
import type { Landing } from '../partition.ts'
import { createAppendQueue, type Gathered } from '../queue.ts'
import { compress } from './compress.ts'

export interface Outbox {
  readonly topic: string
  readonly partition: number
  /** Why it takes nothing now. */
  readonly refusal: Fault | null
  append(records: readonly NewRecord[]): Promise<Landing>
  /** Since when something waits that is not on its way, by the monotonic clock; null: nothing. */
  readonly waitingSinceMs: number | null
  /** The batch to send next; tell what became of it by one of its functions. */
  take(): Promise<OutgoingBatch>
  /** Ends all that waits. What was sent before may have been written or not. */
  giveUp(fault: Fault): void
}

export interface OutgoingBatch {
  readonly topic: string
  readonly partition: number
  readonly bytes: Uint8Array
  land(baseOffset: number, arrivalMs: number): void
  /** It is not taken; what follows begins anew, with a producer id of its own. */
  fail(fault: Fault): void
  /** It waits again: the next `take` gives the same bytes. */
  putBack(): void
}

export interface ProducerId {
  readonly id: bigint
  readonly epoch: number
}

export interface OutboxContext {
  readonly codec: KafkaCodec
  readonly now: () => number
  readonly monotonic: () => number
  /** A producer id that nobody has had. */
  readonly newProducerId: () => Promise<ProducerId>
  readonly refusal: () => Fault | null
  /** Told when something waits. */
  readonly onWaiting: () => void
}

interface Encoded {
  readonly gathered: Gathered
  readonly bytes: Uint8Array
}

/** Sequences are 31-bit numbers and begin anew behind the last. */
const SEQUENCE_MODULO = 2 ** 31

export function createOutbox(
  place: { readonly topic: string; readonly partition: number },
  context: OutboxContext,
): Outbox {
  const queue = createAppendQueue(place)
  let producer: ProducerId | null = null
  let sequenceNext = 0
  let current: Encoded | null = null
  let isUnderWay = false
  let sinceMs = 0
  /** Why the last calls were given up; null: something has landed since. */
  let givenUp: Fault | null = null

  const encode = async (): Promise<Encoded> => {
    producer ??= await context.newProducerId()
    const gathered = queue.gather()
    const { records } = gathered
    const plain = encodeRecordBatch({ baseOffset: 0, arrivalMs: context.now(), records })
    const body = await compress(plain.subarray(BATCH_HEADER_BYTES), context.codec)
    const bytes = toProducedBatch(plain, {
      producerId: producer.id,
      producerEpoch: producer.epoch,
      baseSequence: sequenceNext,
      codec: body === null ? 'none' : context.codec,
      body,
    })
    return { gathered, bytes }
  }
  const goOn = (): void => {
    current = null
    isUnderWay = false
    sinceMs = context.monotonic()
    if (!queue.isEmpty) context.onWaiting()
  }
  const fail = (gathered: Gathered, fault: Fault): void => {
    producer = null
    sequenceNext = 0
    gathered.fail(fault)
    goOn()
  }
  return {
    ...place,
    get refusal() {
      // One call at a time tries whether it goes on, the others need not wait to be given up.
      return context.refusal() ?? (queue.isEmpty ? null : givenUp)
    },
    append: records => {
      if (queue.isEmpty) sinceMs = context.monotonic()
      const landing = queue.add(records)
      context.onWaiting()
      return landing
    },
    get waitingSinceMs() {
      return isUnderWay || queue.isEmpty ? null : sinceMs
    },
    take: async () => {
      isUnderWay = true
      try {
        current ??= await encode()
      } catch (error) {
        isUnderWay = false
        throw error
      }
      const { gathered, bytes } = current
      return {
        ...place,
        bytes,
        land: (baseOffset, arrivalMs) => {
          givenUp = null
          sequenceNext = (sequenceNext + gathered.records.length) % SEQUENCE_MODULO
          gathered.land({ baseOffset, arrivalMs })
          goOn()
        },
        fail: fault => fail(gathered, fault),
        putBack: () => {
          isUnderWay = false
        },
      }
    },
    giveUp: fault => {
      givenUp = fault
      while (!queue.isEmpty) fail(current?.gathered ?? queue.gather(), fault)
    },
  }
}
