/**
 * Spark on this machine, as PyPI publishes it: in a virtual environment under ~/.cache/weir, which
 * is made at the first need. It is made beside its place and renamed: one that is there is whole.
 */
import { execFile } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { Fault, messageOf } from '../../std/fault.ts'
import type { JarSet } from './jars.ts'
import { CACHE, javaMissing, outputOf } from './jars.ts'

export interface SparkHome {
  /** Of SPARK_HOME. */
  readonly directory: string
  readonly python: string
}

/** The newest whose Kafka connector is published too; what the tests run. */
export const SPARK_VERSION = '4.2.0'
const AWS_SDK = '2.35.4'
/**
 * What Spark needs for `s3a:`, 14 MB: of all of AWS, 690 MB, that hadoop-aws names, only S3. Groups
 * that Spark has stay out: with two of netty's versions on its class path it fails.
 */
export const S3A_JARS: JarSet = {
  name: 's3a-3.5.0',
  artifacts: [
    'org.apache.hadoop:hadoop-aws:3.5.0',
    ...['s3', 's3-transfer-manager', 'sts', 'apache-client', 'netty-nio-client'].map(
      name => `software.amazon.awssdk:${name}:${AWS_SDK}`,
    ),
  ],
  artifactsLeftOut: ['software.amazon.awssdk:bundle'],
  groupsLeftOut: [
    'commons-codec',
    'commons-logging',
    'io.netty',
    'org.apache.httpcomponents',
    'org.slf4j',
  ],
}
const PYTHON_MIN = [3, 10] as const
const PYTHONS = ['python3', 'python']
/** 450 MB, from a slow index. */
const INSTALL_MS_MAX = 1_800_000
const run = promisify(execFile)

/** What this machine lacks to run Spark, and what to install; null: nothing. */
export function sparkMissing(version: string = SPARK_VERSION): string | null {
  const java = javaMissing()
  if (java !== null) return java
  if (existsSync(environmentOf(version)) || findPython() !== null) return null
  return `python is missing: spark needs ${PYTHON_MIN.join('.')} or newer, with venv`
}

/**
 * Spark, installed if it is not yet; `onInstall` is told before that. Throws PROGRAM_MISSING where
 * there is no Java or Python, or nothing can be downloaded.
 */
export async function openSparkHome(
  onInstall: () => void,
  version: string = SPARK_VERSION,
): Promise<SparkHome> {
  const missing = sparkMissing(version)
  if (missing !== null) throw new Fault('PROGRAM_MISSING', missing)
  const environment = environmentOf(version)
  if (!existsSync(environment)) {
    onInstall()
    await install(version, findPython() ?? 'python3')
  }
  const [directory] = globSync(join(environment, 'lib', 'python*', 'site-packages', 'pyspark'))
  if (directory === undefined) {
    throw new Fault('PROGRAM_MISSING', `${environment} holds no pyspark; remove it, and try again`)
  }
  return { directory, python: join(environment, 'bin', 'python') }
}

function environmentOf(version: string): string {
  return join(CACHE, `pyspark-${version}`)
}

async function install(version: string, python: string): Promise<void> {
  const environment = environmentOf(version)
  const partial = `${environment}.${process.pid}.partial`
  const own = join(partial, 'bin', 'python')
  try {
    await mkdir(CACHE, { recursive: true })
    await run(python, ['-m', 'venv', partial])
    const pip = ['-m', 'pip', 'install', '--quiet', `pyspark==${version}`]
    await run(own, pip, { timeout: INSTALL_MS_MAX })
    // Of two that come here at once, the second finds the place taken.
    await rename(partial, environment).catch((error: unknown) => {
      if (!existsSync(environment)) throw error
    })
  } catch (cause) {
    const [line = ''] = messageOf(cause).split('\n').slice(-2)
    throw new Fault(
      'PROGRAM_MISSING',
      `pyspark ${version} was not installed into ${environment}; is the network there, and ` +
        `python's venv? ${line}`,
      { cause },
    )
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

function findPython(): string | null {
  const found = PYTHONS.find(name => {
    const version = /^Python (\d+)\.(\d+)/.exec(outputOf(name, '--version') ?? '')
    const [major, minor] = [Number(version?.[1] ?? 0), Number(version?.[2] ?? 0)]
    return major === PYTHON_MIN[0] && minor >= PYTHON_MIN[1]
  })
  return found ?? null
}
