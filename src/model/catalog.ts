/**
 * The catalog: which event types there are, where they live, and the settings that verdicts depend
 * on. Its hash is the config version that is recorded with the verdicts.
 */
import { createHash } from 'node:crypto'
import { assert } from '../std/assert.ts'
import { Fault } from '../std/fault.ts'
import { CURRENCY_DECIMALS } from './currency.ts'
import type { EventSchema } from './event.ts'
import type { FieldMap } from './field.ts'

/** Name of the topic, after the prefix, of what cannot be put in the topic of a type. */
export const UNPARSED_TOPIC = 'weir.unparsed'

/**
 * Name, after the prefix, of the topic on Kafka that rejected records go to, besides the
 * quarantine.
 */
const REJECTS_TOPIC = 'weir.rejects'

export interface Catalog {
  /** In order of declaration, the built-in six first. */
  readonly events: readonly EventSchema[]
  readonly topicPrefix: string
  /** Currency of an event without `data.currency`. */
  readonly currency: string
  /** Two sightings of an id are one event if their UTC days are at most so far apart; 0..30. */
  readonly dedupDays: number
  readonly futureSkewMs: number
  /** null: events of any age are accepted. */
  readonly eventAgeMsMax: number | null
  readonly partitions: number
  readonly partitioner: 'murmur2' | 'crc32'
  /** First 16 hex digits of the SHA-256 of all of the above. */
  readonly version: string
}

const EVENT_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,199}$/
const FIELD_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/

/** Checks and freezes a catalog. Throws CONFIG_INVALID for a name that is taken or not allowed. */
export function createCatalog(settings: Omit<Catalog, 'version'>): Catalog {
  const names = new Set<string>()
  for (const event of settings.events) {
    if (!EVENT_NAME.test(event.name) || event.name.startsWith('weir.')) {
      throw new Fault(
        'CONFIG_INVALID',
        `event type '${event.name}' is no topic name; use letters, digits, _, - and ., not 'weir.'`,
      )
    }
    if (names.has(event.name)) {
      throw new Fault('CONFIG_INVALID', `event type '${event.name}' is declared twice`)
    }
    names.add(event.name)
    assertFieldNames(event.name, event.data)
  }
  if (!CURRENCY_DECIMALS.has(settings.currency)) {
    throw new Fault('CONFIG_INVALID', `currency is '${settings.currency}', not a code of ISO 4217`)
  }
  assert(settings.partitions >= 1, 'a catalog has partitions')
  const version = createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 16)
  return Object.freeze({ ...settings, version })
}

function assertFieldNames(eventName: string, fields: FieldMap): void {
  for (const [name, field] of Object.entries(fields)) {
    if (!FIELD_NAME.test(name) || name === 'currency') {
      const why = name === 'currency' ? 'is known in every type' : 'is not a field name'
      throw new Fault('CONFIG_INVALID', `field '${name}' of event type '${eventName}' ${why}`)
    }
    if (field.kind === 'list') assertFieldNames(eventName, field.fields)
  }
}

/** All topics of a catalog: one per type in order of declaration, then weir.unparsed. */
export function topicsOf(catalog: Catalog): readonly string[] {
  return [
    ...catalog.events.map(event => catalog.topicPrefix + event.name),
    unparsedTopicOf(catalog),
  ]
}

/** weir.unparsed of a catalog: every deployment has one of its own, under its prefix. */
export function unparsedTopicOf({ topicPrefix }: Pick<Catalog, 'topicPrefix'>): string {
  return topicPrefix + UNPARSED_TOPIC
}

export function rejectsTopicOf({ topicPrefix }: Pick<Catalog, 'topicPrefix'>): string {
  return topicPrefix + REJECTS_TOPIC
}

/** All shards of a catalog: partition i of every topic is shard i. */
export function shardsOf(catalog: Catalog): readonly number[] {
  return Array.from({ length: catalog.partitions }, (_, shard) => shard)
}

/** The schema whose topic this is; null for weir.unparsed and for topics of others. */
export function schemaOfTopic(catalog: Catalog, topic: string): EventSchema | null {
  return catalog.events.find(event => catalog.topicPrefix + event.name === topic) ?? null
}
