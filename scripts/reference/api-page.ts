/** The page of the HTTP API: its routes, and the fields of their answers. */
import { z } from 'zod'
import type { Route } from '../../src/api/contract.ts'
import { ROUTES } from '../../src/api/contract.ts'
import { BACK_MAX, QUARANTINE_LIMIT_DEFAULT, QUARANTINE_LIMIT_MAX } from '../../src/api/question.ts'
import { toFamilies } from '../../src/api/scrape.ts'
import { COLLECTOR_LIMITS } from '../../src/collector/collector.ts'
import { LAST_MAX, LIMIT_DEFAULT, LIMIT_MAX } from '../../src/model/result.ts'
import { MIB } from '../../src/std/units.ts'
import { code, paragraph, toPage, toTable } from './markdown.ts'

/** What zod gives; only what the contract uses. */
interface Schema {
  readonly type?: string | readonly string[]
  readonly properties?: { readonly [name: string]: Schema }
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly enum?: readonly string[]
}

const PARAMETERS: { readonly [name: string]: string } = {
  from: 'windows that begin at this time or later: RFC 3339, or a date for its UTC midnight',
  to: 'windows that begin before this time',
  last: `only the newest so many windows that have rows, newest first: 1 to ${LAST_MAX}`,
  limit: `rows at most, 1 to ${LIMIT_MAX}; ${LIMIT_DEFAULT} without it`,
  cursor: '`next` of the page before',
  back: `records of each partition to begin with, 0 to ${BACK_MAX}; 0 without it`,
}
const QUARANTINE_PARAMETERS: typeof PARAMETERS = {
  code: 'only records that are invalid for this [reason](verdicts.md)',
  topic: 'only records of this topic',
  partition: 'only records of this partition',
  offset: 'only records at this offset',
  from: 'only records that arrived at this time or later',
  to: 'only records that arrived before this time',
  limit: `rejects at most, 1 to ${QUARANTINE_LIMIT_MAX}; ${QUARANTINE_LIMIT_DEFAULT} without it`,
  cursor: PARAMETERS['cursor'] ?? '',
}
/** Longer lists of words are told elsewhere. */
const ENUM_SHOWN_MAX = 7

export function toApiPage(): string {
  return toPage('HTTP API', 'src/api/contract.ts', [
    paragraph(
      'Times are RFC 3339 in UTC and names are snake_case. A refusal is a ' +
        '[problem](problems.md). The Host header must name the machine. Where there are ' +
        '[keys](../guides/keys.md), `POST /v1/events` needs one with scope `write`, all ' +
        'else one with `read`, but for `/healthz`, `/readyz` and, from this machine, ' +
        '`/metrics`. A page of another origin may send and ask where the origin is listed.',
    ),
    toCollectSection(),
    Object.values(ROUTES).map(toRouteSection),
    toLiveSection(),
  ])
}

function toCollectSection(): string {
  const { bodyBytesMax, itemCountMax } = COLLECTOR_LIMITS
  const limits = `at most ${bodyBytesMax / MIB} MiB and ${itemCountMax} events`
  return [
    '## POST /v1/events',
    paragraph(
      'Takes one event, an array of events (`application/json`, also `{"events": ' +
        `[…]}\`), or one a line (\`application/x-ndjson\`), compressed or not: ${limits}. ` +
        'Answers 200 when all is durable, whether valid or not; what is refused with ' +
        '4xx was not stored at all. After a 503, or no answer, send the same again: it ' +
        'is the same event.',
    ),
    toTable(
      ['field', 'type'],
      [
        ['`items[].index`', 'integer; its place in the body, from 0'],
        ['`items[].event_id`', 'string or null'],
        ['`items[].status`', '`stored` or `invalid`'],
        ['`items[].code`', 'of invalid ones: the [reason](verdicts.md)'],
        ['`items[].pointer`', 'of invalid ones: JSON pointer to the field at fault'],
      ],
    ),
  ].join('\n\n')
}

function toLiveSection(): string {
  return [
    '## GET /v1/live',
    paragraph(
      'Answers as they change, as server-sent events; `?metrics=a,b` asks for some ' +
        'metrics only. A `result` event carries `metric`, `windows` and `rows`: these are all ' +
        'rows of the windows that begin then (null: the one of `all`), to be put in the place ' +
        'of what was known of them. A `stale` event names a `metric` of which more changed ' +
        'than is told: read it again. A `ledger` event has the sums of the ledger, a ' +
        '`rejects` event the newest of the quarantine, and `reset` says to read everything ' +
        'again. Events carry whole values, never differences.',
    ),
  ].join('\n\n')
}

function toRouteSection(route: Route): string {
  const parameters = route.parameters.map(name => [
    code(name),
    (route === ROUTES.quarantine ? QUARANTINE_PARAMETERS[name] : PARAMETERS[name]) ?? '',
  ])
  const answer =
    route.answer === null
      ? toFamilyTable()
      : toTable(['field', 'type'], toFieldRows('', z.toJSONSchema(route.answer) as Schema))
  return [
    `## GET ${route.path}`,
    `Gives ${route.summary}.`,
    ...(parameters.length === 0 ? [] : [toTable(['parameter', ''], parameters)]),
    answer,
  ].join('\n\n')
}

function toFieldRows(path: string, schema: Schema): readonly (readonly string[])[] {
  const inner = schema.items ?? schema
  const place = schema.items === undefined ? path : `${path}[]`
  const own = path === '' ? [] : [[code(place), toTypeText(inner)]]
  const shape = inner.anyOf?.find(member => member.properties !== undefined) ?? inner
  const properties = Object.entries(shape.properties ?? {}).flatMap(([name, property]) =>
    toFieldRows(place === '' ? name : `${place}.${name}`, property),
  )
  if (properties.length === 0) return own
  return shape === inner ? properties : [...own, ...properties]
}

function toTypeText(schema: Schema): string {
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(toTypeText))].join(' or ')
  if (schema.enum !== undefined && schema.enum.length <= ENUM_SHOWN_MAX) {
    return schema.enum.map(code).join(', ')
  }
  return [schema.type ?? 'any'].flat().join(' or ')
}

/** The families are there whatever was counted. */
function toFamilyTable(): string {
  const families = toFamilies({
    audit: { balanced: true, progress: null, lag: 0, partitions: [] },
    bounds: [],
    progress: null,
    version: '',
    counters: {
      startMs: 0,
      residentBytes: 0,
      freshnessS: null,
      live: { clients: 0, dropped: 0 },
      worker: { shards: 0, assignments: 0, commits: 0, fenced: 0 },
      collector: {
        requests: new Map(),
        itemsStored: 0,
        itemsInvalid: 0,
        inFlightRequests: 0,
        inFlightBytes: 0,
      },
    },
  })
  const rows = families.map(({ name, kind, help }) => [code(name), kind, help])
  return toTable(['metric', 'kind', 'what it is'], rows)
}
