import { describe, expect, test } from 'vitest'
import { createTimeText, toInstant, toLengthText, toWireTime } from './times.ts'

const at = Date.parse('2024-09-03T20:25:15Z')

describe('createTimeText', () => {
  test('tells the time of the zone', () => {
    const time = createTimeText('Asia/Kolkata')
    expect(time.minute(at)).toBe('01:55')
    expect(time.second(at)).toBe('01:55:15')
    expect(time.day(at)).toMatch(/^Wed 4 Sept? 2024$/)
  })

  test('midnight is 00:00', () => {
    expect(createTimeText('UTC').minute(Date.parse('2024-09-03T00:00:00Z'))).toBe('00:00')
  })

  test('falls back to UTC for a zone that the browser does not know', () => {
    expect(createTimeText('Mars/Olympus').minute(at)).toBe('20:25')
  })
})

test('toInstant reads text and numbers of the wire, and nothing else', () => {
  const values = ['2024-09-03T20:25:15.000Z', at, -1, null, undefined, 'soon', Number.NaN]
  expect(values.map(toInstant)).toEqual([at, at, null, null, null, null, null])
})

test('toWireTime writes whole seconds of UTC', () => {
  expect(toWireTime(at + 999)).toBe('2024-09-03T20:25:15Z')
})

test('toLengthText uses the largest unit that fits', () => {
  const lengths = [0, 3.51, 45, 90, 3_600, 7_000, 86_400 * 6.93]
  expect(lengths.map(toLengthText).map(text => text.replace('\u202f', ' '))).toEqual([
    '0 s',
    '3.5 s',
    '45 s',
    '1.5 min',
    '1 h',
    '1.9 h',
    '6.9 days',
  ])
})
