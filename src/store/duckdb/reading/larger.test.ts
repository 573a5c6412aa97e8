import { expect, test } from 'vitest'
import { createWindowing } from '../../../model/window.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../std/units.ts'
import { grainsOf, stretchesOf, windowsOf } from './larger.ts'

const days = createWindowing({ kind: 'day', zone: 'Europe/Berlin' })
const noonOf = (date: string): number => Date.parse(`${date}T12:00:00Z`)

test('days of one length go on, whatever is missing, until clocks change', () => {
  const starts = [
    '2026-03-01',
    '2026-03-02',
    '2026-03-28',
    '2026-03-29',
    '2026-03-30',
    '2026-04-09',
  ]
  const windows = starts.map(date => days(noonOf(date)))
  expect(stretchesOf(windows)).toEqual([
    { start: Date.parse('2026-02-28T23:00:00Z'), width: DAY_MS },
    { start: Date.parse('2026-03-28T23:00:00Z'), width: 23 * HOUR_MS },
    { start: Date.parse('2026-03-29T22:00:00Z'), width: DAY_MS },
  ])
  // Without a row of that day those after it are no less an hour earlier.
  expect(stretchesOf(windows.filter((_, index) => index !== 3))).toEqual([
    { start: Date.parse('2026-02-28T23:00:00Z'), width: DAY_MS },
    { start: Date.parse('2026-03-29T22:00:00Z'), width: DAY_MS },
  ])
})

test('the windows of grains are told once, in order, with those that begin within one', () => {
  const minutes = createWindowing({ kind: 'minute', zone: 'UTC' })
  expect(windowsOf([1, 0], minutes).map(({ start }) => start)).toEqual(
    Array.from({ length: 30 }, (_, index) => index * MINUTE_MS),
  )
  const grains = [noonOf('2026-03-30'), noonOf('2026-03-29'), noonOf('2026-03-29') + HOUR_MS]
  expect(
    windowsOf(
      grains.map(at => at / (15 * MINUTE_MS)),
      days,
    ),
  ).toEqual([days(noonOf('2026-03-29')), days(noonOf('2026-03-30'))])
  expect(windowsOf([], days)).toEqual([])
  expect(windowsOf([-1], days)).toEqual([days(-1)])
})

test('a short range has the grains that hold any of it; a long or open one is looked at', () => {
  const grain = 15 * MINUTE_MS
  expect(grainsOf(grain, 3 * grain)).toEqual([1, 2])
  expect(grainsOf(grain - 1, 3 * grain + 1)).toEqual([0, 1, 2, 3])
  expect(grainsOf(-1, 1)).toEqual([-1, 0])
  expect(grainsOf(grain, grain)).toEqual([])
  expect(grainsOf(3 * grain, grain)).toEqual([])
  expect(grainsOf(0, 1_000 * DAY_MS)).toBeNull()
  expect(grainsOf(null, grain)).toBeNull()
  expect(grainsOf(0, null)).toBeNull()
})
