/**
 * A member of a consumer group, by Kafka's classic protocol, which brokers of all versions speak:
 * https://cwiki.apache.org/confluence/display/KAFKA/Kafka+Client-side+Assignment+Proposal
 *
 * The group has the partitions of one topic to share: partition i of it stands for shard i. While
 * the work of an assignment ends, heartbeats go on, so that nobody is cut off for committing.
 */
import type { Connection } from '@platformatic/kafka'
import {
  heartbeatV4,
  joinGroupV7,
  leaveGroupV4,
  offsetCommitV8,
  syncGroupV5,
} from '@platformatic/kafka'
import type { KafkaOptions } from '../../model/kafka.ts'
import type { LogPosition } from '../../model/record.ts'
import type { Clock } from '../../std/clock.ts'
import type { Fault } from '../../std/fault.ts'
import type { Outage } from '../../std/outage.ts'
import { createOutage } from '../../std/outage.ts'
import { SECOND_MS } from '../../std/units.ts'
import type { Assignment, ShardGroup } from '../shards.ts'
import { assignShards } from './assign.ts'
import type { Cluster, Connections } from './cluster.ts'
import { createCluster, takeAnswer } from './cluster.ts'
import {
  BrokerError,
  ILLEGAL_GENERATION,
  isPassing,
  MEMBER_ID_REQUIRED,
  NONE,
  REBALANCE_IN_PROGRESS,
  toLogFault,
  UNKNOWN_MEMBER_ID,
} from './errors.ts'
import {
  decodeAssignment,
  decodeOwned,
  encodeAssignment,
  encodeSubscription,
} from './wire/group.ts'

export interface KafkaGroupOptions {
  readonly kafka: KafkaOptions
  readonly group: string
  /** Whose partitions are shared. */
  readonly topic: string
  readonly shardCount: number
  /** A member that is silent for so long is cut off. */
  readonly sessionMs: number
  readonly clock: Clock
  /** Told once when no broker can be reached, and with null when one can again. */
  readonly onOutage: (fault: Fault | null) => void
}

interface GroupOptions extends Omit<KafkaGroupOptions, 'kafka' | 'onOutage'> {
  readonly cluster: Cluster
  readonly outage: Outage
}

/** How long the others wait for one that still ends its work. */
const REBALANCE_MS_MAX = 30 * SECOND_MS
/** A join is answered when the others have joined. */
const JOIN_MS_MAX: number = REBALANCE_MS_MAX + 10 * SECOND_MS
const HEARTBEATS_PER_SESSION = 4
const RETRY_MS = 500
const PROTOCOL = 'weir-shards'

/** What a member is in one generation of the group. */
interface Membership {
  readonly memberId: string
  readonly generation: number
  readonly shards: readonly number[]
}

/** A member of the group for as long as its assignments are pulled. */
export function createKafkaGroup({ kafka, onOutage, ...options }: KafkaGroupOptions): ShardGroup {
  return {
    assignments: async function* (signal) {
      await using cluster = createCluster(kafka)
      yield* assignments({ ...options, cluster, outage: createOutage(onOutage) }, signal)
    },
  }
}

async function* assignments(
  options: GroupOptions,
  signal: AbortSignal,
): AsyncGenerator<Assignment, void> {
  const { cluster } = options
  await using connections = cluster.openConnections(JOIN_MS_MAX)
  const coordinator = createCoordinator(options, connections)
  // A join waits for the others; called off, it ends with its connection.
  const hangUp = (): void => void connections[Symbol.asyncDispose]()
  signal.addEventListener('abort', hangUp)
  const self: Self = { memberId: '', owned: [] }
  try {
    while (!signal.aborted) {
      const membership = await tryJoin(coordinator, options, { self, signal })
      if (membership === null) continue
      self.owned = membership.shards
      const ended = new AbortController()
      const finished = new AbortController()
      const beating = beat(coordinator, options, { membership, ended, finished: finished.signal })
      try {
        yield {
          shards: membership.shards,
          ended: AbortSignal.any([ended.signal, signal]),
          report: positions => report(coordinator, options, { membership, positions }),
        }
      } finally {
        finished.abort()
      }
      if (await beating) Object.assign(self, { memberId: '', owned: [] })
    }
  } finally {
    signal.removeEventListener('abort', hangUp)
    if (self.memberId !== '') await leave(options, self.memberId)
  }
}

/** What this process is in the group, from one generation to the next. */
interface Self {
  /** '' before the broker has named it, and after the group has forgotten it. */
  memberId: string
  owned: readonly number[]
}

/** null: it did not succeed, and a while has passed. Throws LOG_UNAVAILABLE where it never will. */
async function tryJoin(
  coordinator: Coordinator,
  options: GroupOptions,
  { self, signal }: { readonly self: Self; readonly signal: AbortSignal },
): Promise<Membership | null> {
  const { clock, outage, group } = options
  try {
    const membership = await join(coordinator, options, self)
    outage.end()
    return membership
  } catch (error) {
    if (signal.aborted) return null
    coordinator.forget()
    if (!(error instanceof BrokerError)) outage.begin(toLogFault(error, 'kafka does not answer'))
    else if (error.apiCode === UNKNOWN_MEMBER_ID) self.memberId = ''
    else if (!isPassing(error.apiCode) && !REJOIN.includes(error.apiCode)) {
      throw toLogFault(error, `the group ${group} refuses this member`)
    }
    await clock.sleep(RETRY_MS, signal)
    return null
  }
}

/** The group changed while it was joined. */
const REJOIN = [REBALANCE_IN_PROGRESS, ILLEGAL_GENERATION, MEMBER_ID_REQUIRED]

interface Coordinator {
  connection(): Promise<Connection>
  /** It has moved, or does not answer. */
  forget(): void
}

function createCoordinator(
  { cluster, group }: GroupOptions,
  connections: Connections,
): Coordinator {
  let found: ReturnType<Cluster['coordinatorOf']> | null = null
  return {
    connection: async () => {
      found ??= cluster.coordinatorOf(group)
      return connections.to(await found)
    },
    forget: () => {
      found?.catch(() => {})
      found = null
    },
  }
}

/** Joins and waits until everybody has. Throws BrokerError, or what the client throws. */
async function join(
  coordinator: Coordinator,
  options: GroupOptions,
  self: Self,
): Promise<Membership> {
  const { group, topic, sessionMs, shardCount } = options
  const connection = await coordinator.connection()
  const protocols = [{ name: PROTOCOL, metadata: encodeSubscription(topic, self.owned) }]
  const ask = (id: string): ReturnType<typeof joinGroupV7.api.async> =>
    takeAnswer(
      joinGroupV7.api.async(
        connection,
        group,
        sessionMs,
        REBALANCE_MS_MAX,
        id,
        null,
        'consumer',
        protocols,
      ),
    )
  let joined = await ask(self.memberId)
  // The broker names a new member first, and lets it in when it comes back with the name.
  if (joined.errorCode === MEMBER_ID_REQUIRED) {
    self.memberId = joined.memberId
    joined = await ask(joined.memberId)
  }
  assertDone(joined.errorCode, 'joining was refused')
  self.memberId = joined.memberId
  const isLeader = joined.leader === joined.memberId
  const members = joined.members.map(member => {
    return { id: member.memberId, owned: decodeOwned(member.metadata) }
  })
  const shares = isLeader ? [...assignShards(members, shardCount)] : []
  const synced = await takeAnswer(
    syncGroupV5.api.async(
      connection,
      group,
      joined.generationId,
      joined.memberId,
      null,
      'consumer',
      PROTOCOL,
      shares.map(([id, shards]) => {
        return { memberId: id, assignment: encodeAssignment(topic, shards) }
      }),
    ),
  )
  assertDone(synced.errorCode, 'the shares were not told')
  return {
    memberId: joined.memberId,
    generation: joined.generationId,
    shards: decodeAssignment(synced.assignment),
  }
}

function assertDone(code: number, what: string): void {
  if (code !== NONE) throw new BrokerError(code, what)
}

interface Beating {
  readonly membership: Membership
  /** Aborted when the assignment ends. */
  readonly ended: AbortController
  /** Aborts when its work has ended, too. */
  readonly finished: AbortSignal
}

/**
 * Tells the coordinator that this member lives, until the assignment's work has ended. Gives
 * whether the group has forgotten the member.
 */
async function beat(
  coordinator: Coordinator,
  options: GroupOptions,
  { membership, ended, finished }: Beating,
): Promise<boolean> {
  const { clock, sessionMs, group } = options
  const { memberId, generation } = membership
  let answeredAtMs = clock.monotonic()
  for (;;) {
    await clock.sleep(sessionMs / HEARTBEATS_PER_SESSION, finished)
    if (finished.aborted) return false
    try {
      const connection = await coordinator.connection()
      const { errorCode } = await takeAnswer(
        heartbeatV4.api.async(connection, group, generation, memberId),
      )
      if (errorCode === NONE || errorCode === REBALANCE_IN_PROGRESS) {
        answeredAtMs = clock.monotonic()
      }
      if (errorCode === REBALANCE_IN_PROGRESS) ended.abort()
      else if (isPassing(errorCode)) coordinator.forget()
      else if (errorCode !== NONE) {
        ended.abort()
        return true
      }
    } catch {
      coordinator.forget()
    }
    // Nobody has heard of this member for a session: others may have its shards by now.
    if (clock.monotonic() - answeredAtMs > sessionMs) ended.abort()
  }
}

/** Best effort: offsets are not read back, and the next report follows soon. */
async function report(
  coordinator: Coordinator,
  { group }: GroupOptions,
  {
    membership,
    positions,
  }: { readonly membership: Membership; readonly positions: readonly LogPosition[] },
): Promise<void> {
  const topics = [...Map.groupBy(positions, position => position.topic)].map(([name, of]) => ({
    name,
    partitions: of.map(({ partition, offset }) => ({
      partitionIndex: partition,
      committedOffset: BigInt(offset),
      committedLeaderEpoch: -1,
      committedMetadata: null,
    })),
  }))
  try {
    const connection = await coordinator.connection()
    const { memberId, generation } = membership
    await offsetCommitV8.api.async(connection, group, generation, memberId, null, topics)
  } catch {
    // The heartbeat notices what is wrong with the membership.
  }
}

/** Best effort: a member that says nothing is cut off after its session. */
async function leave({ cluster, group }: GroupOptions, memberId: string): Promise<void> {
  try {
    const connection = await cluster.control.to(await cluster.coordinatorOf(group))
    await leaveGroupV4.api.async(connection, group, [{ memberId, groupInstanceId: null }])
  } catch {
    // It is on its way out.
  }
}
