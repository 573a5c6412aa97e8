import { describe, expect, test } from 'vitest'
import { present } from '../../../src/std/assert.ts'
import type { ScheduleOptions } from './schedule.ts'
import { findClosedWindows, isScheduled, numberOf, toNumbered } from './schedule.ts'

const MINUTE = 60_000
const DAY: ScheduleOptions = { every: 'day', zone: 'UTC', settleMs: 20 * MINUTE }
const HOUR: ScheduleOptions = { ...DAY, every: 'hour' }

test.each<
  readonly [tick: string, options: ScheduleOptions, run: string, start: string, end: string]
>([
  ['2026-11-23T00:30:00Z', DAY, 'day-2026-11-22', '2026-11-22T00:00Z', '2026-11-23T00:00Z'],
  ['2026-11-23T23:59:59Z', DAY, 'day-2026-11-22', '2026-11-22T00:00Z', '2026-11-23T00:00Z'],
  // Exactly settled, and a moment before.
  ['2026-11-23T00:20:00Z', DAY, 'day-2026-11-22', '2026-11-22T00:00Z', '2026-11-23T00:00Z'],
  ['2026-11-23T00:19:59Z', DAY, 'day-2026-11-21', '2026-11-21T00:00Z', '2026-11-22T00:00Z'],
  ['2027-01-01T01:00:00Z', DAY, 'day-2026-12-31', '2026-12-31T00:00Z', '2027-01-01T00:00Z'],
  // A day of Berlin has 25 hours where clocks go back, and 23 where they go forward.
  [
    '2026-10-26T05:00:00Z',
    { ...DAY, zone: 'Europe/Berlin' },
    'day-2026-10-25',
    '2026-10-24T22:00Z',
    '2026-10-25T23:00Z',
  ],
  [
    '2026-03-30T05:00:00Z',
    { ...DAY, zone: 'Europe/Berlin' },
    'day-2026-03-29',
    '2026-03-28T23:00Z',
    '2026-03-29T22:00Z',
  ],
  ['2026-11-22T14:30:00Z', HOUR, 'hour-2026-11-22T1300Z', '2026-11-22T13:00Z', '2026-11-22T14:00Z'],
  ['2026-11-22T14:10:00Z', HOUR, 'hour-2026-11-22T1200Z', '2026-11-22T12:00Z', '2026-11-22T13:00Z'],
  [
    '2026-11-22T14:55:00Z',
    { ...HOUR, zone: 'Asia/Kolkata' },
    'hour-2026-11-22T1330Z',
    '2026-11-22T13:30Z',
    '2026-11-22T14:30Z',
  ],
])('%s is about the window that had closed by then', (tick, options, run, start, end) => {
  expect(findClosedWindows(Date.parse(tick), options)[0]).toEqual({
    run,
    start: Date.parse(start),
    end: Date.parse(end),
  })
})

test('the windows before it are looked at, too', () => {
  const names = (tick: string, options: ScheduleOptions): readonly string[] =>
    findClosedWindows(Date.parse(tick), options).map(({ run }) => run)
  expect(names('2026-11-01T00:30:00Z', DAY)).toEqual([
    'day-2026-10-31',
    'day-2026-10-30',
    'day-2026-10-29',
  ])
  const hours = names('2026-11-22T01:30:00Z', HOUR)
  expect([hours[0], hours[1], hours.length]).toEqual([
    'hour-2026-11-22T0000Z',
    'hour-2026-11-21T2300Z',
    12,
  ])
})

test('the hour that comes twice has two names', () => {
  const at = (tick: string): string =>
    findClosedWindows(Date.parse(tick), { ...HOUR, zone: 'Europe/Berlin' })[0]?.run ?? ''
  expect(at('2026-10-25T01:30:00Z')).not.toBe(at('2026-10-25T02:30:00Z'))
})

describe('names', () => {
  const [window] = findClosedWindows(Date.parse('2026-11-23T03:00:00Z'), DAY)

  test.each([
    ['day-2026-11-22', 1],
    ['day-2026-11-22-r2', 2],
    ['day-2026-11-22-r17', 17],
    ['day-2026-11-22-r0', null],
    ['day-2026-11-22-rx', null],
    ['day-2026-11-220', null],
    ['day-2026-11-21', null],
  ])('%s is number %s of its window', (name, number) => {
    expect(numberOf(name, present(window, 'a window'))).toBe(number)
    if (number !== null) expect(toNumbered('day-2026-11-22', number)).toBe(name)
  })

  test.each([
    ['day-2026-11-22', true],
    ['hour-2026-11-22T1300Z-r2', true],
    ['september', false],
    ['day-of-sales', false],
    ['20261123T034500123Z-spark', false],
  ])('whether %s is of the schedule: %s', (name, is) => {
    expect(isScheduled(name)).toBe(is)
  })
})
