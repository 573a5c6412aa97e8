import { expect, test } from 'vitest'
import { ROUTES } from '../contract.ts'
import { needOf } from './needs.ts'

test('every route of the contract reads, but for those that are open', () => {
  const needs = Object.fromEntries(
    Object.entries(ROUTES).map(([name, { path }]) => [name, needOf('GET', path, false)]),
  )
  const { health, ready, scrape, ...others } = needs
  expect([health, ready, scrape]).toEqual(['health', 'health', 'scrape'])
  expect(new Set(Object.values(others))).toEqual(new Set(['read']))
})

test.each([
  ['POST', '/v1/events', 'write'],
  ['POST', '/v1/track', 'write-body'],
  ['POST', '/v1/batch', 'write-body'],
  ['POST', '/v1/batch/', 'admin'],
  ['GET', '/v1/batch', 'read'],
  ['GET', '/v1/events', 'read'],
  ['PUT', '/v1/events', 'admin'],
  ['POST', '/v1/events/', 'admin'],
  ['POST', '/V1/events', 'admin'],
  ['POST', '/v1/%65vents', 'admin'],
  ['POST', '//v1/events', 'admin'],
  ['POST', 'http://127.0.0.1/v1/events', 'admin'],
  ['HEAD', '/healthz', 'health'],
  ['POST', '/healthz', 'admin'],
  ['GET', '/healthz/', 'read'],
  ['GET', '/healthz/../v1/metrics', 'read'],
  ['GET', '/healthz#', 'read'],
  ['GET', '/healthz;', 'read'],
  ['OPTIONS', '/v1/metrics', 'read'],
  ['TRACE', '/', 'admin'],
  ['', '', 'admin'],
])('%s %s needs %s', (method, path, need) => {
  expect(needOf(method, path, false)).toBe(need)
})
