import { expect, test } from 'vitest'
import { parseProblem, parseRecords, parseRoutes, parseSkipped } from './wire.ts'

test('records come as a list, or beside how many were left out', () => {
  const records = [{ topic: 'search' }]
  expect(parseRecords(records)).toBe(records)
  expect(parseRecords({ records, skipped: 3 })).toBe(records)
  expect([records, { records, skipped: 3 }, null].map(parseSkipped)).toEqual([0, 3, 0])
  expect(() => parseRecords({})).toThrow('no records')
})

test('what is no problem still tells its status', () => {
  expect(parseProblem(null, 502)).toEqual({
    status: 502,
    code: '',
    title: 'status 502',
    detail: 'status 502',
  })
  expect(parseProblem({ code: 'busy', title: 't', detail: 7 }, 503)).toMatchObject({
    code: 'busy',
    detail: 't',
  })
})

test('routes are read off OpenAPI', () => {
  const paths = { '/v1/audit': { get: {} }, '/v1/quarantine/repair': { post: {} } }
  expect([...parseRoutes({ paths })]).toEqual(['GET /v1/audit', 'POST /v1/quarantine/repair'])
  expect(parseRoutes('x').size).toBe(0)
})
