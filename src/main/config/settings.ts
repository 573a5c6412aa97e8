/**
 * Every setting there is, once: its name in weir.config.ts, its flag, its WEIR_ variable, its
 * default and what it does. The loader, `weir config`, `--help` and the reference page read this.
 */
import type { KafkaCodec } from '../../model/kafka.ts'
import { Fault } from '../../std/fault.ts'
import { parseDuration, parseSize } from '../../std/units.ts'
import { parseS3Url } from './s3-url.ts'

export interface Setting<Value> {
  readonly default: string
  /** One line for people; what it is, its unit or form. */
  readonly about: string
  /** Not to be shown. */
  readonly isSecret?: boolean
  /**
   * Reads what was written, on whatever way it came. `what` names the setting and where it stood.
   */
  readonly parse: (text: string, what: string) => Value
}

const INTEGER = /^\d{1,15}$/

function text(fallback: string, about: string): Setting<string> {
  return { default: fallback, about, parse: value => value }
}

function oneOf<const Choice extends string>(
  choices: readonly Choice[],
  fallback: Choice,
  about: string,
): Setting<Choice> {
  return {
    default: fallback,
    about: `${about}; ${choices.join(' or ')}`,
    parse: (value, what) => {
      const found = choices.find(choice => choice === value)
      if (found === undefined) refuse(what, value, `one of ${choices.join(', ')}`)
      return found
    },
  }
}

function whole(
  fallback: number,
  range: readonly [min: number, max: number],
  about: string,
): Setting<number> {
  const [min, max] = range
  return {
    default: String(fallback),
    about,
    parse: (value, what) => {
      const number = INTEGER.test(value) ? Number(value) : Number.NaN
      if (!(number >= min && number <= max)) refuse(what, value, `a whole number ${min}..${max}`)
      return number
    },
  }
}

function duration(fallback: string, about: string): Setting<number> {
  return { default: fallback, about, parse: parseDuration }
}

function durationOrOff(fallback: string, about: string): Setting<number | null> {
  return {
    default: fallback,
    about: `${about}; or off`,
    parse: (value, what) => (value === 'off' ? null : parseDuration(value, what)),
  }
}

function textOrOff(fallback: string, about: string): Setting<string | null> {
  return {
    default: fallback,
    about: `${about}; or off`,
    parse: value => (value === 'off' || value === '' ? null : value),
  }
}

function wholeOrAuto(
  range: readonly [min: number, max: number],
  about: string,
): Setting<number | null> {
  const number = whole(0, range, about)
  return {
    default: 'auto',
    about,
    parse: (value, what) => (value === 'auto' ? null : number.parse(value, what)),
  }
}

function wholeOrOff(
  fallback: number,
  range: readonly [min: number, max: number],
  about: string,
): Setting<number | null> {
  const number = whole(fallback, range, about)
  return {
    default: String(fallback),
    about: `${about}; or off`,
    parse: (value, what) => (value === 'off' ? null : number.parse(value, what)),
  }
}

/** With commas between; each is checked. */
function listOf(
  about: string,
  wanted: string,
  isRight: (item: string) => boolean,
): Setting<readonly string[]> {
  return {
    default: '',
    about,
    parse: (value, what) => {
      const items = value.split(',').map(item => item.trim())
      const given = items.filter(item => item !== '')
      const wrong = given.find(item => !isRight(item))
      if (wrong !== undefined) refuse(what, wrong, wanted)
      return given
    },
  }
}

function size(fallback: string, about: string): Setting<number> {
  return { default: fallback, about, parse: parseSize }
}

function sizeOrOff(fallback: string, about: string): Setting<number | null> {
  return {
    default: fallback,
    about: `${about}; or off`,
    parse: (value, what) => (value === 'off' ? null : parseSize(value, what)),
  }
}

function directoryOrBucket(about: string): Setting<string> {
  return {
    default: '',
    about,
    parse: (value, what) => {
      parseS3Url(value, what)
      return value
    },
  }
}

function httpUrl(about: string): Setting<string> {
  return {
    default: '',
    about,
    parse: (value, what) => {
      const isUrl = /^https?:\/\//.test(value) && URL.canParse(value)
      if (value !== '' && !isUrl) refuse(what, value, 'http://host:port or https://host')
      return value
    },
  }
}

function refuse(what: string, value: string, wanted: string): never {
  throw new Fault('CONFIG_INVALID', `${what} is '${value}', not ${wanted}`)
}

/** As browsers write it: no path, no `/` at the end, and no `*`. */
function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text
}

function isHostName(text: string): boolean {
  return /^[A-Za-z0-9._-]+$/.test(text)
}

/** Whether it is an address or a range is decided where it is used. */
function isRangeText(text: string): boolean {
  return /^[0-9a-fA-F.:]+(\/\d{1,3})?$/.test(text)
}

/** In the order in which they are shown. Durations come out in milliseconds, sizes in bytes. */
export const SETTINGS: {
  readonly data: Setting<string>
  readonly port: Setting<number>
  readonly host: Setting<string>
  readonly keys: Setting<string | null>
  readonly hostsAllowed: Setting<readonly string[]>
  readonly originsAllowed: Setting<readonly string[]>
  readonly trustedProxies: Setting<readonly string[]>
  readonly writeRate: Setting<number | null>
  readonly readRate: Setting<number | null>
  readonly traffic: Setting<number>
  readonly seed: Setting<number>
  readonly zone: Setting<string>
  readonly currency: Setting<string>
  readonly partitions: Setting<number>
  readonly partitioner: Setting<'murmur2' | 'crc32'>
  readonly topicPrefix: Setting<string>
  readonly grace: Setting<number>
  readonly dedupDays: Setting<number>
  readonly futureSkew: Setting<number>
  readonly eventAgeMax: Setting<number | null>
  readonly seenIdsMemoryMax: Setting<number>
  readonly storeMemoryMax: Setting<number>
  readonly compactAfterRows: Setting<number>
  readonly commitInterval: Setting<number>
  readonly segmentBytes: Setting<number>
  readonly logBytesMax: Setting<number>
  readonly retention: Setting<number | null>
  readonly retentionBytes: Setting<number | null>
  readonly kafka: Setting<string | null>
  readonly kafkaTls: Setting<'off' | 'on'>
  readonly kafkaSasl: Setting<'off' | 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'aws-msk-iam'>
  readonly kafkaUsername: Setting<string>
  readonly kafkaPassword: Setting<string>
  readonly kafkaCompression: Setting<KafkaCodec>
  readonly kafkaReplicationFactor: Setting<number | null>
  readonly kafkaMinInsyncReplicas: Setting<number | null>
  readonly kafkaRetention: Setting<number>
  readonly kafkaGroup: Setting<string>
  readonly kafkaSession: Setting<number>
  readonly results: Setting<string>
  readonly s3Endpoint: Setting<string>
  readonly s3Region: Setting<string>
  readonly s3ForcePathStyle: Setting<'off' | 'on'>
  readonly archive: Setting<string>
  readonly archiveBytes: Setting<number>
  readonly archiveInterval: Setting<number>
  readonly metrics: Setting<'off' | 'emf'>
} = {
  data: text('./.weir', 'directory of the log, the store and the keys'),
  port: whole(
    8787,
    [0, 65_535],
    'TCP port of the collector, the API and the page; 0 is one that is free',
  ),
  host: text('127.0.0.1', 'address to listen on; one that others reach needs keys'),
  keys: {
    default: '',
    about: 'file of the keys that callers need; if empty, DATA/keys.json; or off',
    parse: value => (value === 'off' ? null : value),
  },
  hostsAllowed: listOf('names that the server may be called by', 'a name without port', isHostName),
  originsAllowed: listOf(
    'origins whose pages may send events and read answers, as https://shop.example',
    'an origin as https://shop.example',
    isOrigin,
  ),
  trustedProxies: listOf(
    'addresses, or ranges as 10.0.0.0/8, of proxies whose X-Forwarded-For is believed',
    'an address, or a range as 10.0.0.0/8',
    isRangeText,
  ),
  writeRate: wholeOrOff(
    1_000,
    [1, 10_000_000],
    'requests with events a second, of one address; of one key ten times as many',
  ),
  readRate: wholeOrOff(
    100,
    [1, 10_000_000],
    'other requests a second, of one address; of one key ten times as many',
  ),
  traffic: whole(20, [0, 100_000], 'synthetic visitors, in events per second; 0: none'),
  seed: whole(1, [0, 4_294_967_295], 'seed of the synthetic visitors'),
  zone: text('UTC', 'IANA time zone of windows, unless a metric has its own'),
  currency: text('USD', 'ISO 4217 code of amounts without data.currency'),
  partitions: whole(4, [1, 1024], 'partitions of every topic; fixed once data exists'),
  partitioner: oneOf(['murmur2', 'crc32'], 'murmur2', 'how producers place users in partitions'),
  topicPrefix: text('', 'put before event types to name their topics'),
  grace: duration('10m', 'how long after its end a window becomes final'),
  dedupDays: whole(1, [0, 30], 'UTC days that two sightings of one event may be apart'),
  futureSkew: duration('1h', 'how far past its arrival a timestamp may be'),
  eventAgeMax: durationOrOff('off', 'how far before its arrival a timestamp may be'),
  seenIdsMemoryMax: size('128MiB', 'memory for ids of seen events and distinct values'),
  storeMemoryMax: size('128MiB', 'memory for the store'),
  compactAfterRows: whole(30_000, [1, 1e9], 'rows of a metric from which on it is compacted'),
  commitInterval: duration(
    '200ms',
    'time between commits; of digest workers 500ms at least, and 10s on S3 unless it is set',
  ),
  segmentBytes: size('64MiB', 'size at which a segment of the log is closed'),
  logBytesMax: size('20GiB', 'size of the log at which the collector answers 503'),
  retention: durationOrOff('7d', 'age at which digested segments may be deleted'),
  retentionBytes: sizeOrOff('off', 'size of a partition above which digested segments are deleted'),
  kafka: textOrOff('off', 'brokers that hold the log, as host:port,host:port'),
  kafkaTls: oneOf(['off', 'on'], 'off', 'whether to talk to brokers over TLS'),
  kafkaSasl: oneOf(
    ['off', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'aws-msk-iam'],
    'off',
    'how to log in to brokers',
  ),
  kafkaUsername: text('', 'name to log in to brokers with'),
  kafkaPassword: { ...text('', 'password to log in to brokers with'), isSecret: true },
  kafkaCompression: oneOf(
    ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    'zstd',
    'how batches to brokers are compressed',
  ),
  kafkaReplicationFactor: wholeOrAuto(
    [1, 100],
    'copies of each partition of topics that are made; auto: three, or one per broker',
  ),
  kafkaMinInsyncReplicas: wholeOrAuto(
    [1, 100],
    'copies that must have a record before it is acknowledged; auto: two of three, else one',
  ),
  kafkaRetention: duration('7d', 'how long topics that are made keep records'),
  kafkaGroup: text('weir', 'consumer group of the digest workers'),
  kafkaSession: duration('10s', 'silence after which a digest worker is taken for dead'),
  results: directoryOrBucket(
    'directory, or s3://bucket/folder, that digest workers and weir serve share; if empty, ' +
      'DATA/results-place',
  ),
  s3Endpoint: httpUrl('URL of a server that speaks as S3 does; if empty, AWS'),
  s3Region: text('', 'region of buckets; if empty, AWS_REGION or that of the profile'),
  s3ForcePathStyle: oneOf(
    ['off', 'on'],
    'off',
    'whether a bucket stands in the path, as most servers that are not AWS need it',
  ),
  archive: text(
    'local',
    'where accepted events rest as Parquet: local (DATA/lake), a directory, s3://bucket/prefix, ' +
      'or off',
  ),
  archiveBytes: size('64MiB', 'bytes of the log at which a range of the archive is cut'),
  archiveInterval: duration('10m', 'how long a range of the archive waits until it is cut'),
  metrics: oneOf(
    ['off', 'emf'],
    'off',
    'what is written to stdout once a minute: emf is for CloudWatch; not in weir.config.ts',
  ),
}

export type SettingName = keyof typeof SETTINGS
export type Settings = {
  readonly [Name in SettingName]: ReturnType<(typeof SETTINGS)[Name]['parse']>
}

export const SETTING_NAMES: readonly SettingName[] = Object.keys(SETTINGS) as SettingName[]

/** `seenIdsMemoryMax` to `--seen-ids-memory-max`. */
export function toFlag(name: SettingName): string {
  return `--${name.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`
}

/** `seenIdsMemoryMax` to `WEIR_SEEN_IDS_MEMORY_MAX`. */
export function toVariable(name: SettingName): string {
  return `WEIR_${name.replaceAll(/[A-Z]/g, letter => `_${letter}`).toUpperCase()}`
}
