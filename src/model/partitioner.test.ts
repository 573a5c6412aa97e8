import fc from 'fast-check'
import { expect, test } from 'vitest'
import { murmur2, partitionOf, partitionOfRange } from './partitioner.ts'

// UtilsTest.testMurmur2 of Kafka.
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('murmur2 of %s is that of the Java client', (key, expected) => {
  expect(murmur2(Buffer.from(key), 0, key.length)).toBe(expected)
})

test('a negative hash loses its sign bit, as in the Java client', () => {
  expect(partitionOf(Buffer.from('21'), 1000, 'murmur2')).toBe((-973932308 & 0x7fffffff) % 1000)
})

// The check value of CRC-32, and librdkafka's test of consistent partitioning of the empty key.
test.each([
  ['123456789', 0xcbf43926],
  ['', 0],
])('crc32 of %j is taken unsigned', (key, crc) => {
  expect(partitionOf(Buffer.from(key), 1000, 'crc32')).toBe(crc % 1000)
})

test.each(['murmur2', 'crc32'] as const)('%s of a range is that of its copy', partitioner => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.nat(40),
      fc.integer({ min: 1, max: 64 }),
      (bytes, cut, count) => {
        const start = Math.min(cut, bytes.length)
        const partition = partitionOfRange(bytes, start, bytes.length, count, partitioner)
        expect(partition).toBe(partitionOf(bytes.slice(start), count, partitioner))
        expect(partition).toBeGreaterThanOrEqual(0)
        expect(partition).toBeLessThan(count)
      },
    ),
  )
})
