import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createVarintReader, sizeOfVarint, writeVarint } from './varint.ts'

// The table of the Protocol Buffers documentation, and the edges of each size.
test.each([
  [0, '00'],
  [-1, '01'],
  [1, '02'],
  [-2, '03'],
  [63, '7e'],
  [64, '8001'],
  [-65, '8101'],
  [8191, 'fe7f'],
  [8192, '808001'],
  [2 ** 30 - 1, 'feffffff07'],
])('%i is written as %s', (value, hex) => {
  const bytes = new Uint8Array(sizeOfVarint(value))
  expect(writeVarint(bytes, 0, value)).toBe(bytes.length)
  expect(Buffer.from(bytes).toString('hex')).toBe(hex)
})

test('what is written is read', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 30) + 1, max: 2 ** 30 - 1 }), value => {
      const bytes = new Uint8Array(5)
      const end = writeVarint(bytes, 0, value)
      const reader = createVarintReader(bytes, 0, end)
      expect(end).toBe(sizeOfVarint(value))
      expect(reader.varint()).toBe(value)
      expect(reader.at).toBe(end)
    }),
  )
})

test('a longer one than ours, a timestamp delta of a year, is read', () => {
  const reader = createVarintReader(Buffer.from('80b089fbea01', 'hex'), 0, 6)
  expect(reader.varint()).toBe(31_536_000_000)
})

test.each(['', '80', '8080', 'ffffffffffffffffffffff01'])('%j is no integer', hex => {
  const bytes = Buffer.from(hex, 'hex')
  expect(createVarintReader(bytes, 0, bytes.length).varint()).toBeNull()
})

test('nothing is taken past the end', () => {
  const reader = createVarintReader(Uint8Array.of(1, 2, 3), 0, 2)
  expect(reader.take(3)).toBeNull()
  expect(reader.take(-1)).toBeNull()
  expect(reader.take(2)).toEqual(Uint8Array.of(1, 2))
})
