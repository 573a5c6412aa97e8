import { describe, expect, test } from 'vitest'
import { askApi as ask, createSources } from './api.fixture.ts'
import { createApi } from './api.ts'
import { problemSchema } from './contract/answers.ts'

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
      roll_ups: [],
      additive: ['views'],
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
    ['form=2024-09-03', "use 'from', 'to', 'last', 'window', 'group'"],
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

  test.each([
    [
      'key.a=x&key.b=1&key.a=y&no_key=a',
      {
        keys: [
          ['a', 'x', 'y', null],
          ['b', '1'],
        ],
      },
    ],
    [
      'no_key=a,b',
      {
        keys: [
          ['a', null],
          ['b', null],
        ],
      },
    ],
    ['group=', { group: [] }],
    ['group=a,b&group=c', { group: ['a', 'b', 'c'] }],
    ['window=day&order=-revenue.EUR', { window: 'day', order: '-revenue.EUR' }],
    ['window=hour&zone=UTC', { window: null }],
    ['measures=orders', { measures: ['orders'] }],
  ])('have the shape %s', async (query, shape) => {
    const { keys = [], ...expected } = shape as { readonly keys?: readonly unknown[] }
    const { status, questions } = await ask(`/v1/metrics/sales?${query}`)
    expect(status).toBe(200)
    expect(questions).toEqual([expect.objectContaining(expected)])
    const asked = questions[0]?.keys?.map(({ name, values }) => [name, ...values])
    expect(asked).toEqual(keys)
  })

  test.each([
    ['zone=Europe/Berlin', 'zone_not_available'],
    ['window=fortnight', 'query_invalid'],
    ['measures=', 'query_invalid'],
    ['zone=UTC&zone=UTC', 'query_invalid'],
  ])('%s is refused: %s', async (query, code) => {
    const { status, answer } = await ask(`/v1/metrics/sales?${query}`)
    expect({ status, answer }).toMatchObject({ status: 400, answer: { code } })
  })

  test('are given as CSV and by line, with the next page in a header', async () => {
    const page = { metric: 'sales', zone: 'UTC', rows: [], next: 'abc' }
    const query = async () => page
    const init = { headers: { Accept: 'text/csv' } }
    const csv = await ask('/v1/metrics/sales?limit=5', { query }, init)
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(csv.headers.get('link')).toBe('<?limit=5&cursor=abc>; rel="next"')
    const lines = await ask('/v1/metrics/sales?format=ndjson', { query }, init)
    expect(lines.headers.get('content-type')).toBe('application/x-ndjson')
    const wrong = await ask('/v1/metrics/sales', {}, { headers: { Accept: 'image/png' } })
    expect(wrong).toMatchObject({ status: 406, answer: { code: 'not_acceptable' } })
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

describe('the best', () => {
  test.each([
    ['product_views', '', { by: 'views', limit: 10, measures: ['views'] }],
    ['cart_adds', '?by=adds&limit=3', { by: 'adds', limit: 3, measures: ['adds', 'units'] }],
    ['top_products', '', { by: 'views', limit: 10, measures: null }],
  ])('of %s%s are asked for as one window', async (name, query, { by, limit, measures }) => {
    const { status, questions, answer } = await ask(`/v1/top/${name}${query}`)
    expect(status).toBe(200)
    const asked = { metric: name, window: 'all', top: { by, limit }, limit, measures }
    expect(questions).toEqual([expect.objectContaining(asked)])
    expect(answer).toMatchObject({ metric: name, by, rows: [{ rank: 1 }] })
  })

  test.each(['limit=1001', 'last=1', 'order=key', 'zone=Mars/Base'])(
    '%s is refused',
    async query => {
      expect((await ask(`/v1/top/product_views?${query}`)).status).toBe(400)
    },
  )

  test('of what is not counted are refused', async () => {
    expect((await ask('/v1/top/unique_users_daily')).status).toBe(400)
    expect((await ask('/v1/top/nope')).status).toBe(404)
  })
})
