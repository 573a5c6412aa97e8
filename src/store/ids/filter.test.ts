import { expect, test } from 'vitest'
import { createPrng } from '../../std/prng.ts'
import { addToFilter, createFilter, mayHold } from './filter.ts'

const ID_COUNT = 50_000

/** Ids as engines make them, hashed, and as UUIDv7 would have them: a time and a counter. */
const makers: { readonly [name: string]: (number: number) => Int32Array } = {
  hashed: number => {
    const prng = createPrng(number)
    return Int32Array.from({ length: 4 }, () => prng.nextUint32() | 0)
  },
  counted: number => Int32Array.of(0x018f_0000, number, -7, 7),
}

for (const [name, make] of Object.entries(makers)) {
  test(`of ${name} ids none is missed, and about one in a hundred others passes`, () => {
    const filter = createFilter(ID_COUNT)
    for (let number = 0; number < ID_COUNT; number += 1) addToFilter(filter, make(number), 0)
    let passed = 0
    for (let number = 0; number < ID_COUNT; number += 1) {
      expect(mayHold(filter, make(number), 0)).toBe(true)
      if (mayHold(filter, make(ID_COUNT + number), 0)) passed += 1
    }
    expect(passed / ID_COUNT).toBeLessThan(0.02)
  })
}
