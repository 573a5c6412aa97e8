/** What a user writes in weir.config.ts. Everything in it is optional. */
import type { ArchiveTarget } from './archive-target.ts'
import type { EventSchema } from './event.ts'
import type { KafkaLog } from './kafka.ts'
import type { Metric } from './metric.ts'
import type { SegmentConfig } from './segment.ts'

export interface WeirConfig {
  /** Directory of the log, the store and the keys. */
  readonly data?: string
  readonly port?: number
  readonly host?: string
  /** File of the keys that callers need; without it, DATA/keys.json; or 'off'. */
  readonly keys?: string
  /** Names that the server may be called by. */
  readonly hostsAllowed?: readonly string[]
  /** Origins whose pages may send events and read answers, as 'https://shop.example'. */
  readonly originsAllowed?: readonly string[]
  /** Addresses, or ranges as '10.0.0.0/8', of proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies?: readonly string[]
  /** Requests with events a second, of one address, or 'off'. */
  readonly writeRate?: number | 'off'
  /** Other requests a second, of one address, or 'off'. */
  readonly readRate?: number | 'off'
  /** Synthetic visitors, in events per second; 0: none. */
  readonly traffic?: number
  readonly seed?: number
  /** IANA time zone of windows, unless a metric has its own. */
  readonly zone?: string
  /** ISO 4217 code of amounts without `data.currency`. */
  readonly currency?: string
  /** Partitions of every topic; fixed once data exists. */
  readonly partitions?: number
  readonly partitioner?: 'murmur2' | 'crc32'
  readonly topicPrefix?: string
  /** How long after its end a window becomes final, as '10m'. */
  readonly grace?: string
  /** UTC days that two sightings of one event may be apart, 0..30. */
  readonly dedupDays?: number
  /** How far past its arrival a timestamp may be, as '1h'. */
  readonly futureSkew?: string
  /** How far before its arrival a timestamp may be, as '30d', or 'off'. */
  readonly eventAgeMax?: string
  /** Memory for ids of seen events and distinct values, as '128MiB'. */
  readonly seenIdsMemoryMax?: string
  readonly storeMemoryMax?: string
  readonly compactAfterRows?: number
  readonly commitInterval?: string
  readonly segmentBytes?: string
  readonly logBytesMax?: string
  readonly retention?: string
  readonly retentionBytes?: string
  /** Where the log is: `kafka({ brokers: […] })`; without it, segments in the data directory. */
  readonly log?: KafkaLog
  /** Directory, or `s3://bucket/folder`, that digest workers and `weir serve` share. */
  readonly results?: string
  /** URL of a server that speaks as S3 does; without it, AWS. */
  readonly s3Endpoint?: string
  readonly s3Region?: string
  /** Whether a bucket stands in the path, as most servers that are not AWS need it. */
  readonly s3ForcePathStyle?: 'off' | 'on'
  /**
   * Where accepted events rest as Parquet: `s3({ bucket: … })`, `local('/mnt/lake')`, 'local'
   * (DATA/lake), a directory, `s3://bucket/prefix`, or 'off'.
   */
  readonly archive?: ArchiveTarget | string
  /** Bytes of the log at which a range of the archive is cut, as '64MiB'. */
  readonly archiveBytes?: string
  /** How long a range of the archive waits until it is cut, as '10m'. */
  readonly archiveInterval?: string
  /** Event types besides the built-in six, or with more fields under one of their names. */
  readonly events?: readonly EventSchema[]
  /** Metrics besides the built-in ones, or instead of one of the same name. */
  readonly metrics?: readonly Metric[]
  /** How more calls of Segment's libraries become events. */
  readonly segment?: SegmentConfig
}

/** Types a config: a wrong field name is then a compile error. */
export function defineConfig(config: WeirConfig): WeirConfig {
  return config
}
