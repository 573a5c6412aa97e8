import { expect, test } from 'vitest'
import { parseRequest } from './request.ts'

const METRICS = ['product_views', 'sales', 'sales_daily']
const parse = (body: unknown): unknown =>
  parseRequest(typeof body === 'string' ? body : JSON.stringify(body), METRICS)

test('nothing means all of the lake, and every metric', () => {
  const all = { run: null, range: null, metrics: METRICS }
  for (const body of ['', '  ', '{}', { from: null, to: null, metrics: null, run: null }]) {
    expect(parse(body)).toEqual(all)
  }
})

test('a range, metrics in the order of the config, and a name', () => {
  const body = {
    from: '2026-11-01T02:00:00+02:00',
    to: '2026-11-02',
    metrics: ['sales_daily', 'sales', 'sales'],
    run: 'november',
  }
  expect(parse(body)).toEqual({
    run: 'november',
    range: { fromMs: Date.parse('2026-11-01T00:00Z'), toMs: Date.parse('2026-11-02T00:00Z') },
    metrics: ['sales', 'sales_daily'],
  })
})

test.each<readonly [body: unknown, detail: string]>([
  ['nonsense', 'no JSON object'],
  ['[]', 'no JSON object'],
  ['"a"', 'no JSON object'],
  ['null', 'no JSON object'],
  [' '.repeat(70_000), 'longer than 65536'],
  [{ form: '2026-11-01' }, "'form' is unknown; there are: from, to, metrics, run"],
  [{ from: '2026-11-01' }, 'both from and to'],
  [{ to: '2026-11-01' }, 'both from and to'],
  [{ from: 'yesterday', to: '2026-11-01' }, 'from is no time'],
  [{ from: '2026-11-01', to: 5 }, 'to is no time'],
  [{ from: '2026-02-30', to: '2026-11-01' }, 'from is no time'],
  [{ from: '2026-11-01', to: '2026-11-01' }, 'from is not before to'],
  [{ from: '2026-11-02', to: '2026-11-01' }, 'from is not before to'],
  [{ metrics: [] }, 'no list of names'],
  [{ metrics: 'sales' }, 'no list of names'],
  [{ metrics: ['salse'] }, 'metric "salse" is unknown; there are: product_views, sales'],
  [{ metrics: [{}] }, 'metric {} is unknown'],
  [{ run: '../x' }, 'run is no name'],
  [{ run: 5 }, 'run is no name'],
  [{ run: '' }, 'run is no name'],
  [{ run: 'day-2026-11-22' }, "name of the schedule's"],
  [{ run: 'hour-2026-11-22T1300Z' }, "name of the schedule's"],
])('%j is refused', (body, detail) => {
  expect(parse(body)).toEqual(expect.stringContaining(detail))
})
