import { expect, test } from 'vitest'
import { findApart, overlap, planTier, replaceEntries } from './tiers.ts'

interface Entry {
  readonly tier: number
  readonly rows: number
  readonly from: string | null
  readonly to: string | null
}

const at = (hour: number): string => `2026-03-01T${String(hour).padStart(2, '0')}:00:00Z`
const entry = (tier: number, rows = 1, from = 0, to = from): Entry => {
  return { tier, rows, from: at(from), to: at(to) }
}

test('the lowest crowded tier is merged, its oldest first', () => {
  const [a, b, c, d, e] = [entry(1), entry(1), entry(0), entry(1), entry(0)]
  const all = [a, b, c, d, e]
  expect(planTier(all, 3)).toEqual([])
  expect(planTier(all, 2)).toEqual([a, b, d])
  expect(planTier(all, 1)).toEqual([c, e])
  const many = Array.from({ length: 9 }, () => entry(0))
  expect(planTier(many, 3)).toEqual(many.slice(0, 6))
})

test('a row is rewritten about once a tier, however many commits come', () => {
  let entries: readonly Entry[] = []
  let rewritten = 0
  for (let commit = 0; commit < 4_096; commit += 1) {
    entries = [...entries, entry(0)]
    for (let from = planTier(entries, 8); from.length > 0; from = planTier(entries, 8)) {
      const rows = from.reduce((sum, one) => sum + one.rows, 0)
      rewritten += rows
      const merged = entry((from[0]?.tier ?? 0) + 1, rows)
      entries = replaceEntries(entries, [{ from, to: [merged] }]).entries
    }
  }
  expect(entries.reduce((sum, one) => sum + one.rows, 0)).toBe(4_096)
  expect(entries.length).toBeLessThanOrEqual(8 * 4)
  expect(rewritten / 4_096).toBeLessThanOrEqual(4)
})

test('large entries that stand apart only rise', () => {
  const [day, noon, night, small] = [
    entry(0, 90, 1, 5),
    entry(0, 90, 5, 6),
    entry(0, 90, 20),
    entry(0, 9, 9),
  ]
  expect(findApart([day, noon, night, small], 50)).toEqual([night])
  expect(findApart([day, night, small], 50)).toEqual([day, night])
  const endless = { ...night, from: null, to: null }
  expect(overlap(endless, small)).toBe(true)
  expect(findApart([endless, night], 50)).toEqual([])
})

test('what is merged stands where the first of it stood, and what is gone is told', () => {
  const [a, b, c, d, merged] = [entry(0), entry(0), entry(0), entry(0), entry(1)]
  expect(replaceEntries([a, b, c, d], [{ from: [b, d], to: [merged] }])).toEqual({
    entries: [a, merged, c],
    lost: [],
  })
  const late = { from: [a, b], to: [merged] }
  expect(replaceEntries([b, c], [late])).toEqual({ entries: [b, c], lost: [late] })
})
