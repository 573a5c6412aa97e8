import { expect, test } from 'vitest'
import type { TailRecord } from '../../../../src/api/contract.ts'
import {
  addArrivals,
  eventIdOf,
  isWanted,
  KEPT_MAX,
  NO_ARRIVALS,
  rateOf,
  toBrief,
} from './arrivals.ts'

const record = (offset: number, rest: Partial<TailRecord> = {}): TailRecord => ({
  topic: 'search',
  partition: 0,
  offset,
  arrival: '2024-09-03T10:00:00.000Z',
  looks: 'valid',
  value: `{"event_id":"e${offset}","data":{"query":"Blue Shoes"}}`,
  ...rest,
})

test('the newest are kept, however many come', () => {
  let arrivals = NO_ARRIVALS
  for (let index = 0; index < 300; index += 1) {
    const records = [record(2 * index), record(2 * index + 1)]
    arrivals = addArrivals(arrivals, { records, skipped: 1 }, index * 100)
  }
  expect(arrivals.records.map(({ offset }) => offset).slice(0, 3)).toEqual([599, 598, 597])
  expect(arrivals.records).toHaveLength(KEPT_MAX)
  expect(arrivals.count).toBe(900)
  expect(arrivals.steps.length).toBeLessThanOrEqual(101)
  expect(rateOf(arrivals, 29_900)).toBeCloseTo(30, 5)
})

test('a batch without records only tells that time passed', () => {
  const before = addArrivals(NO_ARRIVALS, { records: [record(1)], skipped: 0 }, 0)
  expect(rateOf(before, 500)).toBeNull()
  const after = addArrivals(before, { records: [], skipped: 0 }, 2_000)
  expect(after.records).toBe(before.records)
  expect(rateOf(after, 2_000)).toBe(0)
})

test('is wanted by type and by text', () => {
  const wishes = [
    { type: '', text: '' },
    { type: 'search', text: 'blue sh' },
    { type: 'purchase', text: '' },
    { type: '', text: 'valid' },
    { type: '', text: 'red' },
  ]
  expect(wishes.map(wish => isWanted(record(1), wish))).toEqual([true, true, false, true, false])
})

test.each([
  ['{"event_id":"a\\"b","x":1', 'a"b'],
  ['{"x":1}', null],
  ['{"event_id":7}', null],
  ['{"event_id":"half', null],
  ['{"event_id":"\\x"}', null],
  ['', null],
])('the event id of %s is %s', (value, id) => {
  expect(eventIdOf(record(1, { value }))).toBe(id)
})

test('a line tells who did what, or all there is', () => {
  const texts = [
    '{"event_id":"e","user_id":"u1","data":{"query":"a"}}',
    '{"data":7}',
    '[1]',
    '{"da',
  ]
  expect(texts.map(toBrief)).toEqual(['u1  {"query":"a"}', '7', '[1]', '{"da'])
})

test('a record that is told again is there once', () => {
  const once = addArrivals(NO_ARRIVALS, { records: [record(1), record(2)], skipped: 0 }, 0)
  const again = addArrivals(once, { records: [record(2), record(3)], skipped: 0 }, 1_000)
  expect(again.records.map(({ offset }) => offset)).toEqual([3, 2, 1])
  expect(again.count).toBe(3)
})
