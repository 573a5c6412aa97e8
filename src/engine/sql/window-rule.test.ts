/** The rule finds the windows that model/window.ts finds, wherever and however clocks change. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkProperty } from '../../../test/support/property.ts'
import type { Interval } from '../../model/window.ts'
import { createWindowing, toWindowSpec } from '../../model/window.ts'
import { present } from '../../std/assert.ts'
import { DAY_MS, HOUR_MS } from '../../std/units.ts'
import type { WindowRule } from './window-rule.ts'
import { toWindowRule } from './window-rule.ts'

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/Sao_Paulo', // changed at midnight until 2019
  'America/St_Johns', // changed at one minute past midnight until 2011
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Australia/Lord_Howe', // half an hour
  'Pacific/Apia', // left out a day in 2011
  'Africa/Casablanca',
  'Antarctica/Troll', // two hours
] as const
const WINDOWS = ['minute', 'hour', 'day', 'week', 'month', '90s', '36h', 'all'] as const
const FIRST = Date.parse('1962-01-01T00:00:00Z')
const LAST = Date.parse('2030-01-01T00:00:00Z')

/** What the SQL computes, as plainly. */
function windowByRule(rule: WindowRule, timeMs: number): Interval {
  if (rule.kind === 'one') {
    return {
      start: rule.start ?? Number.NEGATIVE_INFINITY,
      end: rule.end ?? Number.POSITIVE_INFINITY,
    }
  }
  const holding =
    rule.kind === 'regular'
      ? [{ offsetMs: 0, window: null }]
      : rule.segments.filter(one => one.fromMs <= timeMs && timeMs < one.toMs)
  if (holding.length !== 1) throw new Error(`${holding.length} segments hold ${timeMs}`)
  const { offsetMs, window } = present(holding[0], 'the segment of an instant')
  if (window !== null) return window
  const rest = (timeMs + offsetMs + rule.anchorMs) % rule.unitMs
  const start = timeMs - (rest < 0 ? rest + rule.unitMs : rest)
  return { start, end: start + rule.unitMs }
}

test('the window of any instant of any range', () => {
  const at = fc.integer({ min: FIRST, max: LAST })
  const property = fc.property(
    fc.constantFrom(...ZONES),
    fc.constantFrom(...WINDOWS),
    at,
    fc.integer({ min: 1, max: 900 }),
    fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), { minLength: 30 }),
    (zone, window, fromMs, days, places) => {
      const spec = toWindowSpec(window, zone, 'test')
      const range = { fromMs, toMs: fromMs + days * DAY_MS }
      const rule = toWindowRule(spec, range, null)
      const find = createWindowing(spec)
      for (const place of places) {
        const timeMs = Math.floor(fromMs + place * days * DAY_MS)
        expect(windowByRule(rule, timeMs)).toEqual(find(timeMs))
      }
    },
  )
  checkProperty(property, 300)
})

test('every quarter of an hour around changes of clocks', () => {
  const days = ['1999-10-03', '2011-11-06', '2011-12-30', '2018-11-04', '2024-03-31', '2024-10-27']
  for (const zone of ZONES) {
    for (const window of WINDOWS) {
      const spec = toWindowSpec(window, zone, 'test')
      const find = createWindowing(spec)
      for (const day of days) {
        const middle = Date.parse(`${day}T00:00:00Z`)
        const range = { fromMs: middle - 9 * DAY_MS, toMs: middle + 9 * DAY_MS }
        const rule = toWindowRule(spec, range, null)
        for (let at = middle - DAY_MS; at < middle + DAY_MS; at += HOUR_MS / 4) {
          const [ours, theirs] = [windowByRule(rule, at), find(at)]
          if (ours.start === theirs.start && ours.end === theirs.end) continue
          expect({ zone, window, at: new Date(at).toISOString(), ours }).toBe(theirs)
        }
      }
    }
  }
})

test('a year of Berlin takes a handful of segments', () => {
  const range = { fromMs: Date.parse('2024-01-01T00:00Z'), toMs: Date.parse('2025-01-01T00:00Z') }
  const sizes = (['hour', 'day', 'week'] as const).map(window => {
    const rule = toWindowRule(toWindowSpec(window, 'Europe/Berlin', 'test'), range, null)
    return rule.kind === 'segments' ? rule.segments.length : 0
  })
  expect(sizes).toEqual([3, 5, 5])
})

test('`all` covers everything, or the range that was asked for', () => {
  const range = { fromMs: 0, toMs: DAY_MS }
  expect(toWindowRule({ kind: 'all' }, range, null)).toEqual({
    kind: 'one',
    start: null,
    end: null,
  })
  expect(toWindowRule({ kind: 'all' }, range, range)).toEqual({
    kind: 'one',
    start: 0,
    end: DAY_MS,
  })
})
