/**
 * What a role may do with keys of a bucket, exactly: `grantRead` and its like give whole buckets
 * and families of actions.
 */
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { IBucket } from 'aws-cdk-lib/aws-s3'

/**
 * Listing of keys that begin with one of these. S3 compares the prefix that is asked for: one that
 * ends in `*` allows longer ones, any other only itself.
 */
export function allowListing(bucket: IBucket, prefixes: readonly string[]): PolicyStatement {
  return new PolicyStatement({
    actions: ['s3:ListBucket'],
    resources: [bucket.bucketArn],
    conditions: { StringLike: { 's3:prefix': [...prefixes] } },
  })
}

/** Actions on objects, as `s3:GetObject`, of keys that may end in `*`. */
export function allowObjects(
  bucket: IBucket,
  actions: readonly string[],
  keys: readonly string[],
): PolicyStatement {
  return onObjects(Effect.ALLOW, { bucket, actions, keys })
}

/** What no other statement may allow. */
export function denyObjects(
  bucket: IBucket,
  actions: readonly string[],
  keys: readonly string[],
): PolicyStatement {
  return onObjects(Effect.DENY, { bucket, actions, keys })
}

interface Objects {
  readonly bucket: IBucket
  readonly actions: readonly string[]
  readonly keys: readonly string[]
}

function onObjects(effect: Effect, { bucket, actions, keys }: Objects): PolicyStatement {
  return new PolicyStatement({
    effect,
    actions: [...actions],
    resources: keys.map(key => bucket.arnForObjects(key)),
  })
}
