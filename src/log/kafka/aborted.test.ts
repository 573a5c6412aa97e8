import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeRecords, encodeRecordBatch, readBatchHeader } from '../../model/record-batch.ts'
import { fromUtf8, toUtf8 } from '../../std/bytes.ts'
import { keepCommitted } from './aborted.ts'

const TRANSACTIONAL = 0x10
const CONTROL = 0x20

interface Batch {
  readonly baseOffset: number
  readonly bytes: Uint8Array
}

/** A batch of `count` records whose values are their offsets. The CRC does not matter here. */
function toBatch(
  baseOffset: number,
  count: number,
  of: { readonly producer: number; readonly kind: 'plain' | 'transactional' | 'control' },
): Batch {
  const records = Array.from({ length: count }, (_, index) => {
    return { key: null, value: toUtf8(`${baseOffset + index}`), headers: [] }
  })
  const bytes = Buffer.from(encodeRecordBatch({ baseOffset, arrivalMs: 5, records }))
  const flags = { plain: 0, transactional: TRANSACTIONAL, control: TRANSACTIONAL | CONTROL }
  bytes.writeInt16BE(bytes.readInt16BE(21) | flags[of.kind], 21)
  bytes.writeBigInt64BE(BigInt(of.producer), 43)
  return { baseOffset, bytes }
}

/** Offsets of the records that are left, those of control batches aside. */
function offsetsOf(bytes: Uint8Array): readonly number[] {
  const offsets: number[] = []
  for (let at = 0; at < bytes.length; ) {
    const header = readBatchHeader(bytes, at)
    if (header === null) throw new Error(`no batch at ${at}`)
    if (!header.isControl) {
      for (const { value } of decodeRecords(bytes, header)) {
        offsets.push(Number(fromUtf8(value ?? new Uint8Array())))
      }
    }
    at += header.byteLength
  }
  return offsets
}

const join = (...batches: readonly Batch[]): Uint8Array =>
  Buffer.concat(batches.map(batch => batch.bytes))

test('records of an aborted transaction are left out, up to its end', () => {
  const one = { producer: 1, kind: 'transactional' } as const
  const two = { producer: 2, kind: 'transactional' } as const
  const bytes = join(
    toBatch(0, 2, { producer: -1, kind: 'plain' }),
    toBatch(2, 3, one),
    toBatch(5, 1, two),
    toBatch(6, 1, { producer: 1, kind: 'control' }),
    toBatch(7, 2, one),
  )
  const kept = keepCommitted(bytes, 0, [{ producerId: 1n, offsetFirst: 2 }])
  expect(offsetsOf(kept.bytes)).toEqual([0, 1, 5, 7, 8])
  expect(kept).toMatchObject({ abortedCount: 3, offsetNext: 9 })
})

test('records below the offset asked for are not counted', () => {
  const batch = toBatch(10, 5, { producer: 1, kind: 'transactional' })
  const kept = keepCommitted(batch.bytes, 13, [{ producerId: 1n, offsetFirst: 4 }])
  expect(kept).toMatchObject({ abortedCount: 2, offsetNext: 15 })
  expect(kept.bytes).toHaveLength(0)
})

test('what is cut at the end waits for the next fetch', () => {
  const whole = join(toBatch(0, 2, { producer: -1, kind: 'plain' }))
  const next = toBatch(2, 2, { producer: -1, kind: 'plain' }).bytes
  for (const size of [0, 1, 60, next.length - 1]) {
    const bytes = Buffer.concat([whole, next.subarray(0, size)])
    expect(keepCommitted(bytes, 0, [])).toEqual({ bytes: whole, abortedCount: 0, offsetNext: 2 })
  }
})

/** Transactions of a few producers, interleaved, as a broker has them and tells of them. */
const histories = fc.array(
  fc.record({
    producer: fc.integer({ min: 1, max: 3 }),
    act: fc.constantFrom('send', 'send', 'send', 'commit', 'abort', 'plain'),
    count: fc.integer({ min: 1, max: 4 }),
  }),
  { maxLength: 40 },
)

test('what is left is what was committed, whatever the order', () => {
  fc.assert(
    fc.property(histories, history => {
      const batches: Batch[] = []
      const open = new Map<number, number[]>()
      const committed: number[] = []
      const aborted: { producerId: bigint; offsetFirst: number }[] = []
      let offset = 0
      for (const { producer, act, count } of history) {
        const offsets = Array.from({ length: count }, (_, index) => offset + index)
        if (act === 'plain') {
          batches.push(toBatch(offset, count, { producer: -1, kind: 'plain' }))
          committed.push(...offsets)
          offset += count
        } else if (act === 'send') {
          batches.push(toBatch(offset, count, { producer, kind: 'transactional' }))
          open.set(producer, [...(open.get(producer) ?? []), ...offsets])
          offset += count
        } else if (open.has(producer)) {
          const sent = open.get(producer) ?? []
          if (act === 'commit') committed.push(...sent)
          else aborted.push({ producerId: BigInt(producer), offsetFirst: sent[0] ?? 0 })
          open.delete(producer)
          batches.push(toBatch(offset, 1, { producer, kind: 'control' }))
          offset += 1
        }
      }
      // The broker gives nothing from the first record of an open transaction on.
      const stable = Math.min(offset, ...[...open.values()].map(([first]) => first ?? offset))
      const given = batches.filter(batch => batch.baseOffset < stable)
      const told = aborted.filter(one => one.offsetFirst < stable)
      const kept = keepCommitted(join(...given), 0, told)
      const expected = committed.filter(one => one < stable).toSorted((a, b) => a - b)
      expect(offsetsOf(kept.bytes)).toEqual(expected)
      expect(kept.offsetNext).toBe(stable)
    }),
  )
})
