import { describe, expect, test } from 'vitest'
import type { AuditPartition } from '../../../src/api/contract.ts'
import { samplePartition } from '../../../src/api/ledger.fixture.ts'
import { findBreaches, toLedgerView, toStages } from './ledger.ts'

const toView = (partitions: readonly AuditPartition[], balanced = true) =>
  toLedgerView({ balanced, progress: null, lag: 0, partitions })

describe('toLedgerView', () => {
  test('adds up partitions per topic, and all of them', () => {
    const view = toView([
      samplePartition({ topic: 'search' }),
      samplePartition({
        accepted: 7,
        applied: 7,
        duplicate: 1,
        invalid: { future: 2 },
        quarantined: 2,
        repaired: 1,
      }),
      samplePartition({ partition: 1, lag: 4 }),
    ])
    expect(view.balanced).toBe(true)
    expect(view.topics.map(line => line.topic)).toEqual(['purchase', 'search'])
    expect(view.topics[0]).toMatchObject({
      consumed: 20,
      accepted: 17,
      duplicate: 1,
      invalid: 2,
      lag: 4,
    })
    expect(view.repaired).toBe(1)
    expect(view.total).toMatchObject({ consumed: 30, accepted: 27 })
  })

  test('counts reasons over all partitions, most frequent first', () => {
    const view = toView([
      samplePartition({ invalid: { missing: 1, future: 1 } }),
      samplePartition({ invalid: { future: 3 } }),
    ])
    expect(view.invalidCodes).toEqual([
      { code: 'future', count: 4 },
      { code: 'missing', count: 1 },
    ])
  })

  test('tells the longest wait, and how near a record is to being deleted unread', () => {
    const kept = { retention_hours: 168 }
    expect(toView([samplePartition(kept)])).toMatchObject({ lagSeconds: 0, retentionHours: 168 })
    const view = toView([
      samplePartition({ lag: 2, lag_seconds: 3.5, retention_hours: 167 }),
      samplePartition({ lag: 9, lag_seconds: 61, retention_hours: 0.5 }),
      samplePartition({ lag: 1, lag_seconds: null, retention_hours: null }),
      samplePartition({ lag: 0, lag_seconds: 0 }),
    ])
    expect(view).toMatchObject({ lagSeconds: 61, retentionHours: 0.5 })
    const unknown = toView([samplePartition({ lag: 1, lag_seconds: null })])
    expect(unknown).toMatchObject({ lagSeconds: null, retentionHours: null })
  })

  test('does not balance where the server says so, or where an equation does not hold', () => {
    expect(toView([samplePartition()], false).balanced).toBe(false)
    expect(toView([samplePartition({ accepted: 9 })]).balanced).toBe(false)
    expect(toView([samplePartition({ balanced: false })], true).topics[0]?.balanced).toBe(false)
  })
})

describe('findBreaches', () => {
  test.each([
    [{ consumed: 11, accepted: 11, applied: 11 }, 'offsets passed = consumed + skipped + gap', -1],
    [{ duplicate: 2 }, 'consumed = accepted + duplicate + invalid', -2],
    [{ applied: 7 }, 'applied to results = accepted', -3],
    [{ quarantined: 4 }, 'in quarantine = invalid', 4],
  ])('%j breaks: %s', (change, equation, difference) => {
    expect(findBreaches(samplePartition(change))).toEqual([
      expect.objectContaining({ topic: 'purchase', partition: 0, equation, difference }),
    ])
  })

  test('control records and gaps are passed without being consumed', () => {
    const partition = samplePartition({ offset_next: 15, skipped: 2, gap: 3 })
    expect(findBreaches(partition)).toEqual([])
  })
})

test('the stages add up over partitions, and tell the exact difference', () => {
  const invalid = { future: 1 }
  const stages = toStages([
    samplePartition({ accepted: 8, applied: 8, duplicate: 1, invalid, quarantined: 1 }),
    samplePartition({ accepted: 10, applied: 7, skipped: 2, offset_next: 12 }),
  ])
  expect(stages.map(({ name, difference }) => [name, difference])).toEqual([
    ['Read', 0],
    ['Judged', 0],
    ['Counted', -3],
    ['Kept', 0],
  ])
  expect(stages[1]?.right.map(({ count }) => count)).toEqual([18, 1, 1])
})
