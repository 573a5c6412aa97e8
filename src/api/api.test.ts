import { describe, expect, test } from 'vitest'
import { Fault } from '../std/fault.ts'
import { createSources } from './api.fixture.ts'
import type { ApiSources } from './api.ts'
import { createApi } from './api.ts'
import type { Route } from './contract.ts'
import { problemSchema, ROUTES } from './contract.ts'

/** Asks an API whose sources are `changes` and else the fixture's. */
async function ask(path: string, changes: Partial<ApiSources> = {}, init: RequestInit = {}) {
  const { sources, questions, reported } = createSources(changes)
  const response = await createApi(sources).request(path, init)
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') ?? false
  const answer: unknown = isJson && text !== '' ? JSON.parse(text) : null
  const { status, headers } = response
  return { status, headers, text, answer, questions, reported }
}

describe('every route answers as the contract says', () => {
  const routes = Object.values(ROUTES).filter(route => route.media === 'application/json')
  test.each<[string, Route]>(routes.map(route => [route.path, route]))(
    '%s',
    async (path, route) => {
      const { status, answer, headers } = await ask(path.replace('{name}', 'sales'))
      expect(status).toBe(200)
      expect(route.answer?.parse(answer)).toEqual(answer)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    },
  )
})

describe('metrics', () => {
  test('are listed with what they measure', async () => {
    const { answer } = await ask('/v1/metrics')
    const { metrics } = answer as { metrics: { name: string }[] }
    expect(metrics.find(({ name }) => name === 'top_products')).toEqual({
      name: 'top_products',
      zone: 'UTC',
      window: 'all',
      group_by: ['product_id'],
      measures: [{ name: 'views', kind: 'count' }],
      top: { by: 'views', limit: 10 },
    })
  })

  test.each([
    ['', { fromMs: null, toMs: null, limit: 1_000, cursor: null }],
    ['?from=2024-09-03', { fromMs: Date.UTC(2024, 8, 3) }],
    ['?to=2024-09-03T10:00:00%2B02:00', { toMs: Date.UTC(2024, 8, 3, 8) }],
    ['?to=2024-09-03T10:00:00+02:00', { toMs: Date.UTC(2024, 8, 3, 8) }],
    ['?limit=1000000&cursor=abc', { limit: 1_000_000, cursor: 'abc', last: null }],
    ['?last=60', { last: 60, limit: 1_000 }],
  ])('are asked for with %s', async (query, expected) => {
    const { status, questions } = await ask(`/v1/metrics/sales${query}`)
    expect(status).toBe(200)
    expect(questions).toEqual([expect.objectContaining({ metric: 'sales', ...expected })])
  })

  test.each([
    ['form=2024-09-03', "use 'from', 'to', 'last', 'limit', 'cursor'"],
    ['from=yesterday', "'from' is 'yesterday', no time"],
    ['from=2024-02-30', "'from' is '2024-02-30'"],
    ['from=2024-09-04&to=2024-09-03', "'from' is after 'to'"],
    ['limit=0', "'limit' is '0'; write a whole number from 1 to 1000000"],
    ['limit=1000001', "'limit' is '1000001'"],
    ['limit=1e3', "'limit' is '1e3'"],
    ['limit=', "'limit' is ''"],
    ['last=0', "'last' is '0'; write a whole number from 1 to 10080"],
    ['limit=1&limit=2', 'is given twice'],
    ['cursor=', "'cursor' is not one"],
    ['tz=Asia/Kolkata', 'declare a metric per zone'],
    ['__proto__=1', "parameter '__proto__' is not known"],
  ])('%s is refused, with what to write', async (query, detail) => {
    const { status, answer, questions } = await ask(`/v1/metrics/sales?${query}`)
    expect(status).toBe(400)
    expect(problemSchema.parse(answer)).toMatchObject({ code: 'query_invalid' })
    expect((answer as { detail: string }).detail).toContain(detail)
    expect(questions).toEqual([])
  })

  test.each(['nope', '__proto__', '%E0%A4%A', '%00'])('%s is unknown', async name => {
    const { status, answer } = await ask(`/v1/metrics/${name}`)
    expect({ status, answer }).toMatchObject({ status: 404, answer: { code: 'metric_unknown' } })
  })

  test('have a tag, and a client that knows it is told so', async () => {
    const first = await ask('/v1/metrics/sales')
    const tag = first.headers.get('etag') ?? ''
    for (const header of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
      const init = { headers: { 'If-None-Match': header } }
      expect(await ask('/v1/metrics/sales', {}, init)).toMatchObject({ status: 304, text: '' })
    }
    const init = { headers: { 'If-None-Match': '"x"' } }
    expect((await ask('/v1/metrics/sales', {}, init)).status).toBe(200)
  })

  test('with too many rows in flight are told to come again', async () => {
    const { sources } = createSources({ query: () => new Promise(() => {}) })
    const app = createApi(sources)
    void app.request('/v1/metrics/sales?limit=999999')
    const response = await app.request('/v1/metrics/sales?limit=2')
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('2')
  })
})

describe('the ledger', () => {
  test('has the lag beside it, of partitions never read too', async () => {
    const { answer } = await ask('/v1/audit')
    expect(answer).toMatchObject({
      balanced: true,
      progress: '2024-09-03T10:00:00.000Z',
      lag: 5,
      partitions: [
        { topic: 'purchase', offset_next: 10, offset_end: 12, lag: 2, invalid: { missing: 2 } },
        { topic: 'search', offset_next: 0, offset_end: 3, lag: 3, balanced: true },
      ],
    })
  })
})

describe('the quarantine', () => {
  test('shows bytes as text where they are', async () => {
    const { answer } = await ask('/v1/quarantine')
    expect(answer).toMatchObject({
      rejects: [
        {
          arrival: '2024-09-03T10:00:00.000Z',
          key: 'u1',
          value: '{"é":1}',
          value_encoding: 'utf8',
        },
        { arrival: null, key: null, value: '/wA=', value_encoding: 'base64', line: 3 },
        { code: 'no_value', value: null, value_encoding: null },
      ],
      next: 'more',
    })
  })

  test('gives no more than its limit', async () => {
    expect((await ask('/v1/quarantine?limit=501')).status).toBe(400)
    expect((await ask('/v1/quarantine?back=1')).status).toBe(400)
  })

  test('is asked by reason, place and arrival', async () => {
    const asked: unknown[] = []
    const rejects: ApiSources['rejects'] = async question => {
      asked.push(question)
      return { rejects: [], next: null }
    }
    const path = '/v1/quarantine?code=missing&topic=search&partition=1&offset=9&from=2024-09-03'
    expect((await ask(`${path}&to=2024-09-04&limit=5`, { rejects })).status).toBe(200)
    expect(asked).toEqual([
      {
        code: 'missing',
        topic: 'search',
        partition: 1,
        offset: 9,
        fromMs: Date.UTC(2024, 8, 3),
        toMs: Date.UTC(2024, 8, 4),
        limit: 5,
        cursor: null,
      },
    ])
    for (const wrong of ['code=nothing', 'code=constructor', 'partition=-1', 'offset=x']) {
      expect((await ask(`/v1/quarantine?${wrong}`)).status, wrong).toBe(400)
    }
  })
})

describe('health', () => {
  test.each(['starting', 'draining'] as const)('%s is alive and not ready', async phase => {
    const status = () => ({ phase, progress: null, version: '0.1.0' })
    expect((await ask('/healthz', { status })).status).toBe(200)
    const ready = await ask('/readyz', { status })
    expect(ready).toMatchObject({ status: 503, answer: { status: phase } })
  })
})

test('operators get their counters', async () => {
  const { text, headers } = await ask('/metrics')
  expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  for (const line of [
    '# TYPE weir_records_total counter',
    'weir_records_total{topic="purchase",partition="0",verdict="accepted"} 7',
    'weir_records_total{topic="purchase",partition="0",verdict="invalid"} 2',
    'weir_invalid_records_total{topic="purchase",code="missing"} 2',
    'weir_ledger_balanced 1',
    'weir_freshness_seconds 0.25',
    'weir_lag_records{topic="search",partition="0"} 3',
    'weir_quarantine_records_total{topic="purchase",partition="0"} 2',
    'weir_repaired_records_total{topic="purchase",partition="0"} 1',
    'weir_live_clients 2',
    'weir_collector_requests_total{status="200"} 9',
    'process_resident_memory_bytes 5',
  ]) {
    expect(text.split('\n')).toContain(line)
  }
})

describe('what goes wrong', () => {
  test.each([
    ['STORE_UNAVAILABLE', 503],
    ['QUERY_INVALID', 400],
    ['LOG_CORRUPT', 500],
  ] as const)('%s is %i', async (code, status) => {
    const query = () => Promise.reject(new Fault(code, 'it did not work'))
    const found = await ask('/v1/metrics/sales', { query })
    expect(found.status).toBe(status)
    const expected = { code: code.toLowerCase(), status, detail: 'it did not work' }
    expect(problemSchema.parse(found.answer)).toMatchObject(expected)
    expect(found.headers.get('x-content-type-options')).toBe('nosniff')
  })

  test('what is called off is no bug', async () => {
    const found = await ask('/v1/audit', {
      audit: () => Promise.reject(AbortSignal.abort().reason),
    })
    expect(found).toMatchObject({ status: 503, answer: { code: 'draining' }, reported: [] })
  })

  test('a bug is 500 without its words, and reported', async () => {
    const error = new Error('secret')
    const found = await ask('/v1/audit', { audit: () => Promise.reject(error) })
    expect(found).toMatchObject({ status: 500, reported: [error] })
    expect(found.text).not.toContain('secret')
  })

  test.each(['/v1/nope', '/v1', '/%2e%2e/etc/passwd'])('%s is not found', async path => {
    const found = await ask(path)
    expect(found).toMatchObject({ status: 404, answer: { code: 'not_found' } })
  })

  test.each([
    ['POST', '/v1/metrics', 'GET, HEAD'],
    ['DELETE', '/v1/metrics/sales', 'GET, HEAD'],
    ['GET', '/v1/events', 'POST'],
    ['PUT', '/v1/live', 'GET'],
  ])('%s %s is not allowed', async (method, path, allowed) => {
    const found = await ask(path, {}, { method })
    expect(found).toMatchObject({ status: 405, answer: { code: 'method_not_allowed' } })
    expect(found.headers.get('allow')).toBe(allowed)
  })

  test('HEAD is GET without the body', async () => {
    expect(await ask('/v1/metrics', {}, { method: 'HEAD' })).toMatchObject({
      status: 200,
      text: '',
    })
  })
})
