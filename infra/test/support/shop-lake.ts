/** Three days of a shop in a bucket, as Parquet; and what the oracle says of each of its events. */
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { S3Access } from '../../../scripts/s3/server.ts'
import { SHOP_EVENTS } from '../../../src/model/shop-events.ts'
import { openS3Objects } from '../../../src/objects/s3/s3-objects.ts'
import { toUtf8 } from '../../../src/std/bytes.ts'
import type { Prng } from '../../../src/std/prng.ts'
import { createPrng } from '../../../src/std/prng.ts'
import type { Judged } from '../../../test/oracle/judge.ts'
import { judge } from '../../../test/oracle/judge.ts'
import type { OracleRecord } from '../../../test/oracle/read-log.ts'
import { SHOP_SETTINGS } from '../../../test/oracle/shop.ts'
import { writeLake } from '../../../test/support/lake.ts'
import { toS3Options } from '../../../test/support/s3.ts'

export interface ShopLakeOptions {
  readonly access: S3Access
  readonly bucket: string
  /** Empty, for what lies between. */
  readonly directory: string
  readonly seed: number
}

const FIRST_MS = Date.parse('2026-11-21T00:00:00Z')
const STEP_MS = 150_000
const EVENTS = 1800
const PARTITIONS = 4

/** Puts `lake/events/…` of the days from 2026-11-21, and gives what was judged. */
export async function putShopLake(options: ShopLakeOptions): Promise<readonly Judged[]> {
  const { access, bucket, directory, seed } = options
  const judged = judge(createRecords(createPrng(seed)), SHOP_SETTINGS)
  await writeLake(directory, judged, SHOP_EVENTS)
  await using objects = openS3Objects(toS3Options(access, bucket))
  const files = await readdir(directory, { recursive: true, withFileTypes: true })
  for (const file of files.filter(one => one.name.endsWith('.parquet'))) {
    const path = join(file.parentPath, file.name)
    await objects.put(`lake/${relative(directory, path)}`, await readFile(path))
  }
  return judged
}

function createRecords(prng: Prng): readonly OracleRecord[] {
  const nexts = new Map<string, number>()
  const records: OracleRecord[] = []
  for (let at = 0; at < EVENTS; at += 1) {
    const user = prng.nextBelow(60)
    const timeMs = FIRST_MS + at * STEP_MS
    // Some come twice, the second time as they were.
    const copies = prng.nextChance(0.03) ? 2 : 1
    const event = createEvent(prng, { at, user, timeMs })
    const [topic, partition] = [event.event_type, user % PARTITIONS]
    for (let copy = 0; copy < copies; copy += 1) {
      const place = `${topic} ${partition}`
      const offset = nexts.get(place) ?? 0
      nexts.set(place, offset + 1)
      records.push({
        topic,
        partition,
        offset,
        arrivalMs: timeMs + 2000 + copy,
        key: toUtf8(event.user_id),
        value: toUtf8(JSON.stringify(event)),
        headers: new Map(),
      })
    }
  }
  return records
}

interface Given {
  readonly at: number
  readonly user: number
  readonly timeMs: number
}

interface Event {
  readonly event_id: string
  readonly event_type: string
  readonly user_id: string
  readonly timestamp: string
  readonly data: object
}

function createEvent(prng: Prng, { at, user, timeMs }: Given): Event {
  const product_id = `p${prng.nextBelow(12)}`
  const currency = prng.nextChance(0.3) ? { currency: 'EUR' } : {}
  // A purchase in two is told again under the order of one before.
  const order_id = `o${prng.nextChance(0.2) ? Math.floor(at / 40) : at}`
  const total_amount = prng.nextBelow(100_000) / 100
  const kinds: readonly (readonly [type: string, data: object])[] = [
    ['page_view', { page_url: '/' }],
    ['product_view', { product_id }],
    ['add_to_cart', { product_id, quantity: 1 + prng.nextBelow(3) }],
    ['purchase', { order_id, total_amount, ...currency }],
    // No amount: invalid.
    ['purchase', { order_id }],
  ]
  const [event_type, data] = kinds[prng.nextBelow(kinds.length)] ?? ['page_view', {}]
  const timestamp = new Date(timeMs).toISOString()
  return { event_id: `e${at}`, event_type, user_id: `u${user}`, timestamp, data }
}
