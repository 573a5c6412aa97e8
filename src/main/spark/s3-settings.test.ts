import { expect, test } from 'vitest'
import { toS3aSettings } from './s3-settings.ts'

const KEYS = { accessKeyId: 'id', secretAccessKey: 'secret' }
const PROVIDERS = 'org.apache.hadoop.fs.s3a'

test('a server that is not AWS, with keys', () => {
  const settings = { s3Endpoint: 'http://h:1', s3Region: '', s3ForcePathStyle: 'on' } as const
  expect(toS3aSettings(settings, KEYS)).toEqual({
    'spark.hadoop.fs.s3a.endpoint': 'http://h:1',
    'spark.hadoop.fs.s3a.connection.ssl.enabled': 'false',
    'spark.hadoop.fs.s3a.endpoint.region': 'us-east-1',
    'spark.hadoop.fs.s3a.path.style.access': 'true',
    'spark.hadoop.fs.s3a.aws.credentials.provider': `${PROVIDERS}.SimpleAWSCredentialsProvider`,
    'spark.hadoop.fs.s3a.access.key': 'id',
    'spark.hadoop.fs.s3a.secret.key': 'secret',
  })
})

test('AWS, with the credentials of a role', () => {
  const settings = { s3Endpoint: '', s3Region: 'eu-central-1', s3ForcePathStyle: 'off' } as const
  expect(toS3aSettings(settings, { ...KEYS, sessionToken: 'token' })).toEqual({
    'spark.hadoop.fs.s3a.endpoint.region': 'eu-central-1',
    'spark.hadoop.fs.s3a.path.style.access': 'false',
    'spark.hadoop.fs.s3a.aws.credentials.provider': `${PROVIDERS}.TemporaryAWSCredentialsProvider`,
    'spark.hadoop.fs.s3a.access.key': 'id',
    'spark.hadoop.fs.s3a.secret.key': 'secret',
    'spark.hadoop.fs.s3a.session.token': 'token',
  })
})
