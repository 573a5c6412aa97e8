import { expect, test } from 'vitest'
import { ROUTES } from '../contract.ts'
import { needOf } from './needs.ts'

test('every route needs the scope that the contract gives it', () => {
  for (const { method, path, scope } of Object.values(ROUTES)) {
    if (path === '/metrics') continue
    const need = needOf(method, path, false)
    if (scope === null) expect(['health', 'page']).toContain(need)
    else expect(need === 'write-body' ? 'write' : need).toBe(scope)
  }
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
  ['GET', '/metrics', 'scrape'],
  ['GET', '/problems/busy', 'page'],
  ['GET', '/v1/events/e%2F1', 'admin'],
  ['GET', '/v1/metrics/sales', 'read'],
  ['GET', '/v1/%71uarantine', 'admin'],
  ['GET', '/v1\\quarantine', 'admin'],
  ['GET', '/v1/x/../quarantine', 'admin'],
  ['GET', '/v1/x/%2e%2e/quarantine', 'admin'],
  ['GET', '/healthz/', 'read'],
  ['GET', '/healthz/../v1/metrics', 'admin'],
  ['GET', '/healthz#', 'admin'],
  ['GET', '/healthz;', 'admin'],
  ['OPTIONS', '/v1/metrics', 'read'],
  ['TRACE', '/', 'admin'],
  ['', '', 'admin'],
])('%s %s needs %s', (method, path, need) => {
  expect(needOf(method, path, false)).toBe(need)
})
