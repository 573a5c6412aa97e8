/**
 * The product's windows, computed from runs of offsets, against the oracle's, found by walking
 * along the clock: any instants of years 1900 to 2100 in any order, and every minute around
 * changes.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createWindowing, toWindowSpec } from '../src/model/window.ts'
import { findWindows } from './oracle/windows.ts'
import { checkProperty } from './support/property.ts'

const ZONES = [
  'UTC',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Europe/Berlin',
  'America/St_Johns',
  'Asia/Kathmandu',
  'Africa/Casablanca',
  'Pacific/Apia',
  'America/Sao_Paulo',
  'Asia/Gaza', // a change an hour after midnight, and another one a week later
  'Europe/Dublin', // winter time is the exception there
] as const
const WINDOWS = ['minute', 'hour', 'day', 'week', 'month', '15m', '7d'] as const

/** First instants of days on which a clock of one of the zones changes, or a year does. */
const DAYS = [
  '2024-03-30T22:00Z', // Berlin, forward
  '2024-10-26T22:00Z', // Berlin, back
  '2024-04-06T12:00Z', // Lord Howe, half an hour back
  '2024-10-05T12:00Z', // Lord Howe, half an hour forward
  '2010-11-06T12:00Z', // St. John's, back at a minute past midnight
  '2010-03-14T00:00Z', // St. John's, forward at a minute past midnight
  '2018-02-17T14:00Z', // São Paulo, back at midnight
  '2018-11-03T14:00Z', // São Paulo, forward at midnight
  '2011-12-29T20:00Z', // Apia, over the date line
  '2023-03-19T00:00Z', // Casablanca, back for Ramadan
  '1985-12-31T12:00Z', // Kathmandu, forward by a quarter of an hour
  '2021-12-31T12:00Z',
]
const HOUR_MS = 3_600_000

type Windows = (timeMs: number) => { readonly start: number | null; readonly end: number | null }

/** The product's windows, in the oracle's form. */
function productWindows(window: (typeof WINDOWS)[number], zone: string): Windows {
  const find = createWindowing(toWindowSpec(window, zone, 'test'))
  return timeMs => {
    const { start, end } = find(timeMs)
    return { start, end }
  }
}

describe.each(ZONES)('%s', zone => {
  test.each(WINDOWS)('each %s around changes of clocks', window => {
    const find = productWindows(window, zone)
    const expected = findWindows(window, zone)
    for (const day of DAYS) {
      for (let minute = 0; minute < 36 * 60; minute += 7) {
        const timeMs = Date.parse(day) + minute * 60_000
        expect({ timeMs, ...find(timeMs) }).toEqual({ timeMs, ...expected(timeMs) })
      }
    }
  })

  test('any instants, in any order', () => {
    const instant = fc.oneof(
      fc.integer({ min: Date.parse('1900-01-01'), max: Date.parse('2100-12-31') }),
      // Around the turn of a year, where years meet whose changes are known apart.
      fc
        .record({
          year: fc.integer({ min: 1900, max: 2100 }),
          ms: fc.integer({ min: -40 * HOUR_MS, max: 40 * HOUR_MS }),
        })
        .map(({ year, ms }) => Date.UTC(year) + ms),
    )
    const windows = fc.constantFrom(...WINDOWS)
    const property = fc.property(windows, fc.array(instant, { maxLength: 4 }), (window, times) => {
      const find = productWindows(window, zone)
      const expected = findWindows(window, zone)
      expect(times.map(find)).toEqual(times.map(expected))
    })
    checkProperty(property, 30)
  })
})

test('windows of neighbouring instants meet: there is no gap and no overlap', () => {
  const instant = fc.integer({ min: Date.parse('1900-01-01'), max: Date.parse('2100-12-31') })
  const property = fc.property(
    fc.constantFrom(...ZONES),
    fc.constantFrom(...WINDOWS),
    instant,
    (zone, window, timeMs) => {
      const find = createWindowing(toWindowSpec(window, zone, 'test'))
      const { start, end } = find(timeMs)
      expect(start <= timeMs && timeMs < end).toBe(true)
      expect(find(start)).toEqual({ start, end })
      expect(find(end - 1)).toEqual({ start, end })
      expect(find(start - 1).end).toBe(start)
      expect(find(end).start).toBe(end)
    },
  )
  checkProperty(property, 200)
})
