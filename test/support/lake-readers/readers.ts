/** Readers of Parquet that are not ours, in a Python environment of their own, made once. */
import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import type { S3Access } from '../../../scripts/s3/server.ts'
import { withLock } from '../../../src/main/running/lock.ts'
import { CACHE } from '../../../src/main/spark/jars.ts'

/** By reader, by `topic partition`. */
export type Counts = Readonly<Record<string, Readonly<Record<string, number>>>>

const HERE = import.meta.dirname
const REQUIREMENTS = join(HERE, 'requirements.txt')
const INSTALL_MS_MAX = 300_000
const run = promisify(execFile)

/** What is missing to run the readers, with what to install; null: nothing. */
export function lakeReadersMissing(): string | null {
  const { status } = spawnSync('python3', ['-c', 'import venv, ensurepip'])
  return status === 0 ? null : 'python3 with venv is missing: install python3-venv'
}

/** How many events each reader finds in a lake. */
export async function countWithReaders(lake: string): Promise<Counts> {
  const python = join(await resolvePython(), 'bin', 'python')
  const { stdout } = await run(python, [join(HERE, 'count.py'), lake])
  return JSON.parse(stdout) as Counts
}

/** How many events pyarrow finds in `bucket/folder`, by listing it. */
export async function countInBucket(
  access: S3Access,
  folder: string,
): Promise<Readonly<Record<string, number>>> {
  const python = join(await resolvePython(), 'bin', 'python')
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: access.accessKeyId,
    AWS_SECRET_ACCESS_KEY: access.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
  }
  const words = [join(HERE, 'count_s3.py'), access.endpoint, access.region, folder]
  const { stdout } = await run(python, words, { env })
  return JSON.parse(stdout) as Readonly<Record<string, number>>
}

async function resolvePython(): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 8)
  const directory = join(CACHE, `lake-readers-${hash}`)
  await mkdir(CACHE, { recursive: true })
  await withLock(`${directory}.lock`, async () => {
    if (existsSync(join(directory, 'ready'))) return
    await rm(directory, { recursive: true, force: true })
    const words = ['install', '-q', '--disable-pip-version-check', '-r', REQUIREMENTS]
    await run('python3', ['-m', 'venv', directory])
    await run(join(directory, 'bin', 'pip'), words, { timeout: INSTALL_MS_MAX })
    await run('touch', [join(directory, 'ready')])
  })
  return directory
}
