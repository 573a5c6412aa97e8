/**
 * An object store that fails in every way, and owners that do not know that they are none any more:
 * every accepted event is in the lake once.
 */
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EventLog } from '../src/log/log.ts'
import { openSegmentLog } from '../src/log/segment/segment-log.ts'
import type { Catalog } from '../src/model/catalog.ts'
import { createCatalog, topicsOf } from '../src/model/catalog.ts'
import type { ObjectStore } from '../src/model/object-store.ts'
import { openLocalObjects } from '../src/objects/local/local-objects.ts'
import { openMemoryObjects } from '../src/objects/memory/memory-objects.ts'
import { createSystemClock } from '../src/std/clock.ts'
import { Fault } from '../src/std/fault.ts'
import { createPrng } from '../src/std/prng.ts'
import { openDuckDbStore } from '../src/store/duckdb/duckdb.ts'
import { openPlaced } from '../src/store/results/placed.contract.ts'
import { SHOP_SETTINGS } from './oracle/shop.ts'
import { archiveAll } from './support/archived.ts'
import { assertLakeIsExact } from './support/lake-check.ts'
import { createPlace } from './support/place.ts'
import { toCatalog } from './support/product.ts'
import { randomTicks, toAppends } from './support/random-log.ts'

const SEED = Number(process.env['WEIR_TEST_SEED'] ?? Date.now() % 1_000_000)
const PARTITIONS = 2
const clock = createSystemClock()
const catalog: Catalog = createCatalog(toCatalog(SHOP_SETTINGS, PARTITIONS))

async function openLogOf(directory: string, seed: number): Promise<EventLog> {
  let nowMs = 0
  const log = await openSegmentLog({
    directory: join(directory, 'log'),
    topics: topicsOf(catalog),
    partitions: PARTITIONS,
    clock: { ...clock, now: () => nowMs },
    segmentBytes: 16_384,
    retentionBytes: null,
    retentionMs: null,
    logBytesMax: Number.MAX_SAFE_INTEGER,
  })
  const [ticks = []] = fc.sample(randomTicks(160), { seed, numRuns: 1 })
  for (const { arrivalMs, records } of toAppends(ticks, PARTITIONS, 50)) {
    nowMs = arrivalMs
    const known = records.filter(record => topicsOf(catalog).includes(record.topic))
    await log.append(known, new AbortController().signal)
  }
  return log
}

/** Fails `share` of its calls: before the effect, or after it, as a connection that is cut does. */
function withFaults(
  objects: ObjectStore,
  { share, seed, outMs }: { readonly share: number; readonly seed: number; readonly outMs: number },
): ObjectStore {
  const prng = createPrng(seed)
  const sinceMs = clock.monotonic()
  const perhapsFail = (): void => {
    const isOut = clock.monotonic() - sinceMs < outMs
    if (!isOut && !prng.nextChance(share / 2)) return
    throw new Fault('OBJECTS_UNAVAILABLE', 'the connection was reset')
  }
  return {
    put: async (key, bytes, options) => {
      perhapsFail()
      const outcome = await objects.put(key, bytes, options)
      perhapsFail()
      return outcome
    },
    get: async (key, options) => {
      perhapsFail()
      return await objects.get(key, options)
    },
    list: (prefix, signal) => objects.list(prefix, signal),
    delete: async key => {
      perhapsFail()
      await objects.delete(key)
      perhapsFail()
    },
  }
}

test.each([
  { share: 0.3, outMs: 0 },
  { share: 0.3, outMs: 5_000 },
])(
  'calls fail, $share of them, and all for $outMs ms',
  async ({ share, outMs }) => {
    await using place = await createPlace()
    const { directory } = place
    await using log = await openLogOf(directory, SEED)
    const lake = join(directory, 'lake')
    const outages: (string | null)[] = []
    const ledger = await archiveAll({
      log,
      catalog,
      plans: [],
      openStore: () =>
        openDuckDbStore({ directory: join(directory, 'store'), plans: [], shards: PARTITIONS }),
      objects: withFaults(openLocalObjects({ directory: lake }), { share, seed: SEED, outMs }),
      directory,
      rangeBytesMax: 50_000,
      onOutage: fault => outages.push(fault?.code ?? null),
    })
    await assertLakeIsExact(ledger, { log: join(directory, 'log'), lake })
    if (outMs > 0) expect(outages.length, `seed ${SEED}`).toBeGreaterThan(0)
    expect(outages.filter(code => code !== null && code !== 'OBJECTS_UNAVAILABLE')).toEqual([])
  },
  90_000,
)

test('an owner that was taken over while it archives, and the next, leave one cut', async () => {
  await using place = await createPlace()
  const { directory } = place
  await using log = await openLogOf(directory, SEED + 1)
  const lake = join(directory, 'lake')
  const objects = openMemoryObjects()
  const prng = createPrng(SEED)
  const slow = (inner: ObjectStore): ObjectStore => ({
    ...inner,
    put: async (key, bytes, options) => {
      await clock.sleep(prng.nextBelow(20), new AbortController().signal)
      return await inner.put(key, bytes, options)
    },
  })
  const owner = (name: string, rangeBytesMax: number) =>
    archiveAll({
      log,
      catalog,
      plans: [],
      openStore: () =>
        openPlaced({
          objects,
          directory: join(directory, name),
          plans: [],
          shards: PARTITIONS,
          writers: 'one',
        }),
      objects: slow(openLocalObjects({ directory: lake })),
      directory: join(directory, name),
      rangeBytesMax,
    }).catch((error: unknown) => error)
  const former: Promise<unknown>[] = []
  for (const [index, size] of [1_000, 5_000, 2_500].entries()) {
    former.push(owner(`former-${index}`, size))
    await clock.sleep(60, new AbortController().signal)
  }
  const ledger = (await owner('last', 4_000)) as Parameters<typeof assertLakeIsExact>[0]
  const ends = await Promise.all(former)
  await assertLakeIsExact(ledger, { log: join(directory, 'log'), lake })
  const others = ends.filter(end => !(end instanceof Fault && end.code === 'EPOCH_FENCED'))
  expect(
    others.filter(end => end instanceof Error),
    `seed ${SEED}`,
  ).toEqual([])
}, 90_000)
