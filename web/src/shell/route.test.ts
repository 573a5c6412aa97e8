import { expect, test } from 'vitest'
import { ROUTES } from '../../../src/api/contract.ts'
import { applyChange, isServed, parseRoute, ROOMS, toHash } from './route.ts'

test.each([
  ['', 'overview', ''],
  ['#', 'overview', ''],
  ['#/', 'overview', ''],
  ['#main', 'overview', ''],
  ['#/nowhere?x=1', 'overview', ''],
  ['#/explore', 'explore', ''],
  ['#/explore?metric=sales&key.query=a%20b', 'explore', 'metric=sales&key.query=a+b'],
  ['#/trace?id=%3Cscript%3E%0A', 'trace', 'id=%3Cscript%3E%0A'],
])('%j is %s with %j', (hash, room, params) => {
  const route = parseRoute(hash)
  expect([route.room, route.params.toString()]).toEqual([room, params])
})

test('a hash and its route are the same', () => {
  const params = new URLSearchParams({ 'key.q': '100 % & more\n🙂', day: '2024-09-03' })
  const route = parseRoute(toHash('explore', params))
  expect(route.room).toBe('explore')
  expect([...route.params]).toEqual([...params])
})

test('a change adds, replaces and takes away', () => {
  const before = new URLSearchParams('a=1&b=2')
  expect(applyChange(before, { a: null, b: '3', c: '4', d: '' }).toString()).toBe('b=3&c=4')
  expect(before.toString()).toBe('a=1&b=2')
})

test('every room has a key of its own', () => {
  expect(new Set(ROOMS.map(room => room.key)).size).toBe(ROOMS.length)
})

test('a room is shown where what it needs is served, or not known', () => {
  const served = (routes: readonly string[] | null): readonly string[] =>
    ROOMS.filter(room => isServed(room, routes === null ? null : new Set(routes))).map(
      room => room.name,
    )
  expect(served(null)).toHaveLength(ROOMS.length)
  expect(served([])).toHaveLength(ROOMS.length)
  expect(served(['GET /v1/audit'])).toEqual(['overview', 'explore', 'ledger'])
  expect(served(['GET /v1/tail', 'GET /metrics'])).toContain('live')
})

test('what a room needs is in the contract', () => {
  const routes = Object.values(ROUTES).map(route => `${route.method} ${route.path}`)
  for (const { needs } of ROOMS) if (needs !== null) expect(routes).toContain(needs)
})
