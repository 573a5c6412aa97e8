import { expect, test } from 'vitest'
import { createShortcuts } from './shortcuts.ts'

const press = (keys: readonly (readonly [string, number])[]): readonly unknown[] => {
  const read = createShortcuts()
  return keys.map(([key, atMs]) => read({ key, atMs }))
}

test('g and the key of a room go there, if the second comes soon', () => {
  const go = { kind: 'go', room: 'explore' }
  expect(
    press([
      ['g', 0],
      ['e', 1_500],
    ]),
  ).toEqual([null, go])
  expect(
    press([
      ['g', 0],
      ['e', 1_501],
    ]),
  ).toEqual([null, null])
  expect(
    press([
      ['g', 0],
      ['g', 9],
      ['e', 10],
    ]),
  ).toEqual([null, null, go])
  expect(
    press([
      ['g', 0],
      ['x', 9],
      ['e', 10],
    ]),
  ).toEqual([null, null, null])
})

test('single keys', () => {
  const told = press([
    ['?', 0],
    ['/', 1],
    ['j', 2],
    ['k', 3],
    ['z', 4],
    ['toString', 5],
  ])
  expect(told).toEqual([
    { kind: 'help' },
    { kind: 'search' },
    { kind: 'next' },
    { kind: 'previous' },
    null,
    null,
  ])
})
