/**
 * A Kafka of one or three brokers on loopback, for people who develop Weir and for its tests: the
 * newest, which keeps its metadata itself (KRaft), or 3.8 with a ZooKeeper. No container is needed,
 * only Java, and Maven the first time. Nothing is left of it when the process that started it ends,
 * in whatever way.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { lastLinesOf } from '../watched.ts'
import { KAFKA_KRAFT, KAFKA_ZOOKEEPER, resolveJars } from './jars.ts'
import type { JavaProcess } from './java.ts'
import { startJava } from './java.ts'
import { findFreePorts, isFree } from './ports.ts'
import type { BrokerCount, ClusterPlan, KafkaMode, Node, SecureListener } from './settings.ts'
import { toBootstrap, toBrokerProperties, toZookeeperProperties } from './settings.ts'
import { askBrokerIds } from './wire.ts'

export interface KafkaOptions {
  readonly mode: KafkaMode
  readonly brokers: BrokerCount
  /** Keeps the data, for a later start with the same mode and brokers; absent: a temporary one. */
  readonly directory?: string
  /** Of the first broker, the others take the next ones; absent: any that are free. */
  readonly port?: number
  /** Of each broker's JVM, as Java writes it: `512m` if absent. */
  readonly heap?: string
  /** Whether the JVM optimizes: a start takes a second of CPU more, and load a good part less. */
  readonly isOptimized?: boolean
  /** Also lets clients in over TLS with a login; of one KRaft broker only. */
  readonly secure?: Omit<SecureListener, 'port'>
  /** Calls the start off, and throws its reason. */
  readonly signal?: AbortSignal
}

export interface KafkaCluster extends AsyncDisposable {
  /** `127.0.0.1:PORT`, for three brokers joined by commas. */
  readonly bootstrap: string
  /** Of the way in over TLS, where there is one. */
  readonly bootstrapSecure: string | null
  readonly brokers: readonly KafkaBroker[]
  /** Where data and output of the brokers are. */
  readonly directory: string
  /** Ends all, and removes a temporary directory. A second call does nothing. */
  stop(): Promise<void>
}

export interface KafkaBroker {
  /** From 1. */
  readonly id: number
  /** The same after a restart. */
  readonly port: number
  readonly pid: number
  readonly isAlive: boolean
  /** Sends the signal, SIGKILL if none is named. Resolves when it is gone, if that ends it. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Starts it on its port and data, after a clean end if it lives. Resolves when it is ready. */
  restart(): Promise<void>
}

const HEAP = '512m'
const READY_MS_MAX = 90_000
/** Whoever has not ended cleanly by then is killed. */
const STOP_MS_MAX = 10_000
const POLL_MS = 50
const SERIAL = '-XX:+UseSerialGC'
const QUICK_START = ['-XX:TieredStopAtLevel=1', SERIAL]
/** Two seconds each, for a session of three. */
const RESTARTS_MAX = 5
const run = promisify(execFile)

/**
 * Resolves when every broker answers and knows all others. Throws an Error whose message tells what
 * to install, or the last lines that a broker printed.
 */
export async function startKafka(options: KafkaOptions): Promise<KafkaCluster> {
  const jars = await resolveJars(options.mode === 'kraft' ? KAFKA_KRAFT : KAFKA_ZOOKEEPER)
  await expectFree(options)
  const isKept = options.directory !== undefined
  const directory = resolve(options.directory ?? (await mkdtemp(join(tmpdir(), 'weir-kafka-'))))
  const running: Running = {
    directory,
    jars,
    flags: [`-Xmx${options.heap ?? HEAP}`, ...(options.isOptimized ? [SERIAL] : QUICK_START)],
    isKept,
    plan: await planCluster(options, directory),
    signal: options.signal ?? new AbortController().signal,
    zookeeper: null,
    nodes: [],
    isStopped: false,
  }
  try {
    await start(running)
  } catch (error) {
    await stop(running)
    throw error
  }
  return {
    bootstrap: toBootstrap(running.plan),
    bootstrapSecure: running.plan.secure === null ? null : `127.0.0.1:${running.plan.secure.port}`,
    brokers: running.nodes.map(started => toBroker(running, started)),
    directory,
    stop: () => stop(running),
    [Symbol.asyncDispose]: () => stop(running),
  }
}

interface Running {
  readonly directory: string
  readonly jars: string
  readonly flags: readonly string[]
  readonly isKept: boolean
  readonly plan: ClusterPlan
  readonly signal: AbortSignal
  zookeeper: JavaProcess | null
  nodes: readonly StartedNode[]
  isStopped: boolean
}

interface StartedNode {
  readonly node: Node
  process: JavaProcess
}

async function expectFree({ port, brokers }: KafkaOptions): Promise<void> {
  for (let index = 0; port !== undefined && index < brokers; index += 1) {
    if (!(await isFree(port + index))) throw new Error(`port ${port + index} is taken`)
  }
}

async function planCluster(options: KafkaOptions, directory: string): Promise<ClusterPlan> {
  const { mode, brokers, port } = options
  const [zookeeperPort = 0, securePort = 0, ...free] = await findFreePorts(2 + 2 * brokers)
  const nodes = Array.from({ length: brokers }, (_, index) => ({
    id: index + 1,
    port: port === undefined ? (free[index] ?? 0) : port + index,
    controllerPort: free[brokers + index] ?? 0,
    directory: join(directory, `broker-${index + 1}`),
  }))
  const secure = options.secure === undefined ? null : { ...options.secure, port: securePort }
  return { mode, nodes, zookeeperPort, secure }
}

async function start(running: Running): Promise<void> {
  const { plan, directory } = running
  await mkdir(directory, { recursive: true })
  await expectSameKind(plan, directory)
  await Promise.all(
    plan.nodes.map(node => writeFile(propertiesOf(node), toBrokerProperties(plan, node))),
  )
  if (plan.mode === 'kraft') await formatNodes(running)
  else running.zookeeper = await startZookeeper(running)
  running.nodes = plan.nodes.map(node => ({ node, process: startBroker(running, node) }))
  const ids = plan.nodes.map(({ id }) => id)
  await Promise.all(running.nodes.map(started => waitUntilReady(running, started, ids)))
}

/** A directory is for the mode and the number of brokers that it was made with. */
async function expectSameKind({ mode, nodes }: ClusterPlan, directory: string): Promise<void> {
  const file = join(directory, 'made-for')
  const kind = `${mode}, brokers: ${nodes.length}`
  if (!existsSync(file)) await writeFile(file, kind)
  const found = await readFile(file, 'utf8')
  if (found !== kind) throw new Error(`${directory} is of ${found}, and not of ${kind}`)
}

const propertiesOf = (node: Node): string => `${node.directory}.properties`
const outputOf = (node: Node): string => `${node.directory}.log`

/** Gives data directories that are new the id of their cluster. */
async function formatNodes({ plan, jars, directory }: Running): Promise<void> {
  const file = join(directory, 'cluster-id')
  if (!existsSync(file)) await writeFile(file, createClusterId())
  const id = await readFile(file, 'utf8')
  await Promise.all(
    plan.nodes
      .filter(node => !existsSync(join(node.directory, 'meta.properties')))
      .map(async node => {
        const words = ['format', '-t', id, '-c', propertiesOf(node), ...toUsers(plan)]
        await run('java', [...QUICK_START, '-cp', jars, 'kafka.tools.StorageTool', ...words])
      }),
  )
}

/** As Kafka makes them; one that began with `-` would be read as a flag. */
function createClusterId(): string {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0] ?? 0) & 0x7f
  return bytes.toString('base64url')
}

function toUsers({ secure }: ClusterPlan): readonly string[] {
  if (secure === null) return []
  const { username, password } = secure
  return ['--add-scram', `SCRAM-SHA-512=[name=${username},password=${password}]`]
}

async function startZookeeper(running: Running): Promise<JavaProcess> {
  const folder = join(running.directory, 'zookeeper')
  await mkdir(folder, { recursive: true })
  const properties = `${folder}.properties`
  await writeFile(properties, toZookeeperProperties(running.plan.zookeeperPort, folder))
  return startJava({
    classPath: running.jars,
    mainClass: 'org.apache.zookeeper.server.ZooKeeperServerMain',
    words: [properties],
    flags: ['-Xmx128m', ...QUICK_START],
    output: `${folder}.log`,
    removed: running.isKept ? null : running.directory,
  })
}

function startBroker(running: Running, node: Node): JavaProcess {
  return startJava({
    classPath: running.jars,
    mainClass: 'kafka.Kafka',
    words: [propertiesOf(node)],
    flags: [...running.flags, ...LOGGING],
    output: outputOf(node),
    removed: running.isKept ? null : running.directory,
  })
}

/** With time, without the list of all settings. */
const LOGGING = [
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS',
  '-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config.AbstractConfig=warn',
  '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaConfig=warn',
]

/** Ready: it answers, and knows the brokers `ids` to be alive. */
async function waitUntilReady(
  running: Running,
  { node, process }: StartedNode,
  ids: readonly number[],
): Promise<void> {
  const { signal } = running
  for (let waitedMs = 0; waitedMs < READY_MS_MAX && process.isAlive; waitedMs += POLL_MS) {
    signal.throwIfAborted()
    const known = await askBrokerIds(node.port)
    if (ids.every(id => known.includes(id))) return
    await sleep(POLL_MS)
  }
  const what = process.isAlive ? `was not ready after ${READY_MS_MAX} ms` : 'ended'
  const lines = lastLinesOf(outputOf(node))
  throw new Error(`broker ${node.id} at port ${node.port} ${what}; its last lines:\n${lines}`)
}

function toBroker(running: Running, started: StartedNode): KafkaBroker {
  const { id, port } = started.node
  return {
    id,
    port,
    get pid() {
      return started.process.pid
    },
    get isAlive() {
      return started.process.isAlive
    },
    kill: (signal = 'SIGKILL') => started.process.kill(signal),
    restart: async () => {
      await end(started.process)
      await restart(running, started, RESTARTS_MAX)
    },
  }
}

/** ZooKeeper remembers a killed broker for a session, in which a new one finds its id taken. */
async function restart(running: Running, started: StartedNode, triesLeft: number): Promise<void> {
  started.process = startBroker(running, started.node)
  try {
    await waitUntilReady(running, started, [started.node.id])
  } catch (error) {
    const isTaken = running.zookeeper !== null && !started.process.isAlive
    if (!isTaken || triesLeft === 0 || running.isStopped) throw error
    await restart(running, started, triesLeft - 1)
  }
}

/** Brokers whose data goes anyway are killed; others end cleanly. */
async function stop(running: Running): Promise<void> {
  const { nodes, zookeeper, isKept, directory } = running
  running.isStopped = true
  await Promise.all(nodes.map(({ process }) => (isKept ? end(process) : process.kill('SIGKILL'))))
  if (zookeeper !== null) await zookeeper.kill(isKept ? 'SIGTERM' : 'SIGKILL')
  if (!isKept) await rm(directory, { recursive: true, force: true, maxRetries: 5 })
}

async function end(process: JavaProcess): Promise<void> {
  const overdue = setTimeout(() => process.kill('SIGKILL'), STOP_MS_MAX)
  await process.kill('SIGTERM')
  clearTimeout(overdue)
}
