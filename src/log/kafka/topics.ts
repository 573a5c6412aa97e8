/**
 * The topics: one per event type and weir.unparsed, made where they are missing, and looked over
 * where they exist. They share one partition count, for partition i of all of them is shard i, and
 * carry the broker's clock, for arrival is when a record was appended.
 */
import { Admin, ConfigResourceTypes } from '@platformatic/kafka'
import type { KafkaOptions } from '../../model/kafka.ts'
import type { Clock } from '../../std/clock.ts'
import { Fault } from '../../std/fault.ts'
import { MINUTE_MS, SECOND_MS, toDurationText } from '../../std/units.ts'
import type { Cluster, TopicInfo } from './cluster.ts'
import { CLIENT_ID, createCluster, toConnectionOptions } from './cluster.ts'
import { toErrorText, toLogFault } from './errors.ts'

export interface TopicPlan {
  readonly topics: readonly string[]
  readonly partitions: number
  /** null: three, or as many as there are brokers. */
  readonly replicationFactor: number | null
  /** null: two where there are three copies, else one. */
  readonly minInsyncReplicas: number | null
  readonly retentionMs: number
}

export interface TopicFinding {
  readonly topic: string
  /** `failed`: counting would be wrong, or lose records. */
  readonly grade: 'warning' | 'failed'
  /** What is wrong and how to mend it. */
  readonly text: string
}

/** What a topic is like. */
export interface TopicState {
  readonly topic: string
  readonly partitionCount: number
  readonly replicationFactor: number
  /** null where the cluster does not tell. */
  readonly retentionMs: number | null
  readonly isLogAppendTime: boolean | null
  readonly cleanupPolicy: string | null
  readonly minInsyncReplicas: number | null
}

const TOPIC_ALREADY_EXISTS = 36
const LEADERS_MS_MAX = 20 * SECOND_MS
const LEADERS_POLL_MS = 50
const NEVER = new AbortController().signal
/** Less than this leaves no time to mend a digest that stands still. */
const RETENTION_MS_MIN = 24 * 60 * MINUTE_MS

/** The ids of topics, by name: a topic that was deleted and made anew has another. */
export type TopicIds = ReadonlyMap<string, string>

/**
 * Makes the topics that are missing. Throws TOPIC_MISMATCH where one exists with another partition
 * count, LOG_UNAVAILABLE where no broker answers or the cluster refuses.
 */
export async function ensureTopics(
  kafka: KafkaOptions,
  plan: TopicPlan,
  clock: Clock,
): Promise<TopicIds> {
  await using cluster = createCluster(kafka)
  try {
    const { topics, brokers } = await cluster.learn(plan.topics)
    for (const topic of topics.values()) assertPartitions(topic, plan)
    const missing = plan.topics.filter(topic => !topics.has(topic))
    if (missing.length > 0) await createTopics(kafka, { ...plan, topics: missing }, brokers.size)
    return await waitForLeaders(cluster, plan, clock)
  } catch (error) {
    throw toLogFault(error, 'the topics in kafka cannot be made ready')
  }
}

function assertPartitions({ name, leaders }: TopicInfo, { partitions }: TopicPlan): void {
  if (leaders.length === partitions) return
  throw new Fault('TOPIC_MISMATCH', toPartitionsText(name, leaders.length, partitions))
}

function toPartitionsText(topic: string, found: number, wanted: number): string {
  return (
    `topic ${topic} has ${found} partitions and the config says ${wanted}; all topics need the ` +
    `same number: set partitions to ${found}, or begin with topics of another topicPrefix`
  )
}

async function createTopics(
  kafka: KafkaOptions,
  plan: TopicPlan,
  brokerCount: number,
): Promise<void> {
  const replicas = plan.replicationFactor ?? Math.min(3, brokerCount)
  const minInsync = plan.minInsyncReplicas ?? (replicas >= 3 ? 2 : 1)
  await withAdmin(kafka, async admin => {
    // One by one: another process may make one of them at the same moment.
    for (const topic of plan.topics) {
      try {
        await admin.createTopics({
          topics: [topic],
          partitions: plan.partitions,
          replicas,
          configs: [
            { name: 'message.timestamp.type', value: 'LogAppendTime' },
            { name: 'retention.ms', value: String(plan.retentionMs) },
            { name: 'min.insync.replicas', value: String(minInsync) },
            { name: 'cleanup.policy', value: 'delete' },
          ],
        })
      } catch (error) {
        const code = apiCodeOf(error)
        if (code === TOPIC_ALREADY_EXISTS) continue
        if (code === null) throw error
        throw new Fault('LOG_UNAVAILABLE', `topic ${topic} cannot be made: ${toErrorText(code)}`, {
          cause: error,
        })
      }
    }
  })
}

/** The code of a broker's answer that the client threw; null: it is none. */
function apiCodeOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null) return null
  if ('apiCode' in error && typeof error.apiCode === 'number') return error.apiCode
  const inner = 'errors' in error && Array.isArray(error.errors) ? error.errors : []
  for (const one of [...inner, 'cause' in error ? error.cause : null]) {
    const code = apiCodeOf(one)
    if (code !== null) return code
  }
  return null
}

async function withAdmin<T>(kafka: KafkaOptions, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Admin({
    clientId: CLIENT_ID,
    bootstrapBrokers: [...kafka.brokers],
    retries: 3,
    ...toConnectionOptions(kafka),
  })
  try {
    return await work(admin)
  } finally {
    await admin.close()
  }
}

async function waitForLeaders(cluster: Cluster, plan: TopicPlan, clock: Clock): Promise<TopicIds> {
  const sinceMs = clock.monotonic()
  for (;;) {
    const { topics, brokers } = await cluster.learn(plan.topics)
    for (const topic of topics.values()) assertPartitions(topic, plan)
    const leaderless = plan.topics.filter(name => {
      const leaders = topics.get(name)?.leaders ?? []
      return leaders.length === 0 || leaders.some(leader => !brokers.has(leader))
    })
    if (leaderless.length === 0) return new Map([...topics].map(([name, { id }]) => [name, id]))
    if (clock.monotonic() - sinceMs > LEADERS_MS_MAX) {
      throw new Fault(
        'LOG_UNAVAILABLE',
        `topics ${leaderless.join(', ')} have partitions that no broker leads; are all brokers up?`,
      )
    }
    await clock.sleep(LEADERS_POLL_MS, NEVER)
  }
}

/** What the topics that exist are like, by name. Throws LOG_UNAVAILABLE. */
export async function describeTopics(
  kafka: KafkaOptions,
  topics: readonly string[],
): Promise<readonly TopicState[]> {
  await using cluster = createCluster(kafka)
  try {
    const snapshot = await cluster.learn(topics)
    const known = [...snapshot.topics.values()]
    if (known.length === 0) return []
    const configs = await readConfigs(
      kafka,
      known.map(topic => topic.name),
    )
    return known.map(({ name, leaders, replicationFactor }) => {
      return toTopicState({ name, leaders, replicationFactor }, configs.get(name))
    })
  } catch (error) {
    throw toLogFault(error, 'the topics in kafka cannot be looked at')
  }
}

type ConfigValues = ReadonlyMap<string, string>

async function readConfigs(
  kafka: KafkaOptions,
  topics: readonly string[],
): Promise<ReadonlyMap<string, ConfigValues>> {
  const described = await withAdmin(kafka, admin =>
    admin.describeConfigs({
      resources: topics.map(resourceName => {
        return { resourceType: ConfigResourceTypes.TOPIC, resourceName }
      }),
    }),
  )
  return new Map(
    described.map(({ resourceName, configs }) => [
      resourceName,
      new Map(configs.map(({ name, value }) => [name, value ?? ''])),
    ]),
  )
}

function toTopicState(
  { name, leaders, replicationFactor }: Omit<TopicInfo, 'id'>,
  config: ConfigValues | undefined,
): TopicState {
  const numberOf = (key: string): number | null => {
    const value = config?.get(key)
    return value === undefined || value === '' ? null : Number(value)
  }
  const retentionMs = numberOf('retention.ms')
  const timestamps = config?.get('message.timestamp.type')
  return {
    topic: name,
    partitionCount: leaders.length,
    replicationFactor,
    retentionMs: retentionMs === -1 ? Number.POSITIVE_INFINITY : retentionMs,
    isLogAppendTime: timestamps === undefined ? null : timestamps === 'LogAppendTime',
    cleanupPolicy: config?.get('cleanup.policy') ?? null,
    minInsyncReplicas: numberOf('min.insync.replicas'),
  }
}

/** What is wrong with the topics, and how to mend it. Pure. */
export function reviewTopics(
  states: readonly TopicState[],
  plan: Pick<TopicPlan, 'topics' | 'partitions'>,
): readonly TopicFinding[] {
  const byName = new Map(states.map(state => [state.topic, state]))
  return plan.topics.flatMap(topic => {
    const state = byName.get(topic)
    if (state !== undefined) return reviewTopic(state, plan.partitions)
    const text = `topic ${topic} does not exist; weir makes it when it starts`
    return [{ topic, grade: 'warning' as const, text }]
  })
}

function reviewTopic(state: TopicState, partitions: number): readonly TopicFinding[] {
  const { topic, retentionMs, cleanupPolicy, replicationFactor, minInsyncReplicas } = state
  const findings: TopicFinding[] = []
  const note = (grade: TopicFinding['grade'], text: string): void => {
    findings.push({ topic, grade, text })
  }
  const alter = (setting: string): string =>
    `kafka-configs.sh --alter --topic ${topic} --add-config ${setting}`
  if (state.partitionCount !== partitions) {
    note('failed', toPartitionsText(topic, state.partitionCount, partitions))
  }
  if (state.isLogAppendTime === false) {
    note(
      'warning',
      `topic ${topic} keeps the producers' clocks (CreateTime), so arrival and progress are only ` +
        `as right as those: ${alter('message.timestamp.type=LogAppendTime')}`,
    )
  }
  if (cleanupPolicy?.includes('compact') === true) {
    note(
      'failed',
      `topic ${topic} is compacted (cleanup.policy=${cleanupPolicy}): all but the last event of ` +
        `a key are deleted, counted or not: ${alter('cleanup.policy=delete')}`,
    )
  }
  if (retentionMs !== null && retentionMs < RETENTION_MS_MIN) {
    note(
      'warning',
      `topic ${topic} keeps records for ${toDurationText(retentionMs)} only; what is not ` +
        `digested by then is lost: ${alter('retention.ms=604800000')}`,
    )
  }
  if (replicationFactor >= 3 && minInsyncReplicas !== null && minInsyncReplicas < 2) {
    note(
      'warning',
      `topic ${topic} acknowledges records that one broker alone has ` +
        `(min.insync.replicas=${minInsyncReplicas}): ${alter('min.insync.replicas=2')}`,
    )
  }
  return findings
}
