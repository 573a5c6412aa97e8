/**
 * The front door: what is received becomes records, every item of it, and the sender is told of
 * each how it looks. An event goes to the topic of its type and the partition of its user, valid or
 * not; what has no readable type or user goes to `weir.unparsed`, and is found invalid there.
 * Nothing is answered before everything is durable.
 *
 * What an item is, is decided by `split.ts`; how it comes in over HTTP, by `http.ts`.
 */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Catalog } from '../model/catalog.ts'
import { unparsedTopicOf } from '../model/catalog.ts'
import { EVENT_BYTES_MAX } from '../model/event.ts'
import { partitionOf } from '../model/partitioner.ts'
import type { Appended, Header, NewRecord } from '../model/record.ts'
import {
  HEADER_FILE,
  HEADER_LENGTH,
  HEADER_LINE,
  HEADER_REASON,
  HEADER_SHA256,
} from '../model/record.ts'
import type { Invalid, InvalidCode, ItemCheck } from '../model/verdict.ts'
import { assert } from '../std/assert.ts'
import { toUtf8 } from '../std/bytes.ts'
import type { Clock } from '../std/clock.ts'
import { MIB } from '../std/units.ts'

/** Where an imported item came from. */
export interface Origin {
  /** Why the importer could not make an event of it; null: it is to be looked at. */
  readonly reason: InvalidCode | null
  readonly file: string | null
  /** From 1. */
  readonly line: number | null
  /** What is known of the whole of an item that was cut before it came here; null: it is whole. */
  readonly cut: Cut | null
}

export interface Cut {
  readonly lengthBytes: number
  /** Lower-case hex. */
  readonly sha256: string
}

export interface Item {
  readonly bytes: Uint8Array
  readonly origin: Origin | null
}

/** What the sender is told of one item. `stored` and `invalid` ones are durable alike. */
export type ItemAnswer =
  | { readonly index: number; readonly event_id: string | null; readonly status: 'stored' }
  | {
      readonly index: number
      readonly event_id: string | null
      readonly status: 'invalid'
      readonly code: InvalidCode
      readonly pointer: string
    }

export interface CollectorLimits {
  /** Largest body of a request, as sent and after decompression. */
  readonly bodyBytesMax: number
  /** Most items in one body. */
  readonly itemCountMax: number
  /** What may be in memory at once, over all requests. */
  readonly inFlightBytesMax: number
  readonly inFlightRequestCountMax: number
}

export const COLLECTOR_LIMITS: CollectorLimits = {
  bodyBytesMax: 5 * MIB,
  itemCountMax: 10_000,
  inFlightBytesMax: 64 * MIB,
  inFlightRequestCountMax: 1_024,
}

export interface CollectorOptions {
  /** The scanner's verdict on one item, duplicates apart, with `nowMs` as its arrival. */
  readonly check: (item: Uint8Array, nowMs: number) => ItemCheck
  /** As of the log: resolves when all are durable; throws LOG_FULL or LOG_UNAVAILABLE. */
  readonly append: (
    records: readonly NewRecord[],
    signal: AbortSignal,
  ) => Promise<readonly Appended[]>
  readonly catalog: Catalog
  readonly clock: Clock
  readonly limits: CollectorLimits
}

export interface Collector {
  readonly limits: CollectorLimits
  /**
   * Stores items, one record each, and answers of each in the order given, once all are durable.
   * Throws LOG_FULL (nothing was stored) or LOG_UNAVAILABLE (some may be; sending them again does
   * no harm, since they are the same events).
   */
  collect(items: readonly Item[], signal: AbortSignal): Promise<readonly ItemAnswer[]>
}

const NO_HEADERS: readonly Header[] = []

export function createCollector(options: CollectorOptions): Collector {
  const { check, append, catalog, clock, limits } = options
  return {
    limits,
    collect: async (items, signal) => {
      const nowMs = clock.now()
      const checkNow = (bytes: Uint8Array): ItemCheck => check(bytes, nowMs)
      const records: NewRecord[] = []
      // Of all that is made of an item, little waits for the disk: collections would copy it.
      const answers = items.map((item, index) => {
        const { record, eventId, invalid } = placeItem(item, catalog, checkNow)
        records.push(record)
        return toAnswer(index, eventId, invalid)
      })
      await append(records, signal)
      return answers
    },
  }
}

interface Placed {
  readonly record: NewRecord
  readonly eventId: string | null
  readonly invalid: Invalid | null
}

function placeItem(item: Item, catalog: Catalog, check: (bytes: Uint8Array) => ItemCheck): Placed {
  if (item.bytes.length > EVENT_BYTES_MAX) return placeTooLarge(item, catalog)
  const reason = item.origin?.reason ?? null
  if (reason !== null) return placeUnparsed(item, reason, catalog)
  const { eventType, eventId, userId, invalid } = check(item.bytes)
  const headers = invalid === null ? NO_HEADERS : originHeaders(item.origin)
  if (eventType === null || userId === null) {
    assert(invalid !== null, 'an item without a type or user is invalid')
    // No reason is written: the scanner finds it again, with its pointer.
    return { record: toUnparsed(item.bytes, headers, catalog), eventId, invalid }
  }
  const record: NewRecord = {
    topic: catalog.topicPrefix + eventType,
    partition: partitionOf(userId, catalog.partitions, catalog.partitioner),
    key: userId,
    value: item.bytes,
    headers,
  }
  return { record, eventId, invalid }
}

function placeTooLarge(item: Item, catalog: Catalog): Placed {
  const { lengthBytes, sha256 } = item.origin?.cut ?? measure(item.bytes)
  const headers = [
    toHeader(HEADER_REASON, 'too_large'),
    toHeader(HEADER_LENGTH, String(lengthBytes)),
    toHeader(HEADER_SHA256, sha256),
    ...originHeaders(item.origin),
  ]
  const record = toUnparsed(item.bytes.subarray(0, EVENT_BYTES_MAX), headers, catalog)
  return { record, eventId: null, invalid: { kind: 'invalid', code: 'too_large', pointer: '' } }
}

function measure(bytes: Uint8Array): Cut {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { lengthBytes: bytes.length, sha256 }
}

function placeUnparsed(item: Item, reason: InvalidCode, catalog: Catalog): Placed {
  const headers = [toHeader(HEADER_REASON, reason), ...originHeaders(item.origin)]
  const record = toUnparsed(item.bytes, headers, catalog)
  return { record, eventId: null, invalid: { kind: 'invalid', code: reason, pointer: '' } }
}

/** Spread by a hash of the bytes, so that the same item always comes to the same place. */
function toUnparsed(value: Uint8Array, headers: readonly Header[], catalog: Catalog): NewRecord {
  const partition = crc32(value) % catalog.partitions
  return { topic: unparsedTopicOf(catalog), partition, key: null, value, headers }
}

function originHeaders(origin: Origin | null): readonly Header[] {
  if (origin === null) return NO_HEADERS
  const headers: Header[] = []
  if (origin.file !== null) headers.push(toHeader(HEADER_FILE, origin.file))
  if (origin.line !== null) headers.push(toHeader(HEADER_LINE, String(origin.line)))
  return headers
}

function toHeader(key: string, value: string): Header {
  return { key, value: toUtf8(value) }
}

function toAnswer(index: number, eventId: string | null, invalid: Invalid | null): ItemAnswer {
  if (invalid === null) return { index, event_id: eventId, status: 'stored' }
  const { code, pointer } = invalid
  return { index, event_id: eventId, status: 'invalid', code, pointer }
}
