/** Where things stand in the two buckets: the folders that settings, roles and lifecycles name. */
import type { IBucket } from 'aws-cdk-lib/aws-s3'

/** The folder of the lake, in its bucket. */
export const LAKE = 'lake'
/** The folder of the results place, in its bucket. */
export const RESULTS = 'weir'
/** What was asked of Spark: plans, jobs, and how they ended. */
export const ASKED_RUNS = 'weir/runs'
/** What readers may see. The rest of the place is of the workers: it holds the key of the ids. */
export const READERS_RESULTS = 'weir/results'
/** Rows and manifests of batch runs, a part of what readers see. */
export const PUBLISHED_RUNS = 'weir/results/runs'
/** Of Spark; beside the results place. */
export const SPARK_LOGS = 'logs'

/** The setting WEIR_ARCHIVE. */
export function toArchiveUrl(lakeBucket: IBucket): string {
  return `s3://${lakeBucket.bucketName}/${LAKE}`
}

/** The setting WEIR_RESULTS. */
export function toResultsUrl(resultsBucket: IBucket): string {
  return `s3://${resultsBucket.bucketName}/${RESULTS}`
}
