/** Readers of Parquet that are not ours, in a Python environment of their own, made once. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import type { S3Access } from '../../../scripts/s3/server.ts'
import { resolvePrograms } from '../python.ts'

/** By reader, by `topic partition`. */
export type Counts = Readonly<Record<string, Readonly<Record<string, number>>>>

const HERE = import.meta.dirname
const run = promisify(execFile)

/** How many events each reader finds in a lake. */
export async function countWithReaders(lake: string): Promise<Counts> {
  const python = join(await resolvePython(), 'python')
  const { stdout } = await run(python, [join(HERE, 'count.py'), lake])
  return JSON.parse(stdout) as Counts
}

/** How many events pyarrow finds in `bucket/folder`, by listing it. */
export async function countInBucket(
  access: S3Access,
  folder: string,
): Promise<Readonly<Record<string, number>>> {
  const python = join(await resolvePython(), 'python')
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

function resolvePython(): Promise<string> {
  return resolvePrograms('lake-readers', join(HERE, 'requirements.txt'))
}
