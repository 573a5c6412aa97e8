/**
 * The contract of the API: every route with its parameters, its scope, its answers and what may be
 * wrong. From this one table requests are checked, `/openapi.json`, `/docs` and the reference page
 * are written, and a key's scope is looked up; tests hold what is served against it.
 */
import { z } from 'zod'
import type { ProblemCode } from '../model/problem.ts'
import {
  auditSchema,
  collectedSchema,
  healthSchema,
  metricsSchema,
  quarantineSchema,
  rejectSchema,
  resultSchema,
  tailLineSchema,
  topSchema,
} from './contract/answers.ts'
import { repairSchema, traceSchema } from './contract/event-answers.ts'
import * as parameter from './contract/parameters.ts'
import { rebuildAskSchema, rebuildStateSchema } from './contract/rebuild.ts'
import type { Answer, Body, Media, Parameter, Route, Scope } from './contract/route.ts'
import { COLLECT_PROBLEMS } from './contract/route.ts'
import type { SegmentRouteName } from './contract/segment.ts'
import { SEGMENT_ROUTES } from './contract/segment.ts'
import { PROMETHEUS_TYPE } from './prometheus.ts'

export type * from './contract/answers.ts'
export type * from './contract/event-answers.ts'
export type { RebuildAsk, RebuildState } from './contract/rebuild.ts'
export type { Route, Scope } from './contract/route.ts'

export type RouteName =
  | 'collect'
  | SegmentRouteName
  | 'metrics'
  | 'result'
  | 'top'
  | 'trace'
  | 'audit'
  | 'quarantine'
  | 'reject'
  | 'repair'
  | 'rebuild'
  | 'rebuilding'
  | 'tail'
  | 'live'
  | 'sample'
  | 'health'
  | 'ready'
  | 'scrape'
  | 'openapi'
  | 'docs'
  | 'problem'

const shape = [
  parameter.groupParameter,
  parameter.noKeyParameter,
  parameter.measuresParameter,
  parameter.sourceParameter,
  parameter.zoneParameter,
]

export const ROUTES: { readonly [Name in RouteName]: Route } = {
  collect: {
    ...get('/v1/events', 'write', 'takes events'),
    method: 'POST',
    about:
      'One event, an array of events, also as `{"events": […]}`, or one a line; compressed ' +
      'or not. Answered 200 when all is durable, whether valid or not; what is refused with 4xx ' +
      'was not stored at all. After a 503, or no answer, send the same again: it is the same ' +
      'event.',
    body: events(),
    answers: [ok('what each event looked like', collectedSchema)],
    problems: ['body_empty', ...COLLECT_PROBLEMS],
  },
  ...SEGMENT_ROUTES,
  metrics: {
    ...get('/v1/metrics', 'read', 'the metrics that can be asked for'),
    answers: [ok('all metrics', metricsSchema), unchanged()],
  },
  result: {
    ...get('/v1/metrics/{name}', 'read', 'the values of a metric, by window and key'),
    about:
      'Rows by window and key, as they are kept, or put together over keys (`group`) and windows ' +
      '(`window`). What would not be exact is refused. `next`, also in the Link header, asks for ' +
      'the rows after these.',
    parameters: [
      parameter.nameParameter,
      parameter.fromParameter,
      parameter.toParameter,
      parameter.lastParameter,
      parameter.windowParameter,
      ...shape,
      parameter.orderParameter,
      parameter.limitParameter,
      parameter.cursorParameter,
      parameter.formatParameter,
    ],
    hasKeys: true,
    answers: [
      ok('the rows of a page', resultSchema, [
        'application/json',
        'text/csv; charset=utf-8',
        'application/x-ndjson',
      ]),
      unchanged(),
    ],
    problems: [
      'answer_too_large',
      'metric_unknown',
      'not_acceptable',
      'not_additive',
      'store_corrupt',
      'zone_not_available',
    ],
  },
  top: {
    ...get('/v1/top/{name}', 'read', 'the best keys of a metric over a range'),
    about:
      'Keys ranked over all windows that begin within the range. Of the measures those are told ' +
      'that add up over windows.',
    parameters: [
      parameter.nameParameter,
      parameter.fromParameter,
      parameter.toParameter,
      parameter.byParameter,
      parameter.topLimitParameter,
      ...shape,
    ],
    hasKeys: true,
    answers: [ok('the best keys', topSchema), unchanged()],
    problems: [
      'answer_too_large',
      'metric_unknown',
      'not_additive',
      'store_corrupt',
      'zone_not_available',
    ],
  },
  trace: {
    ...get('/v1/events/{event_id}', 'admin', 'what became of an event'),
    about:
      'Its copies in the log and the lake: when each came, its verdict, where it rests, and the ' +
      'windows that it counts in. There is no index: what arrived within the range is looked ' +
      'through, up to a bound, and `is_cut` tells where that ended it. What counts where no lake ' +
      'says so is the first copy of the range.',
    parameters: [
      parameter.eventIdParameter,
      parameter.traceFromParameter,
      parameter.traceToParameter,
      parameter.userIdParameter,
    ],
    answers: [ok('its copies', traceSchema)],
    problems: [
      'event_unknown',
      'lake_unreadable',
      'log_unavailable',
      'not_here',
      'objects_unavailable',
    ],
  },
  audit: {
    ...get('/v1/audit', 'read', 'the ledger: where every record went'),
    answers: [ok('the ledger', auditSchema), unchanged()],
    problems: ['log_unavailable'],
  },
  quarantine: {
    ...get('/v1/quarantine', 'admin', 'invalid records, as they came, newest first'),
    parameters: [
      parameter.codeParameter,
      parameter.topicParameter,
      parameter.partitionParameter,
      parameter.offsetParameter,
      parameter.arrivedFromParameter,
      parameter.arrivedToParameter,
      parameter.rejectLimitParameter,
      parameter.cursorParameter,
    ],
    answers: [ok('a page of rejects', quarantineSchema)],
  },
  reject: {
    ...get(
      '/v1/quarantine/{topic}/{partition}/{offset}',
      'admin',
      'one invalid record, as it came',
    ),
    parameters: [
      parameter.topicPathParameter,
      parameter.partitionPathParameter,
      parameter.offsetPathParameter,
    ],
    answers: [ok('the reject', rejectSchema)],
    problems: ['reject_unknown'],
  },
  repair: {
    ...get('/v1/quarantine/repair', 'admin', 'mends rejects, and sends them again'),
    method: 'POST',
    about:
      'The body is a repair document, as docs/reference/repair.md says. Each reject is sent ' +
      'once, however often this is asked; one that is broken off is finished by the next. ' +
      'Answers when all that was sent is durable.',
    parameters: [parameter.dryRunParameter],
    body: {
      media: ['application/json'],
      about: 'which rejects are meant, and what is done to each',
      schema: z.record(z.string(), z.unknown()),
      example: { select: { code: 'missing' }, transform: [{ default: '/user_id', value: 'u0' }] },
    },
    answers: [ok('what it came to', repairSchema)],
    problems: [
      'body_too_large',
      'log_full',
      'log_unavailable',
      'not_here',
      'objects_unavailable',
      'origin_refused',
      'repair_invalid',
      'type_unsupported',
    ],
  },
  rebuild: {
    ...get('/v1/rebuilds', 'admin', 'counts metrics again from the lake'),
    method: 'POST',
    about:
      'It takes a while, so it is only begun by this: look at it by its name. With `swap` what ' +
      'comes out takes the place of what is published, with `try` the difference is shown.',
    body: {
      media: ['application/json'],
      about: 'which windows and metrics; null is all of them',
      schema: rebuildAskSchema,
      example: { from: null, to: null, metrics: ['sales_daily'], mode: 'try' },
    },
    answers: [{ ...ok('it is begun', rebuildStateSchema), status: 202 }],
    problems: [
      'body_invalid',
      'body_too_large',
      'config_invalid',
      'not_here',
      'origin_refused',
      'rebuild_running',
      'type_unsupported',
    ],
  },
  rebuilding: {
    ...get('/v1/rebuilds/{rebuild}', 'admin', 'how far a rebuild is, or what it came to'),
    parameters: [parameter.rebuildParameter],
    answers: [ok('where it is', rebuildStateSchema)],
    problems: ['not_found', 'not_here'],
  },
  tail: {
    ...get('/v1/tail', 'admin', 'the log as it grows: a line is a list of records, maybe empty'),
    parameters: [parameter.backParameter],
    answers: [ok('lines, until the client leaves', tailLineSchema, ['application/x-ndjson'])],
    problems: ['log_unavailable', 'not_here'],
  },
  live: {
    ...get('/v1/live', 'read', 'answers as they change, as server-sent events'),
    about:
      'A `result` event carries `metric`, `windows` and `rows`: these are all rows of the ' +
      'windows that begin then (null: the one of `all`), to be put in the place of what was ' +
      'known of them. A `stale` event names a `metric` of which more changed than is told: read ' +
      'it again. A `ledger` event has the sums of the ledger, a `rejects` event where the ' +
      'newest of the quarantine are and why, and `reset` says to read everything again. Events ' +
      'carry whole values, never differences. A comment comes every 15 seconds; a reader that ' +
      'is too slow is cut off, and comes back.',
    parameters: [parameter.liveMetricsParameter, parameter.lastEventIdParameter],
    answers: [ok('events, until the client leaves', null, ['text/event-stream; charset=utf-8'])],
  },
  sample: {
    ...get('/v1/live/events', 'admin', 'events as they arrive, as server-sent events'),
    about:
      'A `records` event every second holds the newest records, as the lines of /v1/tail do, ' +
      'each with the first 300 signs of its bytes: a sample, where more come than are told. ' +
      '`skipped` is how many were not.',
    parameters: [parameter.typeParameter],
    answers: [ok('events, until the client leaves', null, ['text/event-stream; charset=utf-8'])],
    problems: ['log_unavailable', 'not_here'],
  },
  health: {
    ...get('/healthz', null, 'whether the process lives'),
    answers: [ok('it does', healthSchema)],
  },
  ready: {
    ...get('/readyz', null, 'whether it takes requests: 503 while it starts or drains'),
    answers: [
      ok('it does', healthSchema),
      { ...ok('it starts, or drains', healthSchema), status: 503 },
    ],
  },
  scrape: {
    ...get('/metrics', 'read', "counters for operators, in Prometheus' text format 0.0.4"),
    answers: [ok('the counters', null, [PROMETHEUS_TYPE])],
    problems: ['log_unavailable'],
  },
  openapi: {
    ...get('/openapi.json', null, 'this contract, as OpenAPI 3.1'),
    answers: [ok('an OpenAPI document', null, ['application/json']), unchanged()],
  },
  docs: {
    ...get('/docs', null, 'this contract, for people'),
    answers: [ok('a page', null, ['text/html; charset=utf-8']), unchanged()],
  },
  problem: {
    ...get('/problems/{code}', null, 'what a problem means'),
    parameters: [parameter.problemCodeParameter],
    answers: [ok('a page', null, ['text/html; charset=utf-8']), unchanged()],
    problems: ['not_found'],
  },
}

/** What a process answers that has the results place, and no log. */
export const READER_ROUTES: readonly RouteName[] = [
  'metrics',
  'result',
  'top',
  'audit',
  'health',
  'ready',
  'openapi',
  'docs',
  'problem',
]

/** What a key must allow for a request; undefined: there is no such route. */
export function scopeOf(method: string, path: string): Scope | undefined {
  const wanted = method === 'HEAD' ? 'GET' : method
  return PATTERNS.find(({ route, pattern }) => route.method === wanted && pattern.test(path))?.route
    .scope
}

const PATTERNS = Object.values(ROUTES).map(route => ({ route, pattern: toPattern(route.path) }))

function toPattern(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+').replaceAll('.', '\\.')}$`)
}

function get(path: string, scope: Scope, summary: string): Route {
  const parameters: readonly Parameter[] = []
  const problems: readonly ProblemCode[] = []
  const common = { about: '', parameters, hasKeys: false, body: null, answers: [], problems }
  return { method: 'GET', path, scope, summary, ...common }
}

function ok(
  about: string,
  schema: Answer['schema'],
  media: readonly Media[] = ['application/json'],
): Answer {
  return { status: 200, about, media, schema }
}

function unchanged(): Answer {
  return { status: 304, about: 'the client has it, by its If-None-Match', media: [], schema: null }
}

function events(): Body {
  return {
    media: ['application/json', 'application/x-ndjson', 'text/plain'],
    about: 'events, as docs/reference/events.md says; what is no event is kept as invalid',
    schema: null,
    example: {
      event_id: 'e1004',
      event_type: 'product_view',
      user_id: 'u5678',
      timestamp: '2024-09-03T10:25:15Z',
      data: { product_id: 'p1234' },
    },
  }
}
