/**
 * Java programs for development and tests, as Maven publishes them: each in a folder of its own
 * under ~/.cache/weir, outside the tree. Nothing of this is shipped.
 *
 * A folder is filled beside its place and renamed, so one that is there is whole. Maven's own
 * repository bears only one writer: who comes second waits for the lock, and finds the folder made.
 */
import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { withLock } from './lock.ts'

/** A folder of jars: `name` says what is in it and which version; change both together. */
export interface JarSet {
  readonly name: string
  /** `group:artifact:version`; what these need comes along. */
  readonly artifacts: readonly string[]
}

// Without slf4j-simple, Kafka logs nothing, and its tools print nothing.
const LOGGING = 'org.slf4j:slf4j-simple:1.7.36'
/** The newest broker; it keeps its metadata itself (KRaft). */
export const KAFKA_KRAFT: JarSet = {
  name: 'kafka-4.4.0',
  artifacts: ['org.apache.kafka:kafka_2.13:4.4.0', LOGGING],
}
/** The last but one that knows ZooKeeper. */
export const KAFKA_ZOOKEEPER: JarSet = {
  name: 'kafka-3.8.0',
  artifacts: ['org.apache.kafka:kafka_2.13:3.8.0', 'org.apache.zookeeper:zookeeper:3.8.4', LOGGING],
}
/** The command-line tools, the console producer among them; 4.4.0 of them is not published. */
export const KAFKA_TOOLS: JarSet = {
  name: 'kafka-tools-4.3.1',
  artifacts: ['org.apache.kafka:kafka-tools:4.3.1', LOGGING],
}

/** Where downloads are kept between runs. */
export const CACHE: string = join(homedir(), '.cache', 'weir')
/** Kafka 4 does not run on an older one. */
const JAVA_MAJOR_MIN = 17
/** 45 MB, from a slow registry. */
const RESOLVE_MS_MAX = 300_000
const run = promisify(execFile)

/** What is missing to run `jars`, with what to install; null: nothing. */
export function jarsMissing(jars: JarSet): string | null {
  const java = outputOf('java', '-version')
  const major = Number(/version "(\d+)/.exec(java ?? '')?.[1] ?? 0)
  if (major < JAVA_MAJOR_MIN) {
    const found = java === null ? 'is missing' : `is version ${major}`
    return `java ${found}: install a JDK, ${JAVA_MAJOR_MIN} or newer`
  }
  if (existsSync(join(CACHE, jars.name)) || outputOf('mvn', '--version') !== null) return null
  return 'mvn is missing: install Maven, which downloads Kafka once'
}

/** What programs said, each asked once. */
const outputs = new Map<string, string | null>()

function outputOf(program: string, flag: string): string | null {
  const known = outputs.get(program)
  if (known !== undefined) return known
  const { error, stdout, stderr } = spawnSync(program, [flag], { encoding: 'utf8' })
  const output = error === undefined ? stdout + stderr : null
  outputs.set(program, output)
  return output
}

/** The class path of `jars`, which are downloaded if this machine has them not. */
export async function resolveJars(jars: JarSet): Promise<string> {
  const folder = join(CACHE, jars.name)
  if (!existsSync(folder)) {
    const missing = jarsMissing(jars)
    if (missing !== null) throw new Error(missing)
    await mkdir(CACHE, { recursive: true })
    await withLock(join(CACHE, 'maven.lock'), async () => {
      if (!existsSync(folder)) await download(jars, folder)
    })
  }
  return join(folder, '*')
}

async function download({ name, artifacts }: JarSet, folder: string): Promise<void> {
  const project = await mkdtemp(join(tmpdir(), 'weir-jars-'))
  const partial = `${folder}.${process.pid}.partial`
  try {
    await writeFile(join(project, 'pom.xml'), toPom(artifacts))
    const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${partial}`]
    await run('mvn', ['-q', '-B', '-f', project, ...goal], { timeout: RESOLVE_MS_MAX })
    await rename(partial, folder)
  } catch (error) {
    const { stdout = '', message = '' } = error as { stdout?: string; message?: string }
    const why = stdout.split('\n').find(line => line.includes('ERROR')) ?? message
    throw new Error(`${name} was not downloaded; is the network there? ${why}`, { cause: error })
  } finally {
    await rm(partial, { recursive: true, force: true })
    await rm(project, { recursive: true, force: true })
  }
}

function toPom(artifacts: readonly string[]): string {
  const dependencies = artifacts.map(artifact => {
    const [group, name, version] = artifact.split(':')
    const place = `<groupId>${group}</groupId><artifactId>${name}</artifactId>`
    return `<dependency>${place}<version>${version}</version></dependency>`
  })
  return [
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>',
    '<groupId>weir</groupId><artifactId>jars</artifactId><version>1</version>',
    `<packaging>pom</packaging><dependencies>${dependencies.join('')}</dependencies></project>`,
  ].join('\n')
}
