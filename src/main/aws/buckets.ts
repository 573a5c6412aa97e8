/** Buckets as the stacks make them: closed to the public, versioned, encrypted, over TLS only. */
import { parseS3Url } from '../config/s3-url.ts'
import type { Finding } from '../running/finding.ts'
import type { AwsContext } from './context.ts'

type S3Client = import('@aws-sdk/client-s3').S3Client

/** Those that the settings name, else those that the stack of the lake has made. */
export async function checkBuckets(context: AwsContext): Promise<readonly Finding[]> {
  const { S3Client: Client } = await import('@aws-sdk/client-s3')
  const { s3Endpoint, s3ForcePathStyle } = context.config.settings
  const client = new Client({
    ...(s3Endpoint === '' ? {} : { endpoint: s3Endpoint }),
    forcePathStyle: s3ForcePathStyle === 'on',
  })
  try {
    const names = await findBuckets(client, context)
    if (names.length === 0) {
      const stack = `${context.name}-lake`
      return [{ check: 'buckets', grade: 'failed', text: `no bucket of ${stack}; deploy it` }]
    }
    return await Promise.all(names.map(name => checkBucket(client, name)))
  } finally {
    client.destroy()
  }
}

async function findBuckets(
  client: S3Client,
  { config, name }: AwsContext,
): Promise<readonly string[]> {
  const { archive, results } = config.settings
  const written = [archive, results].flatMap(place => parseS3Url(place, 'a place')?.bucket ?? [])
  if (written.length > 0) return [...new Set(written)]
  const { ListBucketsCommand } = await import('@aws-sdk/client-s3')
  const { Buckets } = await client.send(new ListBucketsCommand({ Prefix: `${name}-lake-` }))
  return (Buckets ?? []).flatMap(bucket => bucket.Name ?? [])
}

async function checkBucket(client: S3Client, bucket: string): Promise<Finding> {
  const s3 = await import('@aws-sdk/client-s3')
  const Bucket = { Bucket: bucket }
  const [access, versions, encryption, policy] = await Promise.all([
    orAbsent(client.send(new s3.GetPublicAccessBlockCommand(Bucket))),
    client.send(new s3.GetBucketVersioningCommand(Bucket)),
    orAbsent(client.send(new s3.GetBucketEncryptionCommand(Bucket))),
    orAbsent(client.send(new s3.GetBucketPolicyCommand(Bucket))),
  ])
  const blocks = access?.PublicAccessBlockConfiguration
  const isClosed =
    blocks?.BlockPublicAcls === true &&
    blocks.BlockPublicPolicy === true &&
    blocks.IgnorePublicAcls === true &&
    blocks.RestrictPublicBuckets === true
  const lacks = [
    isClosed ? null : 'is not closed to the public',
    versions.Status === 'Enabled' ? null : 'keeps no old versions',
    (encryption?.ServerSideEncryptionConfiguration?.Rules ?? []).length > 0
      ? null
      : 'is not encrypted',
    deniesPlainHttp(policy?.Policy ?? '{}') ? null : 'may be reached without TLS',
  ].filter(one => one !== null)
  if (lacks.length === 0) {
    const text = `bucket ${bucket} is closed, versioned, encrypted, and over TLS only`
    return { check: 'buckets', grade: 'good', text }
  }
  const text = `bucket ${bucket} ${lacks.join(', ')}: deploy the lake's stack again`
  return { check: 'buckets', grade: 'failed', text }
}

/** What was never configured is an error of S3. */
async function orAbsent<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof Error && ABSENT.includes(error.name)) return null
    throw error
  }
}

const ABSENT = [
  'NoSuchPublicAccessBlockConfiguration',
  'ServerSideEncryptionConfigurationNotFoundError',
  'NoSuchBucketPolicy',
]

interface Policy {
  readonly Statement?: readonly { readonly Effect?: string; readonly Condition?: unknown }[]
}

function deniesPlainHttp(text: string): boolean {
  const { Statement = [] } = JSON.parse(text) as Policy
  return Statement.some(
    ({ Effect, Condition }) =>
      Effect === 'Deny' &&
      JSON.stringify(Condition ?? '').includes('"aws:SecureTransport":"false"'),
  )
}
