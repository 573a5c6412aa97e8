/** Lakes for tests: records in, and what plain Parquet readers find. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { Catalog } from '../model/catalog.ts'
import { createCatalog } from '../model/catalog.ts'
import type { EventSchema } from '../model/event.ts'
import type { ObjectStore } from '../model/object-store.ts'
import type { Fetch, NewRecord } from '../model/record.ts'
import { encodeRecordBatch } from '../model/record-batch.ts'
import type { Reason } from '../model/refused.ts'
import { createRefusedWriter } from '../model/refused.ts'
import { SHOP_EVENTS } from '../model/shop-events.ts'
import { concatBytes } from '../std/bytes.ts'
import { createSystemClock } from '../std/clock.ts'
import { MIB } from '../std/units.ts'
import type { LakeOptions } from './lake.ts'
import type { RangeSource } from './range.ts'

export const ARRIVAL_MS: number = Date.UTC(2026, 2, 1, 12)
export const never: AbortSignal = new AbortController().signal

export function catalogOf(events: readonly EventSchema[], currency = 'USD'): Catalog {
  return createCatalog({
    events: [...SHOP_EVENTS, ...events],
    topicPrefix: '',
    currency,
    dedupDays: 1,
    futureSkewMs: 0,
    eventAgeMsMax: null,
    partitions: 2,
    partitioner: 'murmur2',
  })
}

export type SentRecord = Pick<NewRecord, 'key' | 'value' | 'headers'>

/** What was not accepted, by offset; null: a duplicate. */
export type Refusals = ReadonlyMap<number, Reason | null>

export interface SourceOptions {
  readonly topic: string
  readonly records: readonly SentRecord[]
  readonly refusals?: Refusals
  /** How many records a batch and a pull have. */
  readonly batchSize?: number
  readonly pullSize?: number
  /** Where the source begins, and how far it is digested. */
  readonly first?: number
  readonly next?: number
}

/** Records of partition 0 from offset 0 on, as the log and the store would give them. */
export function sourceOf(options: SourceOptions): RangeSource {
  const { topic, records, refusals = new Map(), first = 0, next = records.length } = options
  const { batchSize = 50, pullSize = 200 } = options
  return {
    topic,
    partition: 0,
    first,
    next,
    read: async function* () {
      for (let at = 0; at < records.length; at += pullSize) {
        const end = Math.min(at + pullSize, records.length)
        if (end > first) yield [toFetch(topic, records.slice(at, end), { at, batchSize })]
      }
    },
    refused: async from => {
      const writer = createRefusedWriter(from)
      for (let offset = from; offset < records.length; offset += 1) {
        const reason = refusals.get(offset)
        if (reason !== undefined) writer.refuse(offset, 1, reason)
      }
      return from >= records.length ? [] : [writer.take(records.length)]
    },
  }
}

function toFetch(
  topic: string,
  records: readonly SentRecord[],
  { at, batchSize }: { readonly at: number; readonly batchSize: number },
): Fetch {
  const batches: Uint8Array[] = []
  for (let index = 0; index < records.length; index += batchSize) {
    const part = records.slice(index, index + batchSize)
    const batch = { baseOffset: at + index, arrivalMs: ARRIVAL_MS, records: part }
    batches.push(encodeRecordBatch(batch))
  }
  const offsetNext = at + records.length
  const bounds = {
    offset: at,
    offsetNext,
    offsetFirst: 0,
    offsetEnd: offsetNext,
    abortedCount: 0,
    isVerified: false,
  }
  return { topic, partition: 0, ...bounds, bytes: concatBytes(batches) }
}

export interface LakeBed extends AsyncDisposable {
  readonly directory: string
  options(objects: ObjectStore, catalog: Catalog): LakeOptions
}

export async function openBed(): Promise<LakeBed> {
  const directory = await mkdtemp(join(tmpdir(), 'weir-lake-'))
  let count = 0
  return {
    directory,
    options: (objects, catalog) => {
      count += 1
      return {
        objects,
        catalog,
        scratchDirectory: join(directory, `scratch-${count}`),
        rangeBytesMax: 64 * MIB,
        clock: createSystemClock(),
        breathe: async () => undefined,
      }
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  }
}

export async function keysOf(objects: ObjectStore, prefix = ''): Promise<readonly string[]> {
  const keys: string[] = []
  for await (const { key } of objects.list(prefix)) keys.push(key)
  return keys
}

export async function bytesOf(objects: ObjectStore, key: string): Promise<Uint8Array> {
  const found = await objects.get(key)
  return found === null || found === 'unchanged' ? new Uint8Array(0) : found.bytes
}

export type LakeRow = Readonly<Record<string, unknown>>

/** All rows below a prefix, as DuckDB reads the files, in the order of `"offset"`. */
export async function rowsBelow(
  objects: ObjectStore,
  prefix: string,
  directory: string,
): Promise<readonly LakeRow[]> {
  const copy = await mkdtemp(join(directory, 'copy-'))
  const keys = await keysOf(objects, prefix)
  if (keys.length === 0) return []
  for (const key of keys) {
    await mkdir(dirname(join(copy, key)), { recursive: true })
    await writeFile(join(copy, key), await bytesOf(objects, key))
  }
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  const reader = await connection.runAndReadAll(
    `SELECT * FROM read_parquet('${copy}/${prefix}**/*.parquet', hive_partitioning = false)
    ORDER BY "offset"`,
  )
  const rows = reader.getRowObjects()
  connection.closeSync()
  instance.closeSync()
  return rows
}
