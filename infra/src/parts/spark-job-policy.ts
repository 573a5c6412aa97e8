/**
 * What a run of Spark may do, on either runner: read events of the lake, write its own rows and
 * their manifest, and nothing else of either bucket.
 */
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import { ASKED_RUNS, LAKE, PUBLISHED_RUNS, READERS_RESULTS, RESULTS, SPARK_LOGS } from './places.ts'
import { allowListing, allowObjects, denyObjects } from './statements.ts'

export interface Buckets {
  readonly lakeBucket: IBucket
  readonly resultsBucket: IBucket
}

const EVENTS = `${LAKE}/events`
/**
 * Hadoop asks for a folder before it makes one below it, up to the first that is there: it looks
 * for an object that is called as the folder, and for any below it. These are the folders above
 * the rows. Of an object that is not there S3 says so only to who may list its name.
 */
const ABOVE = [RESULTS, READERS_RESULTS, PUBLISHED_RUNS]

export function toSparkJobStatements({
  lakeBucket,
  resultsBucket,
}: Buckets): readonly PolicyStatement[] {
  return [
    allowListing(lakeBucket, [EVENTS, `${EVENTS}/*`]),
    allowObjects(lakeBucket, ['s3:GetObject'], [EVENTS, `${EVENTS}/*`]),
    allowListing(resultsBucket, [
      ...ABOVE.flatMap(folder => [folder, `${folder}/`]),
      `${ASKED_RUNS}/*`,
      `${PUBLISHED_RUNS}/*`,
    ]),
    allowObjects(resultsBucket, ['s3:GetObject'], [...ABOVE, `${ASKED_RUNS}/*`]),
    allowObjects(
      resultsBucket,
      // A folder is made by its name, and renamed when it is done: copied, and deleted.
      ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
      [`${PUBLISHED_RUNS}/*`],
    ),
    // A run that is published stays.
    denyObjects(resultsBucket, ['s3:DeleteObject'], [`${PUBLISHED_RUNS}/*/manifest.json`]),
    allowObjects(resultsBucket, ['s3:PutObject'], [`${SPARK_LOGS}/*`]),
  ]
}
