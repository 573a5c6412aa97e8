import { expect, test } from 'vitest'
import { encodeRecordBatch } from '../model/record-batch.ts'
import { visitRecords } from './records.ts'

const RANGE = { from: 0, to: 2 }
const ENDS = { offsetFirst: 0, offsetEnd: 2, abortedCount: 0 }

test('the records of a fetch are visited', () => {
  expect(visit(encode())).toEqual([0, 1])
})

test('a flipped bit that nobody has seen yet is told', () => {
  const bytes = encode()
  bytes[bytes.length - 2] = (bytes.at(-2) ?? 0) ^ 1
  expect(() => visit(bytes)).toThrow(/^purchase\/0 from offset 0 on fails its checksum/)
})

function encode(): Uint8Array {
  const records = ['one', 'two'].map(text => ({
    key: null,
    value: Buffer.from(text),
    headers: [],
  }))
  return encodeRecordBatch({ baseOffset: 0, arrivalMs: 1, records })
}

function visit(bytes: Uint8Array): readonly number[] {
  const place = { topic: 'purchase', partition: 0, offset: 0, offsetNext: 2 }
  const offsets: number[] = []
  visitRecords({ ...place, ...ENDS, isVerified: false, bytes }, RANGE, ({ offset }) => {
    offsets.push(offset)
  })
  return offsets
}
