import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { listProblems, toProblemPath } from '../model/problem.ts'
import { Fault } from '../std/fault.ts'
import { askApi as ask } from './api.fixture.ts'
import type { ApiSources } from './api.ts'
import { problemSchema } from './contract/answers.ts'
import type { Route } from './contract.ts'
import { ROUTES, scopeOf } from './contract.ts'

describe('every route answers as the contract says', () => {
  /** These are answered beside the app; test/contract.integration.test.ts asks them. */
  const routes = Object.values(ROUTES).filter(
    route => route.method === 'GET' && route !== ROUTES.live,
  )
  test.each<[string, Route]>(routes.map(route => [route.path, route]))(
    '%s',
    async (path, route) => {
      const { status, answer, headers } = await ask(toExample(path), {}, toInit(route))
      const [expected] = route.answers
      expect(status).toBe(expected?.status)
      expect(headers.get('content-type')).toBe(expected?.media[0])
      if (expected?.schema !== null && expected?.media[0] === 'application/json') {
        expect(expected.schema.parse(answer)).toEqual(answer)
      }
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    },
  )

  test('with the examples of its parameters', async () => {
    for (const route of routes) {
      for (const { in: where, name, example } of route.parameters) {
        if (where !== 'query') continue
        const query = new URLSearchParams({ [name]: String(example) })
        const path = `${toExample(route.path)}?${query.toString()}`
        const { status, text } = await ask(path, {}, toInit(route))
        expect([200, 304], `${route.path}?${query.toString()}: ${text}`).toContain(status)
      }
    }
  })
})

function toExample(path: string): string {
  return path
    .replace('{name}', 'product_views')
    .replace('{code}', 'query_invalid')
    .replace('{event_id}', 'e1')
    .replace('{topic}/{partition}/{offset}', 'purchase/0/4')
}

function toInit({ method, body }: Route): RequestInit {
  if (body === null) return {}
  const headers = { 'Content-Type': body.media[0] ?? '' }
  return { method, headers, body: JSON.stringify(body.example) }
}

describe('pages', () => {
  test('of every problem are where its type says', async () => {
    for (const { code, when } of listProblems()) {
      const { status, text } = await ask(toProblemPath(code))
      expect(status).toBe(200)
      expect(text).toContain(when.replaceAll("'", '&#39;'))
    }
    expect((await ask('/problems/nope%3Cb%3E')).status).toBe(404)
  })

  test('tell of every route, and need no script', async () => {
    const { text, headers } = await ask('/docs')
    for (const { path } of Object.values(ROUTES)) expect(text).toContain(`<code>${path}</code>`)
    expect(text).not.toContain('<script')
    const [style = ''] = /(?<=<style>)[^<]*/.exec(text) ?? []
    const hash = createHash('sha256').update(style).digest('base64')
    expect(headers.get('content-security-policy')).toContain(`'sha256-${hash}'`)
  })

  test('the contract names metrics and keys of this shop, and every problem it gives', async () => {
    const { answer } = await ask('/openapi.json')
    const { paths } = answer as {
      paths: { [path: string]: { get: { parameters: { name: string; schema: object }[] } } }
    }
    const { parameters = [] } = paths['/v1/metrics/{name}']?.get ?? {}
    expect(parameters.find(({ name }) => name === 'name')?.schema).toMatchObject({
      enum: expect.arrayContaining(['product_views']) as unknown,
    })
    expect(parameters.map(({ name }) => name)).toContain('key.product_id')
  })

  test('the scope of a request is found', () => {
    expect(scopeOf('POST', '/v1/events')).toBe('write')
    expect(scopeOf('HEAD', '/v1/metrics/sales')).toBe('read')
    expect(scopeOf('GET', '/v1/quarantine')).toBe('admin')
    expect(scopeOf('GET', '/healthz')).toBeNull()
    expect(scopeOf('GET', '/v1/metrics/a/b')).toBeUndefined()
    expect(scopeOf('GET', '/openapi_json')).toBeUndefined()
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
    'weir_refused_requests_total{code="rate_limited"} 7',
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
