import { expect, test } from 'vitest'
import { planRetention } from './retention.ts'

const SEGMENTS = [
  { baseOffset: 0, sizeBytes: 100, arrivalFirstMs: 1_000 },
  { baseOffset: 10, sizeBytes: 100, arrivalFirstMs: 2_000 },
  { baseOffset: 20, sizeBytes: 100, arrivalFirstMs: 3_000 },
  { baseOffset: 30, sizeBytes: 100, arrivalFirstMs: 4_000 },
]
const ALL = { released: 100, nowMs: 5_000 }

test.each([
  ['nothing bounds it', { retentionBytes: null, retentionMs: null }, ALL, 0],
  ['it is as large as it may be', { retentionBytes: 400, retentionMs: null }, ALL, 0],
  ['it is one byte too large', { retentionBytes: 399, retentionMs: null }, ALL, 1],
  ['nothing may stay', { retentionBytes: 0, retentionMs: null }, ALL, 3],
  [
    'two released, one in part',
    { retentionBytes: 0, retentionMs: null },
    { ...ALL, released: 29 },
    2,
  ],
  ['all of one released', { retentionBytes: 0, retentionMs: null }, { ...ALL, released: 10 }, 1],
  ['none released', { retentionBytes: 0, retentionMs: 0 }, { ...ALL, released: 9 }, 0],
  ['the first ended at the age', { retentionBytes: null, retentionMs: 3_000 }, ALL, 0],
  ['the first ended before that', { retentionBytes: null, retentionMs: 2_999 }, ALL, 1],
  ['two are too old', { retentionBytes: null, retentionMs: 1_500 }, ALL, 2],
  ['one too old, two too much', { retentionBytes: 200, retentionMs: 2_999 }, ALL, 2],
  ['the clock went back', { retentionBytes: null, retentionMs: 0 }, { ...ALL, nowMs: 0 }, 0],
])('when %s', (_, retention, facts, count) => {
  expect(planRetention(SEGMENTS, retention, facts)).toBe(count)
})

test('the last segment stays, and so does what ends at an empty one', () => {
  const retention = { retentionBytes: null, retentionMs: 0 }
  expect(planRetention([], retention, ALL)).toBe(0)
  expect(planRetention(SEGMENTS.slice(0, 1), retention, ALL)).toBe(0)
  const empty = { baseOffset: 10, sizeBytes: 0, arrivalFirstMs: null }
  expect(planRetention([...SEGMENTS.slice(0, 1), empty], retention, ALL)).toBe(0)
})
