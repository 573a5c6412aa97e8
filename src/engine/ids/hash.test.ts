import { describe, expect, test } from 'vitest'
import { createPrng } from '../../std/prng.ts'
import { createIdHash } from './hash.ts'

const MASK = (1n << 32n) - 1n
const rotate = (value: bigint, bits: bigint): bigint =>
  ((value << bits) | (value >> (32n - bits))) & MASK

/** Chaskey-12 as the paper writes it, on big integers: slow, and obviously right. */
function chaskey(key: bigint[], message: Uint8Array): bigint[] {
  const twice = (words: bigint[]): bigint[] => {
    let value = words.reduceRight((sum, word) => (sum << 32n) | word, 0n)
    value = (value << 1n) ^ (value >> 127n === 1n ? 0x87n : 0n)
    return [0n, 32n, 64n, 96n].map(shift => (value >> shift) & MASK)
  }
  const words = (bytes: number[]): bigint[] =>
    [0, 4, 8, 12].map(at =>
      [3, 2, 1, 0].reduce((sum, index) => (sum << 8n) | BigInt(bytes[at + index] ?? 0), 0n),
    )
  const permute = (v: bigint[]): bigint[] => {
    let [a = 0n, b = 0n, c = 0n, d = 0n] = v
    for (let round = 0; round < 12; round += 1) {
      a = (a + b) & MASK
      b = rotate(b, 5n) ^ a
      a = rotate(a, 16n)
      c = (c + d) & MASK
      d = rotate(d, 8n) ^ c
      a = (a + d) & MASK
      d = rotate(d, 13n) ^ a
      c = (c + b) & MASK
      b = rotate(b, 7n) ^ c
      c = rotate(c, 16n)
    }
    return [a, b, c, d]
  }
  const xor = (left: bigint[], right: bigint[]): bigint[] =>
    left.map((word, index) => word ^ (right[index] ?? 0n))
  let state = key
  let rest = [...message]
  while (rest.length > 16) {
    state = permute(xor(state, words(rest.slice(0, 16))))
    rest = rest.slice(16)
  }
  const last = rest.length === 16 ? twice(key) : twice(twice(key))
  const padded = rest.length === 16 ? rest : [...rest, 1]
  return xor(permute(xor(xor(state, words(padded)), last)), last)
}

const key = Uint8Array.from({ length: 16 }, (_, index) => index * 7 + 3)
const keyWords = [...new Uint32Array(key.buffer)].map(BigInt)
const hash = createIdHash(key)

function keyed(bytes: Uint8Array, start = 0, end: number = bytes.length): bigint[] {
  const out = new Int32Array(4)
  hash.keyed(bytes, start, end, out)
  return [...out].map(word => BigInt(word >>> 0))
}

describe('ids', () => {
  test.each([0, 1, 5, 15, 16, 17, 31, 32, 33, 36, 64, 100])('%i bytes hash as Chaskey-12', size => {
    const prng = createPrng(size)
    const message = Uint8Array.from({ length: size }, () => prng.nextBelow(256))
    expect(keyed(message)).toEqual(chaskey(keyWords, message))
  })

  test('only the range counts', () => {
    const bytes = new TextEncoder().encode('xxu12345yy')
    expect(keyed(bytes, 2, 8)).toEqual(chaskey(keyWords, new TextEncoder().encode('u12345')))
  })

  test('a canonical UUID stands for itself, any other spelling does not', () => {
    const out = new Int32Array(4)
    const plain = (text: string): number[] => {
      const bytes = new TextEncoder().encode(text)
      hash.plain(bytes, 0, bytes.length, out)
      return [...out].map(word => word >>> 0)
    }
    const uuid = '72d76fde-8bb3-4e00-8c23-a032dfed738c'
    expect(plain(uuid)).toEqual([0x72d76fde, 0x8bb34e00, 0x8c23a032, 0xdfed738c])
    expect(plain(uuid.toUpperCase())).not.toEqual(plain(uuid))
    expect(plain(uuid.replace('7', 'g'))).toEqual(
      chaskey(keyWords, new TextEncoder().encode(uuid.replace('7', 'g'))).map(Number),
    )
    expect(keyed(new TextEncoder().encode(uuid))).not.toEqual(plain(uuid).map(BigInt))
  })

  test('UUIDs of different bits have different keyed ids', () => {
    const ids = new Set<string>()
    for (let index = 0; index < 2000; index += 1) {
      const digits = index.toString(16).padStart(12, '0')
      const bytes = new TextEncoder().encode(`00000000-0000-4000-8000-${digits}`)
      ids.add(keyed(bytes).join())
    }
    expect(ids.size).toBe(2000)
  })
})
