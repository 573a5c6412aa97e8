/**
 * Spark on this machine, as PyPI publishes it: in a virtual environment under ~/.cache/weir, which
 * is made at the first need. It is made beside its place and renamed: one that is there is whole.
 */
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { Fault, messageOf } from '../../std/fault.ts'

export interface SparkHome {
  /** Of SPARK_HOME. */
  readonly directory: string
  readonly python: string
}

/** The newest whose Kafka connector is published too; what the tests run. */
export const SPARK_VERSION = '4.2.0'
const AWS_SDK = '2.35.4'
/**
 * What Spark needs for `s3a:`, from Maven Central, 40 MB: without the bundle of all of AWS, 690 MB,
 * that hadoop-aws names.
 */
export const S3_PACKAGES: readonly string[] = [
  'org.apache.hadoop:hadoop-aws:3.5.0',
  ...['s3', 's3-transfer-manager', 'sts', 'apache-client', 'netty-nio-client'].map(
    name => `software.amazon.awssdk:${name}:${AWS_SDK}`,
  ),
]
const CACHE = join(homedir(), '.cache', 'weir')
const ENVIRONMENT = join(CACHE, `pyspark-${SPARK_VERSION}`)
const JAVA_MIN = 17
const PYTHON_MIN = [3, 10] as const
const PYTHONS = ['python3', 'python']
/** 450 MB, from a slow index. */
const INSTALL_MS_MAX = 1_800_000
const run = promisify(execFile)

/** What this machine lacks to run Spark, and what to install; null: nothing. */
export function sparkMissing(): string | null {
  const java = outputOf('java', ['-version'])
  const major = Number(/version "(\d+)/.exec(java ?? '')?.[1] ?? 0)
  if (major < JAVA_MIN) {
    const found = java === null ? 'is missing' : `is version ${major}`
    return `java ${found}: spark needs a JDK, ${JAVA_MIN} or newer`
  }
  if (existsSync(ENVIRONMENT) || findPython() !== null) return null
  return `python is missing: spark needs ${PYTHON_MIN.join('.')} or newer, with venv`
}

/**
 * Spark, installed if it is not yet; `onInstall` is told before that. Throws PROGRAM_MISSING where
 * there is no Java or Python, or nothing can be downloaded.
 */
export async function openSparkHome(onInstall: () => void): Promise<SparkHome> {
  const missing = sparkMissing()
  if (missing !== null) throw new Fault('PROGRAM_MISSING', missing)
  if (!existsSync(ENVIRONMENT)) {
    onInstall()
    await install(findPython() ?? 'python3')
  }
  const [directory] = globSync(join(ENVIRONMENT, 'lib', 'python*', 'site-packages', 'pyspark'))
  if (directory === undefined) {
    throw new Fault('PROGRAM_MISSING', `${ENVIRONMENT} holds no pyspark; remove it, and try again`)
  }
  return { directory, python: join(ENVIRONMENT, 'bin', 'python') }
}

async function install(python: string): Promise<void> {
  const partial = `${ENVIRONMENT}.${process.pid}.partial`
  const own = join(partial, 'bin', 'python')
  try {
    await mkdir(CACHE, { recursive: true })
    await run(python, ['-m', 'venv', partial])
    const pip = ['-m', 'pip', 'install', '--quiet', `pyspark==${SPARK_VERSION}`]
    await run(own, pip, { timeout: INSTALL_MS_MAX })
    // Of two that come here at once, the second finds the place taken.
    await rename(partial, ENVIRONMENT).catch((error: unknown) => {
      if (!existsSync(ENVIRONMENT)) throw error
    })
  } catch (cause) {
    const [line = ''] = messageOf(cause).split('\n').slice(-2)
    throw new Fault(
      'PROGRAM_MISSING',
      `pyspark ${SPARK_VERSION} was not installed into ${ENVIRONMENT}; is the network there, and ` +
        `python's venv? ${line}`,
      { cause },
    )
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

function findPython(): string | null {
  const found = PYTHONS.find(name => {
    const version = /^Python (\d+)\.(\d+)/.exec(outputOf(name, ['--version']) ?? '')
    const [major, minor] = [Number(version?.[1] ?? 0), Number(version?.[2] ?? 0)]
    return major === PYTHON_MIN[0] && minor >= PYTHON_MIN[1]
  })
  return found ?? null
}

/** What a program prints; null: there is none of that name. */
function outputOf(program: string, words: readonly string[]): string | null {
  const { error, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8' })
  return error === undefined ? stdout + stderr : null
}
