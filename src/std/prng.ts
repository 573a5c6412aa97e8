/**
 * Chance comes in through the door, as a seeded generator: sfc32 (Chris Doty-Humphrey, PractRand),
 * 128 bits of state, passes PractRand and BigCrush. Equal seeds give equal sequences everywhere.
 */
export interface Prng {
  /** A uniform unsigned 32-bit integer. */
  nextUint32(): number
  /** A uniform number in [0, 1), with 32 bits. */
  nextUnit(): number
  /** A uniform integer in [0, bound); bound in 1..2^32. */
  nextBelow(bound: number): number
  /** True with the given probability, in 0..1. */
  nextChance(probability: number): boolean
}

const WARM_UP_ROUNDS = 12

export function createPrng(seed: number): Prng {
  let a = seed | 0
  let b = 0x9e3779b9 | 0
  let c = 0x243f6a88 | 0
  let counter = 1
  const nextUint32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    c |= 0
    return sum >>> 0
  }
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) nextUint32()
  const nextUnit = (): number => nextUint32() / 0x1_0000_0000
  return {
    nextUint32,
    nextUnit,
    nextBelow: bound => Math.floor(nextUnit() * bound),
    nextChance: probability => nextUnit() < probability,
  }
}
