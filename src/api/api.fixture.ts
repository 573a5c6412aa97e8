/** For the tests of this room: sources with known answers, as plain functions. */
import { createCatalog } from '../model/catalog.ts'
import { sampleLine } from '../model/ledger.fixture.ts'
import { planMetrics } from '../model/plan.ts'
import type { PartitionBounds } from '../model/record.ts'
import type { Question, Result } from '../model/result.ts'
import { SHOP_EVENTS } from '../model/shop-events.ts'
import { SHOP_METRICS } from '../model/shop-metrics.ts'
import type { Reject } from '../model/step.ts'
import { toUtf8 } from '../std/bytes.ts'
import type { ApiSources } from './api.ts'
import { createApi } from './api.ts'
import type { RepairAnswer, TailRecord, TraceAnswer } from './contract.ts'

const CATALOG = createCatalog({
  events: SHOP_EVENTS,
  topicPrefix: '',
  currency: 'USD',
  dedupDays: 1,
  futureSkewMs: 3_600_000,
  eventAgeMsMax: null,
  partitions: 1,
  partitioner: 'murmur2',
})

const LINE = sampleLine({
  accepted: 7,
  duplicate: 1,
  invalid: { missing: 2 },
  applied: 7,
  quarantined: 2,
})

const REJECT: Reject = {
  topic: 'purchase',
  partition: 0,
  offset: 4,
  arrivalMs: Date.UTC(2024, 8, 3, 10),
  code: 'missing',
  pointer: '/data/order_id',
  key: toUtf8('u1'),
  value: toUtf8('{"é":1}'),
  file: null,
  line: null,
}
const BYTES = Uint8Array.of(0xff, 0x00)

const RESULT: Result = {
  metric: 'sales',
  zone: 'UTC',
  rows: [
    {
      window_start: '2024-09-03T10:00:00Z',
      window_end: '2024-09-03T11:00:00Z',
      key: {},
      values: { orders: 1, revenue: { USD: '599.99' }, average_order_value: { USD: null } },
      status: 'open',
      revision: 0,
      late: 0,
      exact: true,
      partial: false,
      source: 'stream',
    },
  ],
  next: null,
}

const NOW_MS = Date.UTC(2024, 8, 3, 10, 5)

export const TAILED: TailRecord = {
  topic: 'search',
  partition: 0,
  offset: 2,
  arrival: '2024-09-03T10:00:00.000Z',
  looks: 'missing /data/query',
  value: '{}',
}

const TRACE: TraceAnswer = {
  event_id: '',
  from: '2024-09-01T10:00:00.000Z',
  to: '2024-09-03T10:00:00.000Z',
  searched: { log_bytes: 10, lake_files: 1, is_cut: false },
  copies: [
    {
      topic: 'purchase',
      partition: 0,
      offset: 4,
      arrival: '2024-09-03T10:00:00.000Z',
      user_id: 'u1',
      verdict: 'accepted',
      code: null,
      pointer: null,
      repaired: null,
      in_log: true,
      object: null,
      windows: [],
    },
  ],
}

const REPAIR: RepairAnswer = {
  dry_run: false,
  chosen: 1,
  repaired_before: 0,
  valid: 1,
  still_invalid: {},
  unfit: {},
  resumed: 0,
  sent: 1,
  duplicates: null,
  examples: null,
  metrics: null,
}

export interface SourcesFixture {
  readonly sources: ApiSources
  /** What was asked, in order. */
  readonly questions: Question[]
  readonly reported: unknown[]
}

export const REBUILD = { rebuild: 'r1', state: 'running', progress: 'begins' } as const

export function createSources(changes: Partial<ApiSources> = {}): SourcesFixture {
  const questions: Question[] = []
  const reported: unknown[] = []
  const sources: ApiSources = {
    plans: planMetrics(SHOP_METRICS, CATALOG, { zone: 'UTC', graceMs: 600_000 }),
    query: async question => {
      questions.push(question)
      return { ...RESULT, metric: question.metric }
    },
    audit: async () => ({ balanced: true, partitions: [LINE] }),
    rejects: async () => ({
      rejects: [
        { ...REJECT, repairedMs: NOW_MS },
        { ...REJECT, arrivalMs: -1, key: null, value: BYTES, file: 'f.csv', line: 3 },
        { ...REJECT, code: 'no_value', value: null },
      ],
      next: 'more',
    }),
    tail: async function* () {
      yield [TAILED]
      yield []
    },
    sample: async function* () {
      yield { records: [TAILED], skipped: 3 }
      yield { records: [], skipped: 0 }
    },
    trace: async ({ eventId }) => ({ ...TRACE, event_id: eventId }),
    reject: async place => ({ ...REJECT, ...place }),
    repair: async (_document, isDryRun) => ({ ...REPAIR, dry_run: isDryRun }),
    rebuilds: { begin: () => REBUILD, look: () => REBUILD },
    logState: async () => ({
      bounds: [toBounds('purchase', 12), toBounds('search', 3)],
      oldestMs: new Map([['search 0', NOW_MS - 90_000]]),
      repaired: new Map([['purchase 0', 1]]),
      nowMs: NOW_MS,
    }),
    status: () => ({ phase: 'ready', progress: Date.UTC(2024, 8, 3, 10), version: '0.1.0' }),
    counters: () => ({
      startMs: 1_000,
      residentBytes: 5,
      freshnessS: 0.25,
      live: { clients: 2, dropped: 1 },
      worker: { shards: 3, assignments: 2, commits: 40, fenced: 1 },
      collector: {
        requests: new Map([
          [503, 1],
          [200, 9],
        ]),
        itemsStored: 20,
        itemsInvalid: 3,
        callsIgnored: new Map([['identify', 2]]),
        inFlightRequests: 0,
        inFlightBytes: 0,
      },
      refusals: new Map([
        ['unauthorized', 4],
        ['rate_limited', 7],
      ]),
    }),
    report: error => {
      reported.push(error)
    },
    ...changes,
  }
  return { sources, questions, reported }
}

function toBounds(topic: string, offsetEnd: number): PartitionBounds {
  return { topic, partition: 0, offsetFirst: 0, offsetEnd, sizeBytes: 100, retentionMs: 7_200_000 }
}

export interface Asked extends Omit<SourcesFixture, 'sources'> {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** null: it is no JSON. */
  readonly answer: unknown
}

/** Asks an API whose sources are `changes` and else the fixture's. */
export async function askApi(
  path: string,
  changes: Partial<ApiSources> = {},
  init: RequestInit = {},
): Promise<Asked> {
  const { sources, questions, reported } = createSources(changes)
  const response = await createApi(sources).request(path, init)
  const text = await response.text()
  const isJson = /\/(problem.)?json/.test(response.headers.get('content-type') ?? '')
  const answer: unknown = isJson && text !== '' ? JSON.parse(text) : null
  const { status, headers } = response
  return { status, headers, text, answer, questions, reported }
}
