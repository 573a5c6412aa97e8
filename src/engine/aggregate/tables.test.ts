import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createWindowing } from '../../model/window.ts'
import { toUtf8 } from '../../std/bytes.ts'
import { createPrng } from '../../std/prng.ts'
import { PairTable } from './pairs.ts'
import { MISSING, SymbolTable } from './symbols.ts'
import { WindowTable } from './windows.ts'

const FACTOR = 0x5bd1e995

describe('pairs', () => {
  test('get dense numbers, the same ones again, over growth and clearing', () => {
    const table = new PairTable(FACTOR)
    for (let round = 0; round < 3; round += 1) {
      const prng = createPrng(round)
      const known = new Map<string, number>()
      for (let index = 0; index < 5_000; index += 1) {
        // Few lefts and many rights, both negative too, and often the last pair again.
        const pair = [prng.nextBelow(7) - 3, prng.nextBelow(1_500) - 700] as const
        const number = table.intern(...pair)
        const expected = known.get(pair.join()) ?? known.size
        known.set(pair.join(), expected)
        expect(number).toBe(expected)
        expect(table.intern(...pair)).toBe(number)
        expect([table.leftOf(number), table.rightOf(number)]).toEqual(pair)
      }
      expect(table.count).toBe(known.size)
      table.clear()
      expect(table.count).toBe(0)
    }
  })

  test('(0, 0) is a pair like any other, after clearing too', () => {
    const table = new PairTable(FACTOR)
    expect([table.intern(0, 0), table.intern(0, 1), table.intern(0, 0)]).toEqual([0, 1, 0])
    table.clear()
    expect([table.intern(0, 1), table.intern(0, 0)]).toEqual([0, 1])
  })
})

describe('symbols', () => {
  const intern = (table: SymbolTable, text: string | null): number => {
    const bytes = toUtf8(`<${text ?? ''}>`)
    return table.intern(bytes, text === null ? -1 : 1, bytes.length - 1)
  }

  test('stand for texts by their bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.string({ unit: 'grapheme' })), { size: '+2' }), texts => {
        const table = new SymbolTable(FACTOR)
        const symbols = texts.map(text => intern(table, text))
        for (const [index, text] of texts.entries()) {
          expect(symbols[index]).toBe(symbols[texts.indexOf(text)])
          expect(table.textOf(symbols[index] ?? -1)).toBe(text)
        }
        const different = new Set(texts.filter(text => text !== null))
        expect(new Set(symbols.filter(symbol => symbol !== MISSING)).size).toBe(different.size)
      }),
    )
  })

  test('are many and long, and good until they are cleared', () => {
    const table = new SymbolTable(FACTOR)
    for (const round of ['a', 'b']) {
      const texts = Array.from(
        { length: 3_000 },
        (_, index) => round + 'x'.repeat(index % 40) + index,
      )
      const symbols = texts.map(text => intern(table, text))
      expect(new Set(symbols).size).toBe(texts.length)
      expect(symbols.map(symbol => table.textOf(symbol))).toEqual(texts)
      expect(intern(table, '')).not.toBe(MISSING)
      expect(intern(table, null)).toBe(MISSING)
      table.clear()
      expect(table.count).toBe(1)
    }
  })
})

describe('windows', () => {
  test.each([
    { kind: 'hour', zone: 'Australia/Lord_Howe' },
    { kind: 'day', zone: 'Europe/Berlin' },
    { kind: 'fixed', durationMs: 7_000 },
    { kind: 'all' },
  ] as const)('$kind: each instant in its own, whatever came before', spec => {
    const table = new WindowTable(spec)
    const find = createWindowing(spec)
    const prng = createPrng(3)
    const first = Date.parse('2024-10-05T00:00:00Z')
    for (let round = 0; round < 2; round += 1) {
      const numbers = new Map<number, number>()
      for (let index = 0; index < 2_000; index += 1) {
        const timeMs = [0, -1, first + prng.nextBelow(10 ** 8) * 30][prng.nextBelow(3)] ?? 0
        const number = table.intern(timeMs)
        expect(table.at(number)).toEqual(find(timeMs))
        const { start } = find(timeMs)
        expect(numbers.get(start) ?? number).toBe(number)
        numbers.set(start, number)
      }
      expect([...numbers.values()].toSorted((a, b) => a - b)).toEqual(
        [...numbers.keys()].map((_, at) => at),
      )
      table.clear()
    }
  })
})
