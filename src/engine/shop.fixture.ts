/** For the tests of this room: an event type with a field of each kind, and events of it. */
import type { Catalog } from '../model/catalog.ts'
import type { EventSchema } from '../model/event.ts'
import { defineEvent } from '../model/event.ts'
import type { FieldMap } from '../model/field.ts'
import { boolean, decimal, integer, money, string } from '../model/field.ts'
import type { Metric } from '../model/metric.ts'
import { count } from '../model/metric.ts'

const FIELDS: FieldMap = {
  text: string({ optional: true }),
  whole: integer({ optional: true }),
  weight: decimal(3, { optional: true }),
  price: money({ optional: true }),
  flag: boolean({ optional: true }),
}
export const thing: EventSchema = defineEvent('thing', FIELDS)
export const other: EventSchema = defineEvent('other', FIELDS)

export function catalogOf(changes: Partial<Catalog> = {}): Omit<Catalog, 'version'> {
  return {
    events: [thing, other],
    topicPrefix: '',
    currency: 'USD',
    dedupDays: 1,
    futureSkewMs: 3_600_000,
    eventAgeMsMax: null,
    partitions: 1,
    partitioner: 'murmur2',
    ...changes,
  }
}

/** A metric past the types of defineMetric, as a config of plain JavaScript gives it. */
export function metric(given: Partial<Metric>): Metric {
  const nothing = { groupBy: [], where: null, once: null, top: null, zone: null }
  const measures = { n: count() }
  return {
    kind: 'metric',
    name: 'm',
    from: ['thing'],
    window: 'all',
    measures,
    ...nothing,
    ...given,
  }
}

/** A clock's time on a day of August 2024, counted from the 10th. */
export const day = (number: number, clock: string): string =>
  `${new Date(Date.UTC(2024, 7, 10 + number)).toISOString().slice(0, 10)}T${clock}Z`

export interface Sketch {
  readonly id?: string
  readonly user?: string
  readonly time?: string
  readonly type?: string
  readonly data?: object
}

let eventCount = 0

/** An event; without an id, of one that no other has. */
export function event({ id, user, time, type, data }: Sketch = {}): object {
  eventCount += 1
  return {
    event_id: id ?? `own ${eventCount}`,
    event_type: type ?? 'thing',
    user_id: user ?? 'u',
    timestamp: time ?? '2024-09-03T10:00:00Z',
    data: data ?? {},
  }
}

/** Events of nothing but these data. */
export function things(...data: readonly object[]): readonly object[] {
  return data.map(one => event({ data: one }))
}
