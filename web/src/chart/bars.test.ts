import { describe, expect, test } from 'vitest'
import { sampleRow } from '../data/sample.ts'
import { toMinutes } from '../data/windows.ts'
import { createTimeText } from '../text/times.ts'
import { toCeiling, toPlaces, toTicks } from './bars.ts'

const time = createTimeText('UTC')

function viewOf(startMinute: number, count: number, step = 1) {
  const rows = Array.from({ length: count }, (_, index) => {
    const minute = startMinute + index * step
    const at = `1${Math.floor(minute / 60)}:${String(minute % 60).padStart(2, '0')}`
    return sampleRow({ at, key: { event_type: 'search' }, values: { events: 1 } })
  })
  return { data: toMinutes(rows, 60), time }
}

describe('toTicks', () => {
  test('names round minutes, as close as there is room', () => {
    const view = viewOf(3, 60)
    const named = toTicks(view, 700).map(index =>
      time.minute(view.data.minutes[index]?.startMs ?? 0),
    )
    expect(named).toEqual(
      [...Array(12).keys()].map(index => time.minute((605 + index * 5) * 60_000)),
    )
    expect(toTicks(view, 250)).toHaveLength(4)
  })

  test('is even where no minute is round', () => {
    const view = viewOf(1, 25, 20)
    expect(toTicks(viewOf(1, 3), 700)).toEqual([2])
    expect(toTicks(view, 700).length).toBeGreaterThan(2)
  })

  test('has nothing to name without minutes', () => {
    expect(toTicks(viewOf(0, 0), 700)).toEqual([])
  })
})

test('toPlaces puts a few minutes at the right end', () => {
  expect(toPlaces(60)).toEqual([-0.5, 59.5])
  expect(toPlaces(2)).toEqual([-28.5, 1.5])
})

describe('toCeiling', () => {
  test.each([
    [0, 2],
    [1, 2],
    [3, 4],
    [10, 10],
    [11, 12],
    [101, 120],
    [174, 200],
    [999, 1000],
    [1001, 1200],
  ])('%d fits below %d', (max, ceiling) => {
    expect(toCeiling(max)).toBe(ceiling)
  })

  test('its half is a whole count', () => {
    for (let max = 1; max < 3_000; max += 1) expect(toCeiling(max) % 2).toBe(0)
  })
})
