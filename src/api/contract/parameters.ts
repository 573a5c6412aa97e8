/** The parameters that routes have: what they mean, within which bounds, and one that works. */
import { z } from 'zod'
import { LAST_MAX, LIMIT_DEFAULT, LIMIT_MAX, ROLL_UPS } from '../../model/result.ts'
import { KEY_VALUES_MAX } from '../../model/shape.ts'
import type { InvalidCode } from '../../model/verdict.ts'
import { INVALID_CODES } from '../../model/verdict.ts'
import type { Parameter } from './route.ts'

export const QUARANTINE_LIMIT_DEFAULT = 100
/** Of values of 64 KiB at most: 32 MiB. */
export const QUARANTINE_LIMIT_MAX = 500
/** Records of each partition. */
export const BACK_MAX = 1_000
export const TOP_LIMIT_DEFAULT = 10
export const TOP_LIMIT_MAX = 1_000
export const PARTITION_MAX = 1_000_000
export const CURSOR_LENGTH_MAX = 4_096
export const FORMATS = ['json', 'csv', 'ndjson'] as const

const time = z.union([z.iso.datetime({ offset: true }), z.iso.date()])
const text = z.string().min(1).max(CURSOR_LENGTH_MAX)
/** Of metrics, measures, fields and types. */
const name = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$/)
/** Of users and events, in UTF-8. */
export const ID_BYTES_MAX = 256
const whole = (min: number, max: number): z.ZodType => z.number().int().min(min).max(max)

export const nameParameter: Parameter = {
  name: 'name',
  in: 'path',
  about: 'name of the metric; GET /v1/metrics lists them',
  schema: z.string(),
  example: 'product_views',
}
export const fromParameter: Parameter = query({
  name: 'from',
  about: 'windows that begin at this time or later: RFC 3339, or a date for its UTC midnight',
  schema: time,
  example: '2024-09-03T10:00:00Z',
})
export const toParameter: Parameter = query({
  name: 'to',
  about: 'windows that begin before this time',
  schema: time,
  example: '2024-09-04',
})
export const lastParameter: Parameter = query({
  name: 'last',
  about: `only the newest so many windows that have rows, newest first: 1 to ${LAST_MAX}`,
  schema: whole(1, LAST_MAX),
  example: 7,
})
export const limitParameter: Parameter = query({
  name: 'limit',
  about: `rows at most, 1 to ${LIMIT_MAX}; ${LIMIT_DEFAULT} without it`,
  schema: whole(1, LIMIT_MAX),
  example: 100,
})
export const cursorParameter: Parameter = query({
  name: 'cursor',
  about: '`next` of the page before; all else as for that page',
  schema: text,
  example: 'WyI5YzE2…',
})
export const sourceParameter: Parameter = query({
  name: 'source',
  about: '`stream`, or the name of a batch run; `stream` without it',
  schema: text,
  example: 'stream',
})
export const windowParameter: Parameter = query({
  name: 'window',
  about:
    'larger windows of the same zone, whose rows are put together: counts, sums and extremes add ' +
    'up and ratios are divided anew; distinct counts are refused. Windows are told that begin ' +
    'within the range, whole; `all` is one, of what the range holds',
  schema: z.enum(['minute', ...ROLL_UPS]),
  example: 'day',
})
export const groupParameter: Parameter = query({
  name: 'group',
  about:
    'fields of the key to keep, with commas between; rows that differ in others only are put ' +
    'together. Empty: none is kept',
  schema: z.union([name, z.literal('')]),
  example: 'product_id',
  isList: true,
})
export const noKeyParameter: Parameter = query({
  name: 'no_key',
  about: 'fields of the key: rows that lack this field, beside those that `key.NAME` means',
  schema: name,
  example: 'product_id',
  isList: true,
})
export const measuresParameter: Parameter = query({
  name: 'measures',
  about: 'only these measures, with commas between; all without it',
  schema: name,
  example: 'views',
  isList: true,
})
export const orderParameter: Parameter = query({
  name: 'order',
  about:
    '`window_start`, `-window_start`, `key`, or a measure: `views`, the largest first ' +
    '`-views`, of money `-revenue.EUR`. Rows without a value come last; `window_start` without it',
  schema: text,
  example: '-views',
})
export const zoneParameter: Parameter = query({
  name: 'zone',
  about: "the metric's own zone, as a check; any other is refused: declare a metric per zone",
  schema: text,
  example: 'UTC',
})
export const formatParameter: Parameter = query({
  name: 'format',
  about: '`json`, `csv` (RFC 4180) or `ndjson`, a row a line; goes before the Accept header',
  schema: z.enum(FORMATS),
  example: 'csv',
})
export const byParameter: Parameter = query({
  name: 'by',
  about: 'the count to rank by; what the metric ranks by, or its first count, without it',
  schema: name,
  example: 'views',
})
export const topLimitParameter: Parameter = query({
  name: 'limit',
  about: `rows at most, 1 to ${TOP_LIMIT_MAX}; as the metric says, or ${TOP_LIMIT_DEFAULT}`,
  schema: whole(1, TOP_LIMIT_MAX),
  example: 10,
})

export const codeParameter: Parameter = query({
  name: 'code',
  about: 'only records that are invalid for this reason; docs/reference/verdicts.md lists them',
  schema: z.enum(Object.keys(INVALID_CODES) as InvalidCode[]),
  example: 'missing',
})
export const topicParameter: Parameter = query({
  name: 'topic',
  about: 'only records of this topic',
  schema: z.string(),
  example: 'purchase',
})
export const partitionParameter: Parameter = query({
  name: 'partition',
  about: 'only records of this partition',
  schema: whole(0, PARTITION_MAX),
  example: 0,
})
export const offsetParameter: Parameter = query({
  name: 'offset',
  about: 'only records at this offset',
  schema: whole(0, Number.MAX_SAFE_INTEGER),
  example: 42,
})
export const arrivedFromParameter: Parameter = {
  ...fromParameter,
  about: 'only records that arrived at this time or later: RFC 3339, or a date',
}
export const arrivedToParameter: Parameter = {
  ...toParameter,
  about: 'only records that arrived before this time',
}
export const rejectLimitParameter: Parameter = query({
  name: 'limit',
  about: `rejects at most, 1 to ${QUARANTINE_LIMIT_MAX}; ${QUARANTINE_LIMIT_DEFAULT} without it`,
  schema: whole(1, QUARANTINE_LIMIT_MAX),
  example: 20,
})
export const backParameter: Parameter = query({
  name: 'back',
  about: `records of each partition to begin with, 0 to ${BACK_MAX}; 0 without it`,
  schema: whole(0, BACK_MAX),
  example: 3,
})
export const liveMetricsParameter: Parameter = query({
  name: 'metrics',
  about: 'results of these metrics only, with commas between; of all without it',
  schema: name,
  example: 'sales,top_products',
  isList: true,
})
export const lastEventIdParameter: Parameter = {
  name: 'Last-Event-ID',
  in: 'header',
  about: 'id of the last event that the client has, as browsers send it: the stream goes on there',
  schema: text,
  example: '1042',
}
export const eventIdParameter: Parameter = {
  name: 'event_id',
  in: 'path',
  about: 'id of the event',
  schema: z.string(),
  example: 'e1004',
}
export const rebuildParameter: Parameter = {
  name: 'rebuild',
  in: 'path',
  about: 'name of the rebuild, as the request that began it was told',
  schema: z.string(),
  example: '20260302T180000000Z-a1b2c3',
}
export const traceFromParameter: Parameter = {
  ...fromParameter,
  about: 'copies that arrived at this time or later; two days before `to` without it',
}
export const traceToParameter: Parameter = {
  ...toParameter,
  about: 'copies that arrived before this time; now without it',
}
export const userIdParameter: Parameter = query({
  name: 'user_id',
  about: 'whose event it is: only the partitions that may hold it are looked through',
  schema: z.string().min(1).max(ID_BYTES_MAX),
  example: 'u5678',
})
export const topicPathParameter: Parameter = { ...topicParameter, in: 'path', about: 'its topic' }
export const partitionPathParameter: Parameter = {
  ...partitionParameter,
  in: 'path',
  about: 'its partition',
}
export const offsetPathParameter: Parameter = {
  ...offsetParameter,
  in: 'path',
  about: 'its offset',
}
export const dryRunParameter: Parameter = query({
  name: 'dry_run',
  about: 'nothing is sent: the answer says what would come of it; `false` without it',
  schema: z.enum(['true', 'false']),
  example: 'true',
})
export const typeParameter: Parameter = query({
  name: 'type',
  about: 'only events of these types, or topics, with commas between; all without it',
  schema: name,
  example: 'purchase,search',
  isList: true,
})
export const problemCodeParameter: Parameter = {
  name: 'code',
  in: 'path',
  about: '`code` of a problem',
  schema: z.string(),
  example: 'query_invalid',
}

/** How `key.NAME` is told; NAME is a field of the metric's key. */
export const KEY_ABOUT: string =
  'rows whose key has this value in this field; several times for any of them, ' +
  `${KEY_VALUES_MAX} at most`

function query(parameter: Omit<Parameter, 'in'>): Parameter {
  return { ...parameter, in: 'query' }
}
