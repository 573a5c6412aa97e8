import { describe, expect, test } from 'vitest'
import { createCatalog } from '../model/catalog.ts'
import { encodeRecordBatch } from '../model/record-batch.ts'
import { concatBytes, toUtf8 } from '../std/bytes.ts'
import { crc32c } from '../std/crc32c.ts'
import type { Bench } from './engine.fixture.ts'
import { ARRIVAL_MS, createBench } from './engine.fixture.ts'
import { createEngine } from './shard-engine.ts'
import { catalogOf, day, event, metric, things } from './shop.fixture.ts'

function openBench(): Bench {
  return createBench({ metrics: [metric({ groupBy: ['data.text'] })], catalog: catalogOf() })
}

describe('the same event', () => {
  const verdicts = (dedupDays: number, times: readonly string[]): string => {
    const bench = createBench({ metrics: [], catalog: catalogOf({ dedupDays }) })
    const before = { accepted: 0, duplicate: 0 }
    return times
      .map(time => {
        bench.feed('thing', [event({ id: 'e', time })])
        const { accepted, duplicate } = bench.totals('thing')
        const isAccepted = accepted > before.accepted
        Object.assign(before, { accepted, duplicate })
        return isAccepted ? 'a' : 'd'
      })
      .join('')
  }
  const [late, early] = ['23:59:59.999', '00:00:00.000']

  test.each([
    [0, [day(0, early), day(0, late), day(1, early), day(-1, late)], 'adaa'],
    [1, [day(0, late), day(1, late), day(2, early)], 'ada'],
    [1, [day(0, early), day(-1, early), day(-2, late)], 'ada'],
    [1, [day(0, early), day(2, early), day(1, late)], 'aad'],
    [2, [day(0, early), day(2, late), day(3, early), day(5, late)], 'adad'],
    [2, [day(0, late), day(-2, early), day(-3, late), day(-5, early)], 'adad'],
    // A duplicate does not carry the event on: what counts is how far the accepted one is.
    [1, [day(0, early), day(1, early), day(2, early), day(3, early)], 'adad'],
  ])('with dedupDays %i, at %j: %s', (dedupDays, times, expected) => {
    expect(verdicts(dedupDays, times)).toBe(expected)
  })

  test('is of one topic, user and id; and an invalid one was none', () => {
    const bench = createBench({ metrics: [], catalog: catalogOf() })
    bench.feed('thing', [event({ id: 'e', data: { whole: 'x' } }), event({ id: 'e' })])
    bench.feed('thing', [event({ id: 'e', user: 'v' }), event({ id: 'e2' }), event({ id: 'e' })])
    bench.feed('other', [event({ id: 'e', type: 'other' }), event({ id: 'e', type: 'other' })])
    expect(bench.totals('thing')).toMatchObject({
      accepted: 3,
      duplicate: 1,
      invalid: { wrong_type: 1 },
      applied: 3,
    })
    expect(bench.totals('other')).toMatchObject({ accepted: 1, duplicate: 1 })
    expect(bench.rejects).toMatchObject([{ offset: 0, code: 'wrong_type', pointer: '/data/whole' }])
  })

  test('keeps user and id apart', () => {
    const bench = createBench({ metrics: [], catalog: catalogOf() })
    const uuid = '6ba7b810-9dad-11d1-80b4-00c04fd430c8'
    const pairs = [
      ['a', 'b'],
      ['b', 'a'],
      ['ab', ''],
      ['a', 'a'],
      ['b', 'b'],
      [uuid, uuid],
    ]
    const ids = pairs.map(([user = '', id = '']) => event({ user, id: `${id}.` }))
    bench.feed('thing', [...ids, event({ user: uuid, id: uuid }), event({ user: 'x', id: uuid })])
    expect(bench.totals('thing')).toMatchObject({ accepted: 8, duplicate: 0 })
  })
})

describe('offsets', () => {
  const batch = (baseOffset: number, size: number, attributes = 0x08): Uint8Array => {
    const records = Array.from({ length: size }, () => {
      return { key: null, value: toUtf8(JSON.stringify(event())), headers: [] }
    })
    const bytes = Buffer.from(encodeRecordBatch({ baseOffset, arrivalMs: ARRIVAL_MS, records }))
    bytes.writeInt16BE(attributes, 21)
    bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17)
    return bytes
  }
  const CONTROL = 0x28

  test('that the log lacks are gaps, control records are skipped, and all adds up', () => {
    const bench = openBench()
    const place = {
      topic: 'thing',
      partition: 0,
      offsetFirst: 0,
      offsetEnd: 20,
      abortedCount: 0,
      isVerified: false,
    }
    const first = concatBytes([batch(2, 3), batch(6, 1, CONTROL), batch(7, 2)])
    bench.engine.digest({ ...place, offset: 1, offsetNext: 11, bytes: first })
    // The second fetch begins in the middle of its batch.
    bench.engine.digest({ ...place, offset: 11, offsetNext: 13, bytes: batch(9, 4) })
    bench.take()
    const totals = bench.totals('thing')
    expect(totals).toMatchObject({
      offsetFirst: 1,
      offsetNext: 13,
      consumed: 7,
      skipped: 1,
      gap: 4,
      accepted: 7,
      atEnd: false,
    })
    expect(totals.offsetNext - totals.offsetFirst).toBe(
      totals.consumed + totals.skipped + totals.gap,
    )
    expect(bench.values('m')).toEqual([{ n: 7 }])
  })
})

describe('progress', () => {
  test('is the latest of event time or arrival, of what was accepted', () => {
    const bench = openBench()
    const timeMs = (): number | null => bench.totals('thing').timeMs
    bench.feed('thing', [event({ time: 'never' })])
    expect(timeMs()).toBeNull()
    bench.feed('thing', [event({ time: '2024-09-03T10:00:00Z' })])
    bench.feed('thing', [event({ time: '2024-09-03T09:00:00Z' })])
    expect(timeMs()).toBe(Date.parse('2024-09-03T10:00:00Z'))
    // Ahead of its arrival: the arrival counts.
    bench.feed('thing', [event({ time: '2024-09-05T12:30:00Z' })])
    expect(timeMs()).toBe(ARRIVAL_MS)
    bench.feed('thing', [event({ time: '2024-09-05T12:40:00Z' })], -1)
    expect(timeMs()).toBe(ARRIVAL_MS)
  })

  test('a partition that holds more than was read says so, though nothing of it was', () => {
    const bench = openBench()
    const bounds = (topic: string, offsetEnd: number): void =>
      bench.engine.observe([
        { topic, partition: 0, offsetFirst: 0, offsetEnd, sizeBytes: 0, retentionMs: null },
      ])
    bench.feed('thing', [event()])
    bounds('thing', 1)
    bounds('other', 0)
    expect(bench.take()).toBeNull()
    bounds('other', 5)
    expect(bench.take()?.partitions).toMatchObject([
      { topic: 'thing', atEnd: true },
      { topic: 'other', atEnd: false, offsetFirst: 0, offsetNext: 0, timeMs: null },
    ])
    bounds('other', 6)
    expect(bench.take()).toBeNull()
  })
})

test('long records weigh more than one, until they are taken', () => {
  const bench = openBench()
  bench.append('thing', things({ text: 'x'.repeat(60_000), whole: 'wrong' }))
  bench.digest('thing')
  expect(bench.engine.pendingSize).toBeGreaterThan(200)
  bench.take()
  expect(bench.engine.pendingSize).toBe(0)
})

test('what was counted of a topic stays when its type leaves, and holds no progress', () => {
  const bench = createBench({ metrics: [], catalog: catalogOf() })
  bench.feed('thing', [event({ id: 'a' })])
  const left = { ...bench.totals('thing'), topic: 'gone', atEnd: false }
  const engine = createEngine({
    catalog: createCatalog(catalogOf()),
    plans: [],
    state: { shard: 0, partitions: [left], ids: { blocks: [], runs: [] } },
    secret: new Uint8Array(16),
    idsMemoryMax: 1 << 20,
  })
  engine.observe([{ ...BOUNDS, topic: 'thing', partition: 0 }])
  expect(engine.take()?.partitions).toMatchObject([
    { ...left, atEnd: true },
    { topic: 'thing', atEnd: false, consumed: 0 },
  ])
})

const BOUNDS = { offsetFirst: 0, offsetEnd: 1, sizeBytes: 0, retentionMs: null }
