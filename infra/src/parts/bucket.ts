/** A bucket as all of ours are: closed to the public, TLS only, encrypted, versioned. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import type { LifecycleRule } from 'aws-cdk-lib/aws-s3'
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'

export interface PrivateBucketProps {
  /** Days that a version is kept after it was replaced or deleted. */
  readonly oldVersionDays: number
  readonly lifecycleRules: readonly LifecycleRule[]
  /** Whether it stays when its stack is deleted; else it goes, if it is empty. */
  readonly keepData: boolean
}

const UPLOAD_DAYS_MAX = 7

export function createPrivateBucket(
  scope: Construct,
  id: string,
  { oldVersionDays, lifecycleRules, keepData }: PrivateBucketProps,
): Bucket {
  return new Bucket(scope, id, {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    encryption: BucketEncryption.S3_MANAGED,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    versioned: true,
    removalPolicy: keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    lifecycleRules: [
      {
        id: 'leftovers',
        abortIncompleteMultipartUploadAfter: Duration.days(UPLOAD_DAYS_MAX),
        noncurrentVersionExpiration: Duration.days(oldVersionDays),
        expiredObjectDeleteMarker: true,
      },
      ...lifecycleRules,
    ],
  })
}
