/**
 * What stays: the bucket of the lake, the bucket of results, and a catalog by which Athena and
 * Spark find the lake's tables. The columns are the product's own; which partitions there are is
 * computed from dates, so nothing has to crawl the bucket.
 */
import { Duration, Stack } from 'aws-cdk-lib'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import type { Catalog } from '../../../src/model/catalog.ts'
import { createPrivateBucket } from '../parts/bucket.ts'
import { createCatalogTables } from '../parts/catalog-tables.ts'
import type { WeirStackProps } from '../parts/stack-props.ts'
import type { Settings } from '../settings.ts'

export interface LakeProps extends WeirStackProps {
  readonly catalog: Catalog
}

export class LakeStack extends Stack {
  readonly lakeBucket: Bucket
  readonly resultsBucket: Bucket

  constructor(scope: Construct, id: string, props: LakeProps) {
    super(scope, id, props)
    this.lakeBucket = createLakeBucket(this, props.settings)
    this.resultsBucket = createResultsBucket(this, props.settings)
    createCatalogTables(this, { ...props, bucket: this.lakeBucket })
  }
}

/** Files of the lake are never replaced, so an old version is one that somebody deleted. */
const LAKE_OLD_VERSION_DAYS = 30
/** Manifests are replaced every ten seconds: old versions would outgrow the rest in days. */
const RESULTS_OLD_VERSION_DAYS = 1
const SPARK_LOG_DAYS = 30

function createLakeBucket(scope: Construct, { lakeDays, keepData }: Settings): Bucket {
  const expiring = ['events', 'rejects'].map(folder => ({ id: folder, prefix: `lake/${folder}/` }))
  return createPrivateBucket(scope, 'LakeBucket', {
    keepData,
    oldVersionDays: LAKE_OLD_VERSION_DAYS,
    lifecycleRules:
      lakeDays === null
        ? []
        : expiring.map(rule => ({ ...rule, expiration: Duration.days(lakeDays) })),
  })
}

function createResultsBucket(scope: Construct, { keepData }: Settings): Bucket {
  return createPrivateBucket(scope, 'ResultsBucket', {
    keepData,
    oldVersionDays: RESULTS_OLD_VERSION_DAYS,
    lifecycleRules: [
      { id: 'spark-logs', prefix: 'logs/', expiration: Duration.days(SPARK_LOG_DAYS) },
    ],
  })
}
