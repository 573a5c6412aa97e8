/**
 * The cluster: who leads which partition, and connections to brokers. What it knows is learnt from
 * any broker that answers, and learnt again when a broker says that it is no longer true.
 */
import { isIP } from 'node:net'
import type { API, Connection, ConnectionOptions, SASLOptions } from '@platformatic/kafka'
import {
  apiVersionsV3,
  ConnectionPool,
  findCoordinatorV4,
  metadataV12,
  ResponseError,
} from '@platformatic/kafka'
import type { KafkaOptions, KafkaSasl, KafkaTls } from '../../model/kafka.ts'
import { Fault } from '../../std/fault.ts'
import { SECOND_MS } from '../../std/units.ts'
import { BrokerError, isPassing, NONE, UNKNOWN_TOPIC_OR_PARTITION } from './errors.ts'
import { createIamToken, regionOfBroker } from './msk-iam.ts'

export interface Broker {
  readonly host: string
  readonly port: number
}

export interface TopicInfo {
  readonly name: string
  /** As a UUID with dashes; another one where the topic was deleted and made anew. */
  readonly id: string
  /** By partition number; -1: nobody leads it now. */
  readonly leaders: readonly number[]
  readonly replicationFactor: number
}

export interface Snapshot {
  readonly brokers: ReadonlyMap<number, Broker>
  /** Without those that do not exist. */
  readonly topics: ReadonlyMap<string, TopicInfo>
}

export interface Cluster extends AsyncDisposable {
  /** For short questions; closed with the cluster. */
  readonly control: Connections
  /**
   * Connections that nobody else uses; whoever takes them closes them. A broker that has not
   * answered after `requestMsMax` is lost; ANSWER_MS_MAX where it is not given.
   */
  openConnections(requestMsMax?: number): Connections
  /** Asks the brokers for these topics. Throws what the client throws if none answers. */
  learn(topics: readonly string[]): Promise<Snapshot>
  /** The broker that coordinates a consumer group. */
  coordinatorOf(group: string): Promise<Broker>
  /** Calls an API on any broker that answers. */
  ask<Request extends unknown[], Answer>(
    api: API<Request, Answer>,
    ...request: Request
  ): Promise<Answer>
}

export interface Connections extends AsyncDisposable {
  to(broker: Broker): Promise<Connection>
  /** Highest version that both sides know of an API. Throws LOG_UNAVAILABLE if there is none. */
  versionOf(
    broker: Broker,
    key: number,
    range: { readonly min: number; readonly max: number },
  ): Promise<number>
}

export const CLIENT_ID = 'weir'
const CONNECT_MS_MAX = 5 * SECOND_MS
/**
 * A broker may hang and keep its connections open. Longer than a request to produce waits for the
 * followers, or a fetch for records.
 */
const ANSWER_MS_MAX = 15 * SECOND_MS
const GROUP_KEY = 0
const PORT_DEFAULT = 9_092

export function createCluster(options: KafkaOptions): Cluster {
  const settings = toConnectionOptions(options)
  const bootstrap = options.brokers.map(parseBroker)
  const control = createConnections(settings)
  let known: readonly Broker[] = []

  const ask: Cluster['ask'] = async (api, ...request) => {
    let failure: unknown = null
    for (const broker of uniqueBrokers([...known, ...bootstrap])) {
      try {
        return await api.async(await control.to(broker), ...request)
      } catch (error) {
        // An answer is an answer; no other broker says it better.
        if (error instanceof ResponseError) throw error
        failure = error
      }
    }
    throw failure
  }
  return {
    control,
    openConnections: requestMsMax =>
      createConnections(
        requestMsMax === undefined ? settings : { ...settings, requestTimeout: requestMsMax },
      ),
    ask,
    learn: async topics => {
      const answer = await takeAnswer(ask(metadataV12.api, [...topics], false, false))
      const snapshot = toSnapshot(answer)
      known = [...snapshot.brokers.values()]
      return snapshot
    },
    coordinatorOf: async group => {
      const answer = await takeAnswer(ask(findCoordinatorV4.api, GROUP_KEY, [group]))
      const [found] = answer.coordinators
      if (found === undefined || found.errorCode !== NONE) {
        throw new BrokerError(found?.errorCode ?? -1, `group ${group} has no coordinator`)
      }
      return { host: found.host, port: found.port }
    },
    [Symbol.asyncDispose]: () => control[Symbol.asyncDispose](),
  }
}

function createConnections(settings: ConnectionOptions): Connections {
  const pool = new ConnectionPool(CLIENT_ID, settings)
  // A lost connection is told to its requests; nobody else needs to hear of it.
  pool.on('connecting', ({ connection }) => connection.on('error', () => {}))
  const versions = new Map<string, Promise<ReadonlyMap<number, number>>>()

  const learnVersions = async (broker: Broker): Promise<ReadonlyMap<number, number>> => {
    const answer = await apiVersionsV3.api.async(await pool.get(broker), CLIENT_ID, '1')
    return new Map(answer.apiKeys.map(({ apiKey, maxVersion }) => [apiKey, maxVersion]))
  }
  return {
    to: broker => pool.get(broker),
    versionOf: async (broker, key, { min, max }) => {
      const place = `${broker.host}:${broker.port}`
      const learnt = versions.get(place) ?? learnVersions(broker)
      versions.set(place, learnt)
      learnt.catch(() => versions.delete(place))
      const version = Math.min(max, (await learnt).get(key) ?? -1)
      if (version >= min) return version
      throw new Fault(
        'LOG_UNAVAILABLE',
        `the broker at ${place} is too old: weir needs Kafka 3.1 or newer`,
      )
    },
    [Symbol.asyncDispose]: () => pool.close(),
  }
}

/**
 * An answer whose parts failed: the client throws, but what it throws carries the answer, in which
 * each part has its code.
 */
export async function takeAnswer<Answer>(asked: Promise<Answer>): Promise<Answer> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof ResponseError && error['response'] !== undefined) {
      return error['response'] as Answer
    }
    throw error
  }
}

type MetadataAnswer = Awaited<ReturnType<typeof metadataV12.api.async>>

function toSnapshot(answer: MetadataAnswer): Snapshot {
  const topics = new Map<string, TopicInfo>()
  for (const { errorCode, name, topicId, partitions } of answer.topics) {
    if (name === null || name === undefined || errorCode === UNKNOWN_TOPIC_OR_PARTITION) continue
    if (errorCode !== NONE && !isPassing(errorCode)) {
      throw new BrokerError(errorCode, `topic ${name} cannot be used`)
    }
    const leaders: number[] = []
    for (const { partitionIndex, leaderId } of partitions) leaders[partitionIndex] = leaderId
    const replicationFactor = partitions[0]?.replicaNodes.length ?? 0
    topics.set(name, { name, id: topicId, leaders, replicationFactor })
  }
  const brokers = answer.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }] as const)
  return { brokers: new Map(brokers), topics }
}

/** Throws CONFIG_INVALID for what is no `host:port`. */
export function parseBroker(text: string): Broker {
  const match = /^(?:[A-Z_]+:\/\/)?(\[[0-9a-fA-F:.]+\]|[^:/\s]+)(?::(\d{1,5}))?$/.exec(text.trim())
  const port = match?.[2] === undefined ? PORT_DEFAULT : Number(match[2])
  const host = match?.[1]?.replace(/^\[|\]$/g, '')
  if (host === undefined || port < 1 || port > 65_535) {
    throw new Fault('CONFIG_INVALID', `kafka broker '${text}' is no address; write it as host:port`)
  }
  return { host, port }
}

function uniqueBrokers(brokers: readonly Broker[]): readonly Broker[] {
  return [...new Map(brokers.map(broker => [`${broker.host}:${broker.port}`, broker])).values()]
}

export function toConnectionOptions({ brokers, tls, sasl }: KafkaOptions): ConnectionOptions {
  // RFC 6066, section 3: an address is no server name.
  const tlsServerName = !brokers.every(broker => isIP(parseBroker(broker).host) > 0)
  return {
    connectTimeout: CONNECT_MS_MAX,
    requestTimeout: ANSWER_MS_MAX,
    ...(tls === undefined || tls === false ? {} : { tls: toTls(tls), tlsServerName }),
    ...(sasl === undefined ? {} : { sasl: toSasl(sasl, brokers) }),
  }
}

function toTls(tls: true | KafkaTls): NonNullable<ConnectionOptions['tls']> {
  return tls === true ? {} : { ...tls }
}

function toSasl(sasl: KafkaSasl, brokers: readonly string[]): SASLOptions {
  if (sasl.mechanism !== 'aws-msk-iam') return { ...sasl }
  const hosts = brokers.map(broker => parseBroker(broker).host)
  const region = sasl.region ?? hosts.map(regionOfBroker).find(found => found !== null)
  if (region === undefined || region === null) {
    throw new Fault(
      'CONFIG_INVALID',
      `login to kafka by aws-msk-iam needs a region, and ${hosts[0]} names none; set AWS_REGION`,
    )
  }
  return { mechanism: 'OAUTHBEARER', token: createIamToken(region) }
}
