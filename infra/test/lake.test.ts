import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { lakeColumnsOf } from '../../src/model/lake-columns.ts'
import { purchase, SHOP_EVENTS } from '../../src/model/shop-events.ts'
import { templateOf } from './support/assembly.ts'

interface Column {
  readonly Name: string
  readonly Type: string
}

const template = templateOf('lake')

describe('the buckets', () => {
  test('are closed, encrypted and versioned', () => {
    template.resourceCountIs('AWS::S3::Bucket', 2)
    template.allResourcesProperties('AWS::S3::Bucket', {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
        ],
      },
      VersioningConfiguration: { Status: 'Enabled' },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
    })
  })

  test('refuse what does not come over TLS', () => {
    template.resourceCountIs('AWS::S3::BucketPolicy', 2)
    template.allResourcesProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Deny',
            Action: 's3:*',
            Principal: { AWS: '*' },
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
        ]),
      },
    })
  })

  test('stay when their stack goes, unless they are for a trial', () => {
    template.allResources('AWS::S3::Bucket', { DeletionPolicy: 'Retain' })
    const trial = templateOf('lake', { keepData: false })
    trial.allResources('AWS::S3::Bucket', { DeletionPolicy: 'Delete' })
  })

  test('keep events for as long as they are told, and intents for ever', () => {
    const rules = (days: number | null): readonly unknown[] =>
      Object.values(
        templateOf('lake', { lakeDays: days }).findResources('AWS::S3::Bucket'),
      ).flatMap(bucket => bucket['Properties'].LifecycleConfiguration.Rules)
    const expiring = (days: number | null): readonly unknown[] =>
      rules(days).filter(rule => JSON.stringify(rule).includes('"Prefix":"lake/'))
    expect(expiring(null)).toEqual([])
    expect(expiring(400)).toEqual([
      { Id: 'events', Prefix: 'lake/events/', ExpirationInDays: 400, Status: 'Enabled' },
      { Id: 'rejects', Prefix: 'lake/rejects/', ExpirationInDays: 400, Status: 'Enabled' },
    ])
  })
})

describe('the catalog', () => {
  const tables = Object.values(template.findResources('AWS::Glue::Table')).map(
    table => table['Properties'].TableInput,
  )

  test('has a table for each event type, and one for rejects', () => {
    const names: string[] = tables.map(table => table.Name)
    expect(names.sort()).toEqual([...SHOP_EVENTS.map(event => event.name), 'rejects'].sort())
  })

  test('a table has the columns of the files, in their order', () => {
    const table = tables.find(one => one.Name === 'purchase')
    const columns: readonly Column[] = table.StorageDescriptor.Columns
    expect(columns.map(column => column.Name)).toEqual(
      lakeColumnsOf(purchase).map(column => column.name),
    )
    expect(Object.fromEntries(columns.map(({ Name, Type }) => [Name, Type]))).toMatchObject({
      event_id: 'string',
      timestamp_ms: 'bigint',
      timestamp: 'timestamp',
      total_amount_units: 'bigint',
      partition: 'int',
      misplaced: 'boolean',
    })
    expect(table.PartitionKeys).toEqual([{ Name: 'event_date', Type: 'date' }])
  })

  test('partitions are computed, from the folders of the lake', () => {
    for (const table of tables) expect(table.Parameters['projection.enabled']).toBe('true')
    const purchases = tables.find(one => one.Name === 'purchase').Parameters
    const parts = purchases['storage.location.template']['Fn::Join'][1]
    expect(parts.at(0)).toBe('s3://')
    expect(parts.at(-1)).toBe('/lake/events/event_type=purchase/event_date=$' + '{event_date}/')
    const rejects = tables.find(one => one.Name === 'rejects')
    expect(rejects.Parameters['projection.topic.values']).toBe(
      [...SHOP_EVENTS.map(event => event.name), 'weir.unparsed'].join(','),
    )
    const names = rejects.StorageDescriptor.Columns.map((column: Column) => column.Name)
    expect(names).not.toContain('topic')
    expect(names).toContain('value')
  })
})
