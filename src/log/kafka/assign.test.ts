import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Member } from './assign.ts'
import { assignShards } from './assign.ts'

const memberIds = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), {
  minLength: 1,
  maxLength: 9,
})
const groups = fc.record({ ids: memberIds, shardCount: fc.integer({ min: 1, max: 40 }) })

test('every shard has one owner, and no share is larger than another by more than one', () => {
  const owned = fc.array(fc.nat({ max: 45 }), { maxLength: 12 })
  fc.assert(
    fc.property(groups, fc.array(owned, { maxLength: 9 }), ({ ids, shardCount }, claims) => {
      const members = ids.map((id, index) => ({ id, owned: claims[index] ?? [] }))
      const shares = assignShards(members, shardCount)
      const all = [...shares.values()].flat().toSorted((a, b) => a - b)
      expect(all).toEqual(Array.from({ length: shardCount }, (_, shard) => shard))
      const sizes = ids.map(id => shares.get(id)?.length ?? -1)
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
    }),
  )
})

test('the order of members says nothing', () => {
  fc.assert(
    fc.property(groups, ({ ids, shardCount }) => {
      const members = ids.map((id, index): Member => ({ id, owned: [index, index + 3] }))
      expect(assignShards(members.toReversed(), shardCount)).toEqual(
        assignShards(members, shardCount),
      )
    }),
  )
})

test('who stays keeps what it can', () => {
  fc.assert(
    fc.property(groups, ({ ids, shardCount }) => {
      const before = assignShards(
        ids.map(id => ({ id, owned: [] })),
        shardCount,
      )
      const members = [...before].map(([id, owned]) => ({ id, owned }))
      expect(assignShards(members, shardCount)).toEqual(before)
      const more = assignShards([...members, { id: 'new', owned: [] }], shardCount)
      for (const { id, owned } of members.filter(member => member.id !== 'new')) {
        for (const shard of more.get(id) ?? []) expect(owned).toContain(shard)
      }
    }),
  )
})

test('with more members than shards some wait', () => {
  const members = ['a', 'b', 'c'].map(id => ({ id, owned: [] }))
  expect([...assignShards(members, 2).values()]).toEqual([[0], [1], []])
})
