import { expect, test } from 'vitest'
import { applyChange, parseRoute, ROOMS, toHash } from './route.ts'

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
