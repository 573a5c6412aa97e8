/** `s3://bucket/folder`, where a setting may name a bucket instead of a directory. */
import { Fault } from '../../std/fault.ts'

export interface S3Url {
  readonly bucket: string
  /** The folder in it; '': all of it. */
  readonly prefix: string
}

const SCHEME = 's3://'
/** As of https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html. */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
/** What keys of objects consist of. */
const PREFIX = /^([A-Za-z0-9_=-][A-Za-z0-9._=-]*(\/(?!$)|$))*$/
const ANY_SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i

/** null: a path. Throws CONFIG_INVALID for another URL, or names that no bucket or folder has. */
export function parseS3Url(text: string, what: string): S3Url | null {
  if (!ANY_SCHEME.test(text)) return null
  const [bucket = '', ...folders] = text.slice(SCHEME.length).replace(/\/$/, '').split('/')
  const prefix = folders.join('/')
  if (text.startsWith(SCHEME) && BUCKET.test(bucket) && PREFIX.test(prefix)) {
    return { bucket, prefix }
  }
  throw new Fault(
    'CONFIG_INVALID',
    `${what} is '${text}', neither a directory nor s3://bucket/folder of the letters A-Z, a-z, ` +
      'digits, and . _ - =',
  )
}
