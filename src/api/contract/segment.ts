/** The routes that Segment's libraries send to, as their HTTP API has them. */
import { succeededSchema } from './answers.ts'
import type { Route } from './route.ts'
import { COLLECT_PROBLEMS } from './route.ts'

export type SegmentRouteName =
  | 'segmentTrack'
  | 'segmentPage'
  | 'segmentScreen'
  | 'segmentIdentify'
  | 'segmentGroup'
  | 'segmentAlias'
  | 'segmentBatch'
  | 'segmentImport'
  | 'segmentT'
  | 'segmentP'
  | 'segmentS'
  | 'segmentI'
  | 'segmentG'
  | 'segmentA'
  | 'segmentB'

const TRACK = {
  messageId: 'm1',
  userId: 'u5678',
  event: 'Product Viewed',
  timestamp: '2024-09-03T10:25:15.000Z',
  properties: { product_id: 'p1234', price: 19.99, currency: 'USD' },
}
const NAMELESS = { messageId: 'm1', userId: 'u5678' }
const GROUP = { ...NAMELESS, groupId: 'g1' }
const ALIAS = { ...NAMELESS, previousId: 'u1' }
const BATCH = { batch: [{ type: 'track', ...TRACK }] }

export const SEGMENT_ROUTES: { readonly [Name in SegmentRouteName]: Route } = {
  segmentTrack: post('/v1/track', "takes a call of one of Segment's libraries", TRACK),
  segmentPage: post('/v1/page', 'takes a page call', NAMELESS),
  segmentScreen: post('/v1/screen', 'takes a screen call', NAMELESS),
  segmentIdentify: post('/v1/identify', 'takes an identify call', NAMELESS),
  segmentGroup: post('/v1/group', 'takes a group call', GROUP),
  segmentAlias: post('/v1/alias', 'takes an alias call', ALIAS),
  segmentBatch: post('/v1/batch', "takes calls of one of Segment's libraries", BATCH),
  segmentImport: post('/v1/import', 'is an older name of /v1/batch', BATCH),
  segmentT: short('/v1/t', '/v1/track', TRACK),
  segmentP: short('/v1/p', '/v1/page', NAMELESS),
  segmentS: short('/v1/s', '/v1/screen', NAMELESS),
  segmentI: short('/v1/i', '/v1/identify', NAMELESS),
  segmentG: short('/v1/g', '/v1/group', GROUP),
  segmentA: short('/v1/a', '/v1/alias', ALIAS),
  segmentB: short('/v1/b', '/v1/batch', BATCH),
}

function short(path: string, name: string, example: unknown): Route {
  return post(path, `is the name of ${name} in analytics.js`, example)
}

function post(path: string, summary: string, example: unknown): Route {
  return {
    method: 'POST',
    path,
    summary,
    about:
      'Answered 200 when all is durable, whether valid or not; what is refused with 4xx was not ' +
      'stored at all. The key may also stand in the body, as `writeKey`. Calls that are not ' +
      'mapped to an event type are kept as invalid; identify, group and alias are counted and ' +
      'not kept, unless the config maps them.',
    scope: 'write',
    parameters: [],
    hasKeys: false,
    body: {
      media: ['application/json', 'text/plain'],
      about: "a body of Segment's HTTP API",
      schema: null,
      example,
    },
    answers: [
      { status: 200, about: 'it is kept', media: ['application/json'], schema: succeededSchema },
    ],
    problems: ['body_invalid', ...COLLECT_PROBLEMS],
  }
}
