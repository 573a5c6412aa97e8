/** The lines of docs/guides/aws.md that empty buckets, by AWS's own command line, against moto. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListBucketsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { parseCodeBlocks } from '../../test/support/markdown.ts'
import { pythonMissing } from '../../test/support/python.ts'
import { startMoto } from './support/tools/moto.ts'
import { resolveTools } from './support/tools/tools.ts'

const missing = pythonMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const GUIDE = join(import.meta.dirname, '../../docs/guides/aws.md')
const run = promisify(execFile)

describe.skipIf(isSkipped)(isSkipped ? `skipped: ${missing}` : 'the guide', () => {
  test('empties our buckets, with all versions, and no other', { timeout: 300_000 }, async () => {
    await using moto = await startMoto()
    const directory = await mkdtemp(join(tmpdir(), 'weir-guide-'))
    const region = 'us-east-1'
    const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' }
    const s3 = new S3Client({ endpoint: moto.endpoint, region, credentials, forcePathStyle: true })
    await fill(s3, 'weir-lake-lakebucket', 255)
    await fill(s3, 'weir-lake-results', 2)
    await fill(s3, 'other', 2)
    const env = {
      PATH: [await resolveTools(), process.env['PATH']].join(delimiter),
      AWS_ENDPOINT_URL: moto.endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: 'key',
      AWS_SECRET_ACCESS_KEY: 'secret',
    }
    await run('sh', ['-euc', readLines()], { cwd: directory, env })
    const { Buckets } = await s3.send(new ListBucketsCommand({}))
    expect(Buckets?.map(bucket => bucket.Name)).toEqual(['other'])
    s3.destroy()
    await rm(directory, { recursive: true })
  })
})

/** Without the stacks, which are not there. */
function readLines(): string {
  const blocks = parseCodeBlocks(readFileSync(GUIDE, 'utf8'))
  const block = blocks.find(one => one.code.includes('list-object-versions'))
  const lines = block?.code.split('\n') ?? []
  return lines.filter(line => !line.startsWith('npm run cdk')).join('\n')
}

/** Objects that were replaced, and of ten one that was deleted: 500 versions are one listing. */
async function fill(s3: S3Client, Bucket: string, count: number): Promise<void> {
  await s3.send(new CreateBucketCommand({ Bucket }))
  const VersioningConfiguration = { Status: 'Enabled' } as const
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
  const replace = async (_: unknown, index: number): Promise<void> => {
    const Key = `lake/events/a file ${index}.parquet`
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'old' }))
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'new' }))
    if (index % 10 === 0) await s3.send(new DeleteObjectCommand({ Bucket, Key }))
  }
  await Promise.all(Array.from({ length: count }, replace))
}
