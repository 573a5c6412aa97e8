/** Refusals as bytes say what was refused, however they are joined and cut. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Reason, RefusedRange } from './refused.ts'
import {
  countRefused,
  createRefusedWriter,
  cutRefused,
  joinRefused,
  readRefused,
} from './refused.ts'

/** Per offset what becomes of it; `accepted` stands for no refusal. */
type Fate = 'accepted' | Reason | null

const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Fate>('accepted') },
  { weight: 2, arbitrary: fc.constant<Fate>(null) },
  fc.record({
    code: fc.constantFrom('missing' as const, 'not_json' as const),
    pointer: fc.constantFrom('', '/data/a b', '/data/é'),
  }),
)
const start = fc.constantFrom(0, 7, 2 ** 31, 2 ** 45)

function write(fates: readonly Fate[], first: number): RefusedRange {
  const writer = createRefusedWriter(first)
  for (const [index, one] of fates.entries()) {
    if (one !== 'accepted') writer.refuse(first + index, 1, one)
  }
  return writer.take(first + fates.length)
}

function read(range: RefusedRange): readonly Fate[] {
  const fates: Fate[] = Array.from({ length: range.next - range.first }, () => 'accepted')
  for (const { offset, count, reason } of readRefused(range)) {
    fates.fill(reason, offset - range.first, offset - range.first + count)
  }
  return fates
}

test('what is written is read, counted, cut and joined', () => {
  fc.assert(
    fc.property(fc.array(fate), start, fc.nat(), fc.nat(), (fates, first, one, other) => {
      const range = write(fates, first)
      expect(read(range)).toEqual(fates)
      const at = one % (fates.length + 1)
      expect(read(cutRefused(range, first + at))).toEqual(fates.slice(at))
      const split = other % (fates.length + 1)
      const parts = [write(fates.slice(0, split), first), write(fates.slice(split), first + split)]
      expect(read(joinRefused(parts, first + at))).toEqual(fates.slice(at))
      const below = fates.slice(0, at)
      expect(countRefused(range, first + at)).toEqual({
        refused: below.filter(some => some !== 'accepted').length,
        invalid: below.filter(some => some !== 'accepted' && some !== null).length,
      })
    }),
  )
})

test('a writer goes on where a range ended, and equal neighbours are one run', () => {
  const writer = createRefusedWriter(10)
  for (let offset = 10; offset < 1_000; offset += 1) writer.refuse(offset, 1, null)
  const range = writer.take(2_000)
  expect(range.runs.length).toBeLessThan(6)
  writer.refuse(2_000, 5, { code: 'missing', pointer: '/user_id' })
  expect([...readRefused(writer.take(2_005))]).toEqual([
    { offset: 2_000, count: 5, reason: { code: 'missing', pointer: '/user_id' } },
  ])
})
