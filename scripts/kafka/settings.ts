/**
 * What a broker of ours is told: small, quick to start, quick to notice that somebody is gone, and
 * quick to delete, so that a test sees within seconds what takes a cluster in production hours.
 */

export type KafkaMode = 'kraft' | 'zookeeper'
export type BrokerCount = 1 | 3

export interface Node {
  /** From 1. */
  readonly id: number
  readonly port: number
  /** Of its KRaft controller. */
  readonly controllerPort: number
  readonly directory: string
}

export interface ClusterPlan {
  readonly mode: KafkaMode
  readonly nodes: readonly Node[]
  readonly zookeeperPort: number
  readonly secure: SecureListener | null
}

/**
 * A second way in, over TLS and with a login: SCRAM-SHA-512, PLAIN, or a token without signature.
 */
export interface SecureListener {
  readonly port: number
  /** PEM of a key and its certificate. */
  readonly keyFile: string
  readonly username: string
  readonly password: string
}

const HOST = '127.0.0.1'
/** How long a broker may be silent before the others take over its partitions. */
const SESSION_MS = 3_000
const QUICK_MS = 500

export function toBootstrap({ nodes }: ClusterPlan): string {
  return nodes.map(({ port }) => `${HOST}:${port}`).join(',')
}

/** The server.properties of a node. */
export function toBrokerProperties(plan: ClusterPlan, node: Node): string {
  const own = plan.mode === 'kraft' ? toKraft(plan, node) : toZookeeper(plan, node)
  const secure = plan.secure === null ? {} : toSecure(plan.secure, own)
  return toText({
    ...own,
    ...secure,
    ...toCommon(plan.nodes.length),
    'log.dirs': node.directory,
  })
}

function toSecure({ port, keyFile, username, password }: SecureListener, own: Settings): Settings {
  const login = 'listener.name.secure'
  const modules = 'org.apache.kafka.common.security'
  const user = `required user_${username}="${password}";`
  const tokens = 'OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="b";'
  const add = (name: string, value: string): Settings => ({ [name]: `${own[name]},${value}` })
  return {
    ...add('listeners', `SECURE://${HOST}:${port}`),
    ...add('advertised.listeners', `SECURE://${HOST}:${port}`),
    ...add('listener.security.protocol.map', 'SECURE:SASL_SSL'),
    'inter.broker.listener.name': 'PLAINTEXT',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': keyFile,
    'sasl.enabled.mechanisms': 'SCRAM-SHA-512,PLAIN,OAUTHBEARER',
    [`${login}.scram-sha-512.sasl.jaas.config`]: `${modules}.scram.ScramLoginModule required;`,
    [`${login}.plain.sasl.jaas.config`]: `${modules}.plain.PlainLoginModule ${user}`,
    [`${login}.oauthbearer.sasl.jaas.config`]: `${modules}.oauthbearer.${tokens}`,
  }
}

function toCommon(brokers: number): Settings {
  const insync = brokers === 1 ? 1 : 2
  return {
    'auto.create.topics.enable': false,
    'default.replication.factor': brokers,
    'min.insync.replicas': insync,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1_000,
    // Of the fifty that are usual, each is a file to make at a first commit.
    'offsets.topic.num.partitions': brokers,
    'offsets.topic.replication.factor': brokers,
    'transaction.state.log.num.partitions': brokers,
    'transaction.state.log.replication.factor': brokers,
    'transaction.state.log.min.isr': insync,
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': QUICK_MS,
    'log.retention.check.interval.ms': QUICK_MS,
    'log.initial.task.delay.ms': QUICK_MS,
    'log.segment.delete.delay.ms': QUICK_MS,
    'log.cleaner.backoff.ms': QUICK_MS,
    'log.cleaner.dedupe.buffer.size': 8 * 1024 * 1024,
    'num.network.threads': 2,
    'num.io.threads': 4,
  }
}

function toKraft({ nodes }: ClusterPlan, { id, port, controllerPort }: Node): Settings {
  const voters = nodes.map(node => `${node.id}@${HOST}:${node.controllerPort}`)
  return {
    'node.id': id,
    'process.roles': 'broker,controller',
    'controller.quorum.voters': voters.join(','),
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    listeners: `PLAINTEXT://${HOST}:${port},CONTROLLER://${HOST}:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${HOST}:${port}`,
    'broker.heartbeat.interval.ms': QUICK_MS,
    'broker.session.timeout.ms': SESSION_MS,
    'group.consumer.min.session.timeout.ms': 1_000,
    'group.consumer.min.heartbeat.interval.ms': 200,
    'share.coordinator.state.topic.num.partitions': nodes.length,
    'share.coordinator.state.topic.replication.factor': nodes.length,
    'share.coordinator.state.topic.min.isr': nodes.length === 1 ? 1 : 2,
  }
}

function toZookeeper({ zookeeperPort }: ClusterPlan, { id, port }: Node): Settings {
  return {
    'broker.id': id,
    'zookeeper.connect': `${HOST}:${zookeeperPort}`,
    'zookeeper.session.timeout.ms': SESSION_MS,
    listeners: `PLAINTEXT://${HOST}:${port}`,
    'advertised.listeners': `PLAINTEXT://${HOST}:${port}`,
  }
}

/** The zoo.cfg of the one ZooKeeper. */
export function toZookeeperProperties(port: number, directory: string): string {
  return toText({
    dataDir: directory,
    clientPort: port,
    clientPortAddress: HOST,
    // A session is over at the next tick.
    tickTime: QUICK_MS,
    'admin.enableServer': false,
  })
}

type Settings = { readonly [name: string]: string | number | boolean }

function toText(settings: Settings): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  return `${lines.join('\n')}\n`
}
