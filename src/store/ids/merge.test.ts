import { expect, test } from 'vitest'
import { planMerge, RUNS_PER_BUCKET_MAX } from './merge.ts'

const runsOf = (...counts: readonly number[]): readonly { readonly idCount: number }[] =>
  counts.map(idCount => ({ idCount }))

test('few runs are left alone; of many the smallest become one, up to a much larger one', () => {
  expect(planMerge(runsOf(1, 1, 1, 1, 1, 1, 1, 1))).toEqual([])
  expect(planMerge(runsOf(90, 5, 80, 3, 70, 60, 50, 40, 2))).toEqual(runsOf(2, 3, 5))
  expect(planMerge(runsOf(1, 1, 1, 1, 1, 1, 1, 1, 1))).toHaveLength(9)
  expect(planMerge(runsOf(256, 128, 64, 32, 16, 8, 4, 2, 9))).toEqual(runsOf(2, 4))
})

test('an id is rewritten a few times, however many runs come', () => {
  let runs = runsOf()
  let rewritten = 0
  for (let turn = 0; turn < 4_096; turn += 1) {
    runs = [...runs, { idCount: 1 }]
    const merged = planMerge(runs)
    if (merged.length === 0) continue
    const idCount = merged.reduce((total, run) => total + run.idCount, 0)
    rewritten += idCount
    runs = [...runs.filter(run => !merged.includes(run)), { idCount }]
  }
  expect(runs.length).toBeLessThanOrEqual(RUNS_PER_BUCKET_MAX)
  expect(rewritten / 4_096).toBeLessThan(8)
})
