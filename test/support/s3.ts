/** S3 for tests. A file shares the server of the run, with buckets of its own. */
import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  CreateBucketCommand,
  GetObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3'
import { inject } from 'vitest'
import { gatewayMissing } from '../../scripts/s3/gateway.ts'
import type { S3Access } from '../../scripts/s3/server.ts'
import type { S3ObjectsOptions } from '../../src/objects/s3/s3-objects.ts'
import { createSystemClock } from '../../src/std/clock.ts'
import { createPrng } from '../../src/std/prng.ts'

/** Why tests with S3 cannot run here, with what to install; null: they can. */
export function s3Missing(): string | null {
  return gatewayMissing()
}

/** The run's server, which the first call starts. */
export async function shareS3(): Promise<S3Access> {
  const response = await fetch(`http://127.0.0.1:${inject('s3Port')}/`)
  const answer = await response.text()
  if (!response.ok) throw new Error(answer)
  return JSON.parse(answer) as S3Access
}

/** An empty bucket that nobody else has. */
export async function createBucket(access: S3Access): Promise<string> {
  const bucket = `t-${randomUUID()}`
  const client = createClient(access)
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
  } finally {
    client.destroy()
  }
  return bucket
}

/** Copies all objects into a directory, under their keys: with the SDK, and no code of ours. */
export async function copyBucket(
  access: S3Access,
  bucket: string,
  directory: string,
): Promise<void> {
  const client = createClient(access)
  try {
    for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket })) {
      for (const { Key = '' } of page.Contents ?? []) {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }))
        const path = join(directory, Key)
        await mkdir(dirname(path), { recursive: true })
        await writeFile(path, (await Body?.transformToByteArray()) ?? '')
      }
    }
  } finally {
    client.destroy()
  }
}

function createClient({ endpoint, region, accessKeyId, secretAccessKey }: S3Access): S3Client {
  const credentials = { accessKeyId, secretAccessKey }
  return new S3Client({ endpoint, region, credentials, forcePathStyle: true })
}

/** Opens another handle at each use. */
export function toS3Options(access: S3Access, bucket: string): S3ObjectsOptions {
  const { endpoint, region, accessKeyId, secretAccessKey } = access
  return {
    bucket,
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    writer: randomUUID(),
    clock: createSystemClock(),
    prng: createPrng(1),
  }
}

/** For processes: what the SDK and Weir read. */
export function toS3Variables(access: S3Access): { readonly [name: string]: string } {
  return {
    AWS_ACCESS_KEY_ID: access.accessKeyId,
    AWS_SECRET_ACCESS_KEY: access.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
    WEIR_S3_ENDPOINT: access.endpoint,
    WEIR_S3_REGION: access.region,
    WEIR_S3_FORCE_PATH_STYLE: 'on',
  }
}
