/** What Spark must be told to reach buckets as we do: jars, a server, credentials. */
import { join } from 'node:path'
import type { CommandContext } from '../terminal/command.ts'
import { S3A_JARS } from './home.ts'
import { openJars } from './jars.ts'

interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** By the names of Spark's settings; secrets are among them. Throws PROGRAM_MISSING. */
export async function openS3Settings(
  { config, terminal }: Pick<CommandContext, 'config' | 'terminal'>,
  bucket: string,
): Promise<{ readonly [name: string]: string }> {
  const jars = await openJars(S3A_JARS, () => {
    terminal.talk('weir: downloading what spark needs for s3, 14 MB, once')
  })
  // The SDK takes a while to load.
  const { findS3Credentials } = await import('../../objects/s3/credentials.ts')
  return {
    'spark.driver.extraClassPath': join(jars, '*'),
    ...toS3aSettings(config.settings, await findS3Credentials(bucket)),
  }
}

const PREFIX = 'spark.hadoop.fs.s3a'
const PROVIDERS = 'org.apache.hadoop.fs.s3a'

/**
 * Names of https://hadoop.apache.org/docs/r3.5.0/hadoop-aws/tools/hadoop-aws/index.html. Without a
 * region of ours Hadoop finds its own, as the SDK does.
 */
export function toS3aSettings(
  {
    s3Endpoint,
    s3Region,
    s3ForcePathStyle,
  }: Pick<CommandContext['config']['settings'], 's3Endpoint' | 's3Region' | 's3ForcePathStyle'>,
  { accessKeyId, secretAccessKey, sessionToken }: Credentials,
): { readonly [name: string]: string } {
  const provider = sessionToken === undefined ? 'Simple' : 'Temporary'
  const region = s3Region === '' && s3Endpoint !== '' ? 'us-east-1' : s3Region
  return {
    [`${PREFIX}.path.style.access`]: String(s3ForcePathStyle === 'on'),
    [`${PREFIX}.aws.credentials.provider`]: `${PROVIDERS}.${provider}AWSCredentialsProvider`,
    [`${PREFIX}.access.key`]: accessKeyId,
    [`${PREFIX}.secret.key`]: secretAccessKey,
    ...(sessionToken === undefined ? {} : { [`${PREFIX}.session.token`]: sessionToken }),
    ...(region === '' ? {} : { [`${PREFIX}.endpoint.region`]: region }),
    ...(s3Endpoint === ''
      ? {}
      : {
          [`${PREFIX}.endpoint`]: s3Endpoint,
          [`${PREFIX}.connection.ssl.enabled`]: String(s3Endpoint.startsWith('https:')),
        }),
  }
}
