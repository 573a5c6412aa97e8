/**
 * The producer: idempotent, acknowledged by all in-sync replicas, bounded. Whatever waits for the
 * partitions of one broker goes out in one request, while others are under way.
 *
 * A batch that gets no answer is sent again, to whoever leads its partition by then, for as long as
 * `DELIVERY_MS_MAX`; then its calls end with LOG_UNAVAILABLE. While no broker can be reached at
 * all, new calls are refused at once.
 */
import { initProducerIdV4 } from '@platformatic/kafka'
import type { KafkaCodec } from '../../model/kafka.ts'
import type { Clock } from '../../std/clock.ts'
import { Fault } from '../../std/fault.ts'
import type { Outage } from '../../std/outage.ts'
import { SECOND_MS } from '../../std/units.ts'
import type { PartitionTable } from '../partition.ts'
import { createPartitionTable } from '../partition.ts'
import type { Broker, Cluster, Snapshot } from './cluster.ts'
import {
  BrokerError,
  isPassing,
  MESSAGE_TOO_LARGE,
  NONE,
  toErrorText,
  toLogFault,
} from './errors.ts'
import type { Outbox, OutgoingBatch, ProducerId } from './outbox.ts'
import { createOutbox } from './outbox.ts'
import type { ProducedPartition } from './wire/produce.ts'
import { produceApi } from './wire/produce.ts'

export interface Producer extends AsyncDisposable {
  readonly outboxes: PartitionTable<Outbox>
}

export interface ProducerOptions {
  readonly cluster: Cluster
  readonly topics: readonly string[]
  readonly partitions: number
  readonly codec: KafkaCodec
  readonly clock: Clock
  readonly outage: Outage
}

/** A leader that died is replaced within this time, by the defaults of Kafka, twice over. */
const DELIVERY_MS_MAX = 30 * SECOND_MS
/** With no broker in reach, what waits is given up after this. */
const UNREACHABLE_MS_MAX = 3 * SECOND_MS
/** When the log is closed, what waits is given up after this: nobody was told that it is in. */
const CLOSING_MS_MAX = 3 * SECOND_MS
const CLOSED = new Fault('LOG_UNAVAILABLE', 'the log was closed before it had acknowledged this')
/** How long a leader waits for its followers. */
const FOLLOWERS_MS_MAX = 10 * SECOND_MS
const REQUESTS_MAX = 5
const RETRY_MS = 100
const PROBE_MS = 500
const NO_TRANSACTION_MS = 0

export function createProducer(options: ProducerOptions): Producer {
  const { cluster, clock } = options
  const connections = cluster.openConnections()
  const closing = new AbortController()
  const reach = createReach(options, closing.signal)
  const underWay = new Map<string, number>()
  let pumping: Promise<void> | null = null
  /** Told by the pump itself as it ends: who comes a moment later must not count on it. */
  let isPumping = false
  let bell = Promise.withResolvers<void>()

  const outboxes = createPartitionTable(options, (topic, partition) =>
    createOutbox(
      { topic, partition },
      {
        codec: options.codec,
        now: () => clock.now(),
        monotonic: () => clock.monotonic(),
        newProducerId: () => newProducerId(cluster),
        refusal: () => reach.refusal,
        onWaiting: () => {
          bell.resolve()
          if (isPumping) return
          isPumping = true
          pumping = pump()
        },
      },
    ),
  )
  const send = async ({ broker, outboxes: ready }: Group): Promise<void> => {
    const batches = await takeAll(ready, error => reach.lost(error))
    if (batches.length === 0) return
    try {
      const request = { timeoutMs: FOLLOWERS_MS_MAX, batches }
      const produced = await produceApi.async(await connections.to(broker), request)
      for (const batch of batches) settle(batch, produced, { clock, onStale: () => reach.forget() })
    } catch (error) {
      reach.lost(error)
      for (const batch of batches) batch.putBack()
    }
  }
  const sendTo = (place: string, group: Group): void => {
    const count = underWay.get(place) ?? 0
    if (count >= REQUESTS_MAX) return
    underWay.set(place, count + 1)
    void send(group).finally(() => {
      underWay.set(place, (underWay.get(place) ?? 1) - 1)
      bell.resolve()
    })
  }
  const findWaiting = (): readonly Outbox[] => {
    const nowMs = clock.monotonic()
    for (const outbox of outboxes.all) {
      const { waitingSinceMs } = outbox
      if (waitingSinceMs === null) continue
      if (closing.signal.aborted) outbox.giveUp(CLOSED)
      else if (reach.refusal !== null) outbox.giveUp(reach.refusal)
      else if (nowMs - waitingSinceMs > DELIVERY_MS_MAX) outbox.giveUp(toUndelivered(outbox))
    }
    return outboxes.all.filter(outbox => outbox.waitingSinceMs !== null)
  }
  /** Sends what waits, until nothing does. */
  const pump = async (): Promise<void> => {
    for (;;) {
      bell = Promise.withResolvers()
      const waiting = findWaiting()
      const isBusy = [...underWay.values()].some(count => count > 0)
      if (waiting.length === 0 && !isBusy) {
        isPumping = false
        return
      }
      const snapshot = waiting.length === 0 ? null : await reach.learn()
      if (snapshot !== null) {
        const { groups, orphanCount } = groupByLeader(waiting, snapshot)
        for (const [place, group] of groups) sendTo(place, group)
        if (orphanCount > 0) reach.forget()
      }
      if (reach.isKnown) await bell.promise
      else await clock.sleep(RETRY_MS, closing.signal)
    }
  }
  return {
    outboxes,
    [Symbol.asyncDispose]: async () => {
      const delivered = new AbortController()
      const patience = clock.sleep(CLOSING_MS_MAX, delivered.signal)
      await Promise.race([pumping, patience])
      delivered.abort()
      closing.abort()
      bell.resolve()
      await connections[Symbol.asyncDispose]()
      await pumping
    },
  }
}

interface Reach {
  /** Why nothing is taken now: no broker can be reached. */
  readonly refusal: Fault | null
  /** Whether who leads what is known. */
  readonly isKnown: boolean
  /** Who leads what; null: nobody tells now. */
  learn(): Promise<Snapshot | null>
  /** Who leads what has changed. */
  forget(): void
  /** A broker did not answer. */
  lost(error: unknown): void
}

/** Whether brokers can be reached, and what they said last. While none can, it goes on asking. */
function createReach(options: ProducerOptions, signal: AbortSignal): Reach {
  const { cluster, clock, outage } = options
  let snapshot: Snapshot | null = null
  let lostSinceMs: number | null = null
  let refusal: Fault | null = null
  let isProbing = false

  const learn = async (): Promise<Snapshot | null> => {
    if (snapshot !== null) return snapshot
    try {
      snapshot = await cluster.learn(options.topics)
      lostSinceMs = null
      refusal = null
      outage.end()
    } catch (error) {
      lostSinceMs ??= clock.monotonic()
      const fault = toLogFault(error, 'no broker of kafka can be reached')
      outage.begin(fault)
      if (clock.monotonic() - lostSinceMs > UNREACHABLE_MS_MAX) refuse(fault)
    }
    return snapshot
  }
  const refuse = (fault: Fault): void => {
    refusal = fault
    if (isProbing) return
    isProbing = true
    void probe().finally(() => {
      isProbing = false
    })
  }
  const probe = async (): Promise<void> => {
    while (refusal !== null && !signal.aborted) {
      await clock.sleep(PROBE_MS, signal)
      await learn()
    }
  }
  return {
    get refusal() {
      return refusal
    },
    get isKnown() {
      return snapshot !== null
    },
    learn,
    forget: () => {
      snapshot = null
    },
    lost: () => {
      snapshot = null
    },
  }
}

/** Tells a batch what the broker says of it. */
function settle(
  batch: OutgoingBatch,
  produced: readonly ProducedPartition[],
  { clock, onStale }: { readonly clock: Clock; readonly onStale: () => void },
): void {
  const answer = produced.find(
    ({ topic, partition }) => topic === batch.topic && partition === batch.partition,
  )
  if (answer === undefined || isPassing(answer.errorCode)) {
    onStale()
    batch.putBack()
  } else if (answer.errorCode === NONE) {
    batch.land(answer.baseOffset, answer.appendTimeMs < 0 ? clock.now() : answer.appendTimeMs)
  } else batch.fail(toRefusal(batch, answer))
}

async function newProducerId(cluster: Cluster): Promise<ProducerId> {
  const { api } = initProducerIdV4
  const answer = await cluster.ask(api, null, NO_TRANSACTION_MS, -1n, -1)
  if (answer.errorCode !== NONE) throw new BrokerError(answer.errorCode, 'no producer id is given')
  return { id: answer.producerId, epoch: answer.producerEpoch }
}

/** The next batches of these; one whose batch cannot be made is left for later. */
async function takeAll(
  outboxes: readonly Outbox[],
  onError: (error: unknown) => void,
): Promise<readonly OutgoingBatch[]> {
  const taken = await Promise.allSettled(outboxes.map(outbox => outbox.take()))
  return taken.flatMap(one => {
    if (one.status === 'fulfilled') return [one.value]
    onError(one.reason)
    return []
  })
}

interface Group {
  readonly broker: Broker
  readonly outboxes: Outbox[]
}

function groupByLeader(
  outboxes: readonly Outbox[],
  { brokers, topics }: Snapshot,
): { readonly groups: ReadonlyMap<string, Group>; readonly orphanCount: number } {
  const groups = new Map<string, Group>()
  let orphanCount = 0
  for (const outbox of outboxes) {
    const leader = topics.get(outbox.topic)?.leaders[outbox.partition] ?? NOBODY
    const broker = brokers.get(leader)
    if (broker === undefined) {
      orphanCount += 1
      continue
    }
    const place = `${broker.host}:${broker.port}`
    const group = groups.get(place) ?? { broker, outboxes: [] }
    group.outboxes.push(outbox)
    groups.set(place, group)
  }
  return { groups, orphanCount }
}

const NOBODY = -1

function toUndelivered({ topic, partition }: Outbox): Fault {
  const seconds = DELIVERY_MS_MAX / SECOND_MS
  return new Fault(
    'LOG_UNAVAILABLE',
    `${topic}/${partition} has acknowledged nothing for ${seconds} s; are enough replicas alive?`,
  )
}

function toRefusal(
  { topic, partition }: OutgoingBatch,
  { errorCode, errorText }: ProducedPartition,
): Fault {
  const remedy =
    errorCode === MESSAGE_TOO_LARGE ? '; let it take batches of 1 MiB (max.message.bytes)' : ''
  const said = `${toErrorText(errorCode)} ${errorText}`.trim()
  return new Fault('LOG_UNAVAILABLE', `${topic}/${partition} refuses records: ${said}${remedy}`)
}
