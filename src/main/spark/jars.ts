/**
 * Java libraries as Maven Central has them: each set in a folder of its own under ~/.cache/weir,
 * outside the tree. Nothing of this is shipped.
 *
 * A folder is filled beside its place and renamed, so one that is there is whole. Maven's own
 * repository bears only one writer: who comes second waits for the lock, and finds the folder made.
 */
import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { Fault } from '../../std/fault.ts'
import { withLock } from '../running/lock.ts'

/** A folder of jars: `name` says what is in it and which version; change both together. */
export interface JarSet {
  readonly name: string
  /** `group:artifact:version`; what these need comes along. */
  readonly artifacts: readonly string[]
  /** Groups of which nothing comes along, since who uses the jars has them. */
  readonly groupsLeftOut?: readonly string[]
  /** `group:artifact` that nothing of the set needs, whatever it says. */
  readonly artifactsLeftOut?: readonly string[]
}

/** Where downloads are kept between runs. */
export const CACHE: string = join(homedir(), '.cache', 'weir')
/** What Kafka 4 and Spark 4 need. */
const JAVA_MIN = 17
/** 45 MB, from a slow registry. */
const RESOLVE_MS_MAX = 300_000
const run = promisify(execFile)

/** What is wrong with this machine's Java, with what to install; null: nothing. */
export function javaMissing(): string | null {
  const java = outputOf('java', '-version')
  const major = Number(/version "(\d+)/.exec(java ?? '')?.[1] ?? 0)
  if (major >= JAVA_MIN) return null
  const found = java === null ? 'is missing' : `is version ${major}`
  return `java ${found}: install a JDK, ${JAVA_MIN} or newer`
}

/** What is missing to have `jars`, with what to install; null: nothing. */
export function jarsMissing(jars: JarSet): string | null {
  if (existsSync(join(CACHE, jars.name)) || outputOf('mvn', '--version') !== null) return null
  return `mvn is missing: install Maven, which downloads ${jars.name} once`
}

/** What programs said, each asked once. */
const outputs = new Map<string, string | null>()

/** What a program prints; null: there is none of that name. */
export function outputOf(program: string, flag: string): string | null {
  const known = outputs.get(program)
  if (known !== undefined) return known
  const { error, stdout, stderr } = spawnSync(program, [flag], { encoding: 'utf8' })
  const output = error === undefined ? stdout + stderr : null
  outputs.set(program, output)
  return output
}

/**
 * The folder of `jars`, which are downloaded if this machine has them not; `onDownload` is told
 * before that. Throws PROGRAM_MISSING.
 */
export async function openJars(jars: JarSet, onDownload: () => void = () => {}): Promise<string> {
  const folder = join(CACHE, jars.name)
  if (existsSync(folder)) return folder
  const missing = jarsMissing(jars)
  if (missing !== null) throw new Fault('PROGRAM_MISSING', missing)
  onDownload()
  await mkdir(CACHE, { recursive: true })
  await withLock(join(CACHE, 'maven.lock'), async () => {
    if (!existsSync(folder)) await download(jars, folder)
  })
  return folder
}

async function download(jars: JarSet, folder: string): Promise<void> {
  const project = await mkdtemp(join(tmpdir(), 'weir-jars-'))
  const partial = `${folder}.${process.pid}.partial`
  try {
    await writeFile(join(project, 'pom.xml'), toPom(jars))
    const { groupsLeftOut = [] } = jars
    const words = [
      'dependency:copy-dependencies',
      `-DoutputDirectory=${partial}`,
      ...(groupsLeftOut.length === 0 ? [] : [`-DexcludeGroupIds=${groupsLeftOut.join(',')}`]),
    ]
    await run('mvn', ['-q', '-B', '-f', project, ...words], { timeout: RESOLVE_MS_MAX })
    await rename(partial, folder)
  } catch (cause) {
    const { stdout = '', message = '' } = cause as { stdout?: string; message?: string }
    const why = stdout.split('\n').find(line => line.includes('ERROR')) ?? message
    throw new Fault(
      'PROGRAM_MISSING',
      `${jars.name} was not downloaded from maven central; is the network there? ${why.trim()}`,
      { cause },
    )
  } finally {
    await rm(partial, { recursive: true, force: true })
    await rm(project, { recursive: true, force: true })
  }
}

function toPom({ artifacts, artifactsLeftOut = [] }: JarSet): string {
  const exclusions = artifactsLeftOut.map(artifact => {
    const [group, name] = artifact.split(':')
    return `<exclusion>${toPlace(group, name)}</exclusion>`
  })
  const dependencies = artifacts.map(artifact => {
    const [group, name, version] = artifact.split(':')
    return [
      `<dependency>${toPlace(group, name)}<version>${version}</version>`,
      `<exclusions>${exclusions.join('')}</exclusions></dependency>`,
    ].join('')
  })
  return [
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>',
    '<groupId>weir</groupId><artifactId>jars</artifactId><version>1</version>',
    `<packaging>pom</packaging><dependencies>${dependencies.join('')}</dependencies></project>`,
  ].join('\n')
}

function toPlace(group: string | undefined, name: string | undefined): string {
  return `<groupId>${group}</groupId><artifactId>${name}</artifactId>`
}
