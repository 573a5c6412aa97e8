/**
 * Credentials for programs beside us that speak to the same bucket, as Spark: what the SDK finds in
 * variables, profiles, roles, as it is now. Those of a role end within hours.
 *
 * This file loads the SDK: import it where a bucket is used, and not before.
 */
import { S3Client } from '@aws-sdk/client-s3'
import { Fault } from '../../std/fault.ts'
import { toRefusal } from './refusal.ts'
import type { S3Credentials } from './s3-objects.ts'

/** Throws OBJECTS_UNAVAILABLE where there are none. */
export async function findS3Credentials(bucket: string): Promise<S3Credentials> {
  const client = new S3Client({})
  try {
    const found = await client.config.credentials()
    const { accessKeyId, secretAccessKey, sessionToken } = found
    return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) }
  } catch (cause) {
    const { message } = toRefusal(cause, { bucket, region: null, endpoint: null })
    throw new Fault('OBJECTS_UNAVAILABLE', message, { cause })
  } finally {
    client.destroy()
  }
}
