import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concatBytes, fromUtf8, toUtf8 } from '../std/bytes.ts'
import { splitBody } from './split.ts'

const COUNT_MAX = 1_000
const blanks = fc.stringMatching(/^[ \t\r\n]{0,3}$/)
const values = fc.array(fc.tuple(blanks, fc.json({ maxDepth: 4 }), blanks), { minLength: 1 })

function split(body: string, kind: 'json' | 'lines'): readonly string[] {
  const found = splitBody(toUtf8(body), kind, COUNT_MAX)
  return found.kind === 'items' ? found.items.map(fromUtf8) : []
}

test('lists and envelopes give back their elements as they were written', () => {
  fc.assert(
    fc.property(values, elements => {
      const list = `[${elements.map(element => element.join('')).join(',')}]`
      const expected = elements.map(([, value]) => value)
      expect(split(list, 'json')).toEqual(expected)
      expect(split(`{"events":${list}}`, 'json')).toEqual(expected)
    }),
    { numRuns: 300 },
  )
})

test('lines give back their values', () => {
  fc.assert(
    fc.property(values, elements => {
      const expected = elements.map(([, value]) => value)
      expect(split(expected.join('\n'), 'lines')).toEqual(expected)
    }),
    { numRuns: 300 },
  )
})

test('bytes of any kind give items that are views of them, in order, and lose nothing', () => {
  const bytes = fc.array(fc.constantFrom(...toUtf8('[]{},:"\\a \n')), { maxLength: 40 })
  fc.assert(
    fc.property(bytes, fc.constantFrom('json' as const, 'lines' as const), (raw, kind) => {
      const body = Uint8Array.from(raw)
      const found = splitBody(body, kind, COUNT_MAX)
      if (found.kind !== 'items') return
      let end = 0
      for (const item of found.items) {
        expect(item.byteOffset).toBeGreaterThanOrEqual(end)
        end = item.byteOffset + item.length
      }
      const lost = body.length - concatBytes(found.items).length
      const framing = fromUtf8(body).match(/[[\]{},:"events \n]/g)?.length ?? 0
      expect(lost).toBeLessThanOrEqual(framing)
    }),
    { numRuns: 2_000 },
  )
})
