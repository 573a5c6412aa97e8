import { expect, test } from 'vitest'
import { murmur2, partitionOf } from './murmur2.ts'

// The vectors of Kafka's own UtilsTest.testMurmur2.
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('murmur2 of %s', (text, hash) => {
  expect(Number(BigInt.asIntN(32, murmur2(Buffer.from(text))))).toBe(hash)
  expect(partitionOf(Buffer.from(text), 1)).toBe(0)
})
