import { describe, expect, test } from 'vitest'
import type { IdBlock, IdRun } from '../../model/ids.ts'
import { createPrng } from '../../std/prng.ts'
import { KIB, MIB } from '../../std/units.ts'
import { createIdSet } from './id-set.ts'
import { sortIds } from './sort.ts'

const MULTIPLIERS = Int32Array.of(0x12345671, 0x7654321, 0x1f2e3d4d, 0x2468ace1)
const EMPTY = { blocks: [], runs: [] }

/** `bucket:word,word,word,word` of each. */
function namesOf({ bucket, ids }: IdBlock): readonly string[] {
  const words = new Int32Array(ids.slice().buffer)
  return Array.from(
    { length: words.length / 4 },
    (_, index) => `${bucket}:${words.slice(index * 4, index * 4 + 4).join()}`,
  )
}

/** A run that is a set of strings: what the store's runs must behave like. */
function toRun(block: IdBlock): IdRun {
  const { bucket } = block
  const names = new Set(namesOf(block))
  return { bucket, idCount: names.size, has: (...id) => names.has(`${bucket}:${id.join()}`) }
}

type Id = [number, number, number, number]

describe('a set of ids', () => {
  test.each([64 * KIB, 256 * KIB, 64 * MIB])('is exact with %i bytes of memory', memoryMax => {
    const prng = createPrng(memoryMax)
    const set = createIdSet(EMPTY, memoryMax, MULTIPLIERS)
    const known = new Set<string>()
    const told: string[] = []
    let runCount = 0
    for (let step = 0; step < 40; step += 1) {
      for (let index = 0; index < 1000; index += 1) {
        const bucket = prng.nextBelow(3)
        // Few different words, so that ids share words, and many come again.
        const id = [0, 0, 0, 0].map(() => prng.nextBelow(12) - 6) as Id
        const name = `${bucket}:${id.join()}`
        expect(set.table(bucket).has(...id)).toBe(known.has(name))
        expect(set.table(bucket).add(...id)).toBe(!known.has(name))
        known.add(name)
      }
      const { added, sealed, kept } = set.take()
      for (const block of added) for (const name of namesOf(block)) told.push(name)
      if (sealed.length > 0) {
        const all = [...sealed, ...kept].flatMap(namesOf)
        expect(all.filter(name => !known.has(name))).toEqual([])
        expect(new Set(all).size).toBe(all.length)
      }
      runCount += sealed.length
      // What is sealed is found before and after it rests in runs.
      for (const name of known) {
        const [bucket, id] = name.split(':')
        const words = (id ?? '').split(',').map(Number) as Id
        if (isSampled(words)) expect(set.table(Number(bucket)).has(...words)).toBe(true)
      }
      set.settle(sealed.map(toRun))
    }
    // Each was told as added, once.
    expect(told.toSorted()).toEqual([...known].toSorted())
    if (memoryMax === 64 * KIB) expect(runCount).toBeGreaterThan(0)
    if (memoryMax === 64 * MIB) expect(runCount).toBe(0)
  })

  test('added and kept blocks rebuild it', () => {
    const prng = createPrng(5)
    const first = createIdSet(EMPTY, 48 * KIB, MULTIPLIERS)
    let blocks: readonly IdBlock[] = []
    const runs: IdRun[] = []
    const ids: Id[] = []
    for (let step = 0; step < 20; step += 1) {
      for (let index = 0; index < 200; index += 1) {
        const id = [0, 0, 0, 0].map(() => prng.nextUint32() | 0) as Id
        ids.push(id)
        first.table(step % 4).add(...id)
      }
      const change = first.take()
      blocks = change.sealed.length > 0 ? change.kept : [...blocks, ...change.added]
      const sealed = change.sealed.map(toRun)
      first.settle(sealed)
      runs.push(...sealed)
    }
    expect(runs.length).toBeGreaterThan(0)
    const second = createIdSet({ blocks, runs }, 48 * KIB, MULTIPLIERS)
    ids.forEach((id, index) => {
      expect(second.table(Math.floor(index / 200) % 4).add(...id)).toBe(false)
    })
  })

  test('sealed blocks are sorted as unsigned words', () => {
    const prng = createPrng(7)
    const words = Int32Array.from({ length: 4000 }, (_, at) =>
      at % 4 === 0 ? prng.nextBelow(50) - 25 : prng.nextUint32() | 0,
    )
    const sorted = sortIds(words)
    const toText = (array: Int32Array, at: number): string =>
      Array.from(array.slice(at, at + 4), toHex).join('')
    const texts = Array.from({ length: 1000 }, (_, index) => toText(words, index * 4)).toSorted()
    expect(Array.from({ length: 1000 }, (_, index) => toText(sorted, index * 4))).toEqual(texts)
  })
})

const toHex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0')

/** A sample of one in nine, to keep the test quick. */
function isSampled(words: Id): boolean {
  return words[0] === 0 || words[1] === 0
}
