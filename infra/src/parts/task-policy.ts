/**
 * What the tasks may do, and no more: their topics, their group, their folders of the two buckets.
 * The lists are read from the code: src/log/kafka, src/objects/s3.
 */
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { CfnCluster } from 'aws-cdk-lib/aws-msk'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import type { Catalog } from '../../../src/model/catalog.ts'
import { rejectsTopicOf, topicsOf } from '../../../src/model/catalog.ts'
import { toKafkaArn } from './kafka-cluster.ts'
import { ASKED_RUNS, PUBLISHED_RUNS } from './places.ts'
import { denyObjects } from './statements.ts'

/** The group of the digest workers: the default of `kafkaGroup`. */
const GROUP = 'weir'

export function toKafkaStatements(cluster: CfnCluster, catalog: Catalog): PolicyStatement[] {
  const topics = [...topicsOf(catalog), rejectsTopicOf(catalog)]
  return [
    new PolicyStatement({
      sid: 'Cluster',
      // Producers number their batches, which Kafka calls idempotent.
      actions: [
        'kafka-cluster:Connect',
        'kafka-cluster:DescribeCluster',
        'kafka-cluster:WriteDataIdempotently',
      ],
      resources: [cluster.attrArn],
    }),
    new PolicyStatement({
      sid: 'Topics',
      actions: [
        'kafka-cluster:CreateTopic',
        'kafka-cluster:DescribeTopic',
        'kafka-cluster:DescribeTopicDynamicConfiguration',
        'kafka-cluster:ReadData',
        'kafka-cluster:WriteData',
      ],
      resources: topics.map(topic => toKafkaArn(cluster, 'topic', topic)),
    }),
    new PolicyStatement({
      sid: 'Group',
      actions: ['kafka-cluster:AlterGroup', 'kafka-cluster:DescribeGroup'],
      resources: [toKafkaArn(cluster, 'group', GROUP)],
    }),
  ]
}

/**
 * Everything under a folder of a bucket, and nothing beside it. That an object is missing may be
 * known by whoever may list it: S3 then takes its key for the prefix, and says 404 instead of 403.
 */
export function toFolderStatements(bucket: IBucket, folder: string): PolicyStatement[] {
  return [
    new PolicyStatement({
      actions: ['s3:ListBucket'],
      resources: [bucket.bucketArn],
      conditions: { StringLike: { 's3:prefix': `${folder}/*` } },
    }),
    new PolicyStatement({
      actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
      resources: [bucket.arnForObjects(`${folder}/*`)],
    }),
  ]
}

/** What stands in their folder of the results, and is of others: runs of Spark. */
export function toRunsDenial(resultsBucket: IBucket): PolicyStatement {
  const keys = [`${ASKED_RUNS}/*`, `${PUBLISHED_RUNS}/*`]
  return denyObjects(resultsBucket, ['s3:PutObject', 's3:DeleteObject'], keys)
}
