/**
 * The lake against the oracle: of random logs every accepted event is a row with the oracle's
 * values, every invalid one a reject, whatever store keeps the digest, and however ranges are cut.
 */
import { deepStrictEqual } from 'node:assert'
import { join } from 'node:path'
import fc from 'fast-check'
import { test } from 'vitest'
import type { LakeRow } from '../src/lake/lake.fixture.ts'
import { rowsBelow } from '../src/lake/lake.fixture.ts'
import type { EventLog } from '../src/log/log.ts'
import { openSegmentLog } from '../src/log/segment/segment-log.ts'
import type { Catalog } from '../src/model/catalog.ts'
import { createCatalog, topicsOf } from '../src/model/catalog.ts'
import { lakeColumnOf } from '../src/model/lake-columns.ts'
import { openMemoryObjects } from '../src/objects/memory/memory-objects.ts'
import { present } from '../src/std/assert.ts'
import { createSystemClock } from '../src/std/clock.ts'
import { openDuckDbStore } from '../src/store/duckdb/duckdb.ts'
import { createMemoryDisk, openMemoryStore } from '../src/store/memory/memory.ts'
import { openPlaced } from '../src/store/results/placed.contract.ts'
import type { Store } from '../src/store/store.ts'
import type { Judged, Value } from './oracle/judge.ts'
import { judge } from './oracle/judge.ts'
import { readLog } from './oracle/read-log.ts'
import { SHOP_SETTINGS, SHOP_TYPES } from './oracle/shop.ts'
import { archiveAll } from './support/archived.ts'
import { createPlace } from './support/place.ts'
import { REVIEW_TYPE, toCatalog } from './support/product.ts'
import { checkAsyncProperty } from './support/property.ts'
import type { Tick } from './support/random-log.ts'
import { randomTicks, toAppends } from './support/random-log.ts'

interface LakeCase {
  readonly ticks: readonly Tick[]
  readonly currency: string
  readonly partitions: number
  readonly store: 'disk' | 'memory' | 'results'
  readonly recordsPerAppend: number
  readonly rangeBytesMax: number
}

const cases: fc.Arbitrary<LakeCase> = fc.record({
  ticks: randomTicks(300),
  currency: fc.constantFrom('USD', 'JPY', 'KWD'),
  partitions: fc.constantFrom(1, 2),
  store: fc.constantFrom('disk', 'memory', 'results'),
  recordsPerAppend: fc.constantFrom(1, 20, 1_000),
  rangeBytesMax: fc.constantFrom(1, 5_000, 1 << 26),
})

test('every record rests in the lake as the oracle judges it', async () => {
  await checkAsyncProperty(fc.asyncProperty(cases, assertLake), 12)
}, 180_000)

async function assertLake(given: LakeCase): Promise<void> {
  await using place = await createPlace()
  const { directory } = place
  const settings = {
    ...SHOP_SETTINGS,
    currency: given.currency,
    types: [...SHOP_TYPES, REVIEW_TYPE],
  }
  const catalog = createCatalog(toCatalog(settings, given.partitions))
  const objects = openMemoryObjects()
  await using log = await openLogOf(given, catalog, directory)
  const openStore = createStores(given, directory)
  const ledger = await archiveAll({
    ...given,
    log,
    catalog,
    plans: [],
    openStore,
    objects,
    directory,
  })
  deepStrictEqual(ledger.balanced, true, JSON.stringify(ledger))
  const judged = judge(readLog(join(directory, 'log')), settings)
  const rows = new Map<string, LakeRow>()
  for (const { name } of catalog.events) {
    const found = await rowsBelow(objects, `events/event_type=${name}/`, directory)
    for (const row of found) note(rows, row)
  }
  const rejects = new Map<string, LakeRow>()
  for (const row of await rowsBelow(objects, 'rejects/', directory)) note(rejects, row)
  for (const one of judged) assertRecord(one, { rows, rejects, catalog })
  deepStrictEqual([rows.size, rejects.size], [0, 0], 'rows of no record')
}

function note(rows: Map<string, LakeRow>, row: LakeRow): void {
  const name = `${String(row['topic'])} ${String(row['partition'])} ${String(row['offset'])}`
  deepStrictEqual(rows.has(name), false, `${name} is in the lake twice`)
  rows.set(name, row)
}

interface Found {
  readonly rows: Map<string, LakeRow>
  readonly rejects: Map<string, LakeRow>
  readonly catalog: Catalog
}

function assertRecord({ record, verdict }: Judged, { rows, rejects, catalog }: Found): void {
  const name = `${record.topic} ${record.partition} ${record.offset}`
  if (verdict.kind === 'duplicate') return
  const place = verdict.kind === 'accepted' ? rows : rejects
  const row = present(place.get(name), `${name}, ${verdict.kind}, in the lake`)
  place.delete(name)
  deepStrictEqual(row['arrival_ms'], BigInt(record.arrivalMs))
  if (verdict.kind === 'invalid') {
    const { code, pointer } = verdict
    deepStrictEqual([row['code'], row['pointer']], [code, pointer], name)
    deepStrictEqual(bytesOfBlob(row['value']), bytesOf(record.value))
    return
  }
  const { event } = verdict
  const schema = present(
    catalog.events.find(one => one.name === event.type),
    event.type,
  )
  deepStrictEqual(row['timestamp_ms'], BigInt(event.timeMs))
  const { micros } = row['timestamp'] as { readonly micros: bigint }
  deepStrictEqual(micros, BigInt(event.timeMs) * 1_000n, name)
  const paths = ['session_id', 'data.currency', 'user_id', 'event_id', 'event_type']
  const fields = Object.entries(schema.data).filter(([, field]) => field.kind !== 'list')
  for (const path of [...paths, ...fields.map(([field]) => `data.${field}`)]) {
    const column = present(lakeColumnOf(schema, path) ?? undefined, path)
    const value = event.fields.get(path) ?? null
    deepStrictEqual(toPlain(row[column.name]), toExpected(value), `${path} of ${name}`)
  }
  const hasMoney = Object.values(schema.data).some(field => field.kind === 'money')
  deepStrictEqual(row['currency'], hasMoney ? event.currency : null)
}

/** Units of decimals and money, integers, booleans and texts. */
function toPlain(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && 'scale' in value && 'value' in value) {
    return value.value
  }
  return value
}

function toExpected(value: Value | null): unknown {
  return typeof value === 'object' && value !== null ? value.units : value
}

function bytesOf(bytes: Uint8Array | null): readonly number[] | null {
  return bytes === null ? null : [...bytes]
}

function bytesOfBlob(value: unknown): readonly number[] | null {
  return value === null ? null : [...(value as { readonly bytes: Uint8Array }).bytes]
}

async function openLogOf(given: LakeCase, catalog: Catalog, directory: string): Promise<EventLog> {
  const system = createSystemClock()
  let nowMs = 0
  const log = await openSegmentLog({
    directory: join(directory, 'log'),
    topics: topicsOf(catalog),
    partitions: catalog.partitions,
    clock: { ...system, now: () => nowMs },
    segmentBytes: 4_096,
    retentionBytes: null,
    retentionMs: null,
    logBytesMax: Number.MAX_SAFE_INTEGER,
  })
  const { signal } = new AbortController()
  for (const append of toAppends(given.ticks, given.partitions, given.recordsPerAppend)) {
    nowMs = append.arrivalMs
    await log.append(append.records, signal)
  }
  return log
}

/** Opens the same store again and again. */
function createStores({ store, partitions }: LakeCase, directory: string): () => Promise<Store> {
  const shards = partitions
  const disk = createMemoryDisk()
  const objects = openMemoryObjects()
  if (store === 'memory') return async () => openMemoryStore({ plans: [], shards, disk })
  if (store === 'disk') {
    return () => openDuckDbStore({ directory: join(directory, 'store'), plans: [], shards })
  }
  const cache = join(directory, 'cache')
  return () =>
    openPlaced({ objects, directory: cache, plans: [], shards, writers: 'many', crowd: 2 })
}
