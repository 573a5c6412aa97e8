import { expect, test } from 'vitest'
import { createSources } from './api.fixture.ts'
import { auditSchema } from './contract/answers.ts'
import type { RouteName } from './contract.ts'
import { READER_ROUTES, ROUTES } from './contract.ts'
import { createReaderApi } from './reader-api.ts'

const app = createReaderApi(createSources().sources)

async function ask(path: string, init: RequestInit = {}): Promise<[number, string, Headers]> {
  const answer = await app.request(path, init)
  return [answer.status, await answer.text(), answer.headers]
}

test.each([
  '/v1/metrics',
  '/v1/metrics/sales?limit=2',
  '/v1/top/top_products',
  '/v1/audit',
  '/healthz',
  '/readyz',
  '/openapi.json',
  '/docs',
  '/problems/busy',
])('%s is answered', async path => {
  expect((await ask(path))[0]).toBe(200)
})

test('every other route of the contract says where it is', async () => {
  const others = Object.entries(ROUTES).filter(
    ([name]) => !READER_ROUTES.includes(name as RouteName),
  )
  expect(others.length).toBeGreaterThan(8)
  for (const [, route] of others) {
    const path = route.path.replaceAll(/\{\w+\}/g, '1')
    const [status, text] = await ask(path, { method: route.method })
    expect([path, status]).toEqual([path, 501])
    expect(JSON.parse(text)).toMatchObject({ code: 'not_here' })
    expect(text).toMatch(/weir (serve|collect)/)
  }
  expect((await ask('/v1/nothing'))[0]).toBe(404)
  expect((await ask('/v1/metrics', { method: 'POST' }))[0]).toBe(405)
})

test('the contract that it tells has only what it serves', async () => {
  const [, text] = await ask('/openapi.json')
  const paths = Object.keys((JSON.parse(text) as { paths: object }).paths)
  expect(paths.toSorted()).toEqual(READER_ROUTES.map(name => ROUTES[name].path).toSorted())
})

test('the ledger is told without the log, as what is not known, and with a tag', async () => {
  const [, text, headers] = await ask('/v1/audit')
  const audit = auditSchema.parse(JSON.parse(text))
  expect(audit).toMatchObject({ balanced: true, lag: null })
  expect(audit.partitions).toHaveLength(1)
  expect(audit.partitions[0]).toMatchObject({ consumed: 10, offset_end: null, lag_seconds: null })
  const [status] = await ask('/v1/audit', {
    headers: { 'If-None-Match': headers.get('etag') ?? '' },
  })
  expect(status).toBe(304)
})
