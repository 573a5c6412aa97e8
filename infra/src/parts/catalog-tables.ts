/**
 * A Glue table for each event type over the lake's layout (docs/reference/lake.md), and one for
 * rejects. Partitions are projected: Athena computes the folders from dates and lists nothing.
 */
import { Stack } from 'aws-cdk-lib'
import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import type { Catalog } from '../../../src/model/catalog.ts'
import { topicsOf } from '../../../src/model/catalog.ts'
import type { EventSchema } from '../../../src/model/event.ts'
import type { LakeColumn, LakeType } from '../../../src/model/lake-columns.ts'
import { lakeColumnsOf, REJECT_COLUMNS } from '../../../src/model/lake-columns.ts'
import type { Settings } from '../settings.ts'

/** Events are not older than this; projection wants a beginning. */
const DATE_FIRST = '2015-01-01'
const PARQUET = 'org.apache.hadoop.hive.ql.io.parquet'
const DATE_PROJECTION: Readonly<Record<string, string>> = {
  'projection.event_date.type': 'date',
  'projection.event_date.format': 'yyyy-MM-dd',
  'projection.event_date.range': `${DATE_FIRST},NOW+2DAYS`,
}

export interface CatalogTablesProps {
  readonly settings: Settings
  readonly bucket: IBucket
  readonly catalog: Catalog
}

export function createCatalogTables(scope: Construct, props: CatalogTablesProps): void {
  const { settings, bucket, catalog } = props
  const root = `s3://${bucket.bucketName}/lake`
  const catalogId = Stack.of(scope).account
  const databaseName = settings.name.replaceAll('-', '_')
  const database = new CfnDatabase(scope, 'Database', {
    catalogId,
    databaseInput: { name: databaseName, description: 'the lake of Weir' },
  })
  const events = catalog.events.map(event => toEventTable(event, root))
  const tables = [...events, toRejectsTable(topicsOf(catalog), root)]
  for (const tableInput of tables) {
    new CfnTable(scope, `Table-${tableInput.name}`, {
      catalogId,
      databaseName,
      tableInput,
    }).addResourceDependency(database)
  }
}

type Table = CfnTable.TableInputProperty & { readonly name: string }

function toEventTable(event: EventSchema, root: string): Table {
  const folder = `${root}/events/event_type=${event.name}`
  return {
    name: event.name,
    tableType: 'EXTERNAL_TABLE',
    parameters: {
      classification: 'parquet',
      'projection.enabled': 'true',
      ...DATE_PROJECTION,
      'storage.location.template': `${folder}/event_date=\${event_date}/`,
    },
    partitionKeys: [{ name: 'event_date', type: 'date' }],
    storageDescriptor: toStorage(`${folder}/`, lakeColumnsOf(event)),
  }
}

/** The topic stands in the path, and in the files too: as a partition it may not be a column. */
function toRejectsTable(topics: readonly string[], root: string): Table {
  const folder = `${root}/rejects`
  return {
    name: 'rejects',
    tableType: 'EXTERNAL_TABLE',
    parameters: {
      classification: 'parquet',
      'projection.enabled': 'true',
      'projection.topic.type': 'enum',
      'projection.topic.values': topics.join(','),
      'storage.location.template': `${folder}/topic=\${topic}/`,
    },
    partitionKeys: [{ name: 'topic', type: 'string' }],
    storageDescriptor: toStorage(
      `${folder}/`,
      REJECT_COLUMNS.filter(column => column.name !== 'topic'),
    ),
  }
}

function toStorage(
  location: string,
  columns: readonly LakeColumn[],
): CfnTable.StorageDescriptorProperty {
  return {
    location,
    columns: columns.map(({ name, type }) => ({ name, type: toGlueType(type) })),
    inputFormat: `${PARQUET}.MapredParquetInputFormat`,
    outputFormat: `${PARQUET}.MapredParquetOutputFormat`,
    serdeInfo: { serializationLibrary: `${PARQUET}.serde.ParquetHiveSerDe` },
  }
}

function toGlueType(type: LakeType): string {
  switch (type) {
    case 'VARCHAR':
      return 'string'
    case 'INTEGER':
      return 'int'
    case 'BLOB':
      return 'binary'
    default:
      return type.toLowerCase()
  }
}
