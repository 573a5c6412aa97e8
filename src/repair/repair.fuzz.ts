import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Reject } from '../model/step.ts'
import { fromUtf8, toUtf8 } from '../std/bytes.ts'
import { parsePattern } from './pattern.ts'
import { parseRepair } from './repair.ts'
import { parseReplacement, replaceAll } from './replace.ts'

const REJECT: Omit<Reject, 'value'> = {
  topic: 'purchase',
  partition: 1,
  offset: 7,
  arrivalMs: 1,
  code: 'missing',
  pointer: '',
  key: null,
  file: null,
  line: null,
}

function apply(bytes: Uint8Array, transform: readonly object[]): string | null {
  const repair = parseRepair(JSON.stringify({ select: {}, transform }), 'fuzz')
  const repaired = repair.apply({ ...REJECT, value: bytes })
  return repaired.kind === 'unfit' ? null : fromUtf8(repaired.bytes)
}

const names = fc.constantFrom('a', 'b', '0', '1', '*', '__proto__', 'constructor', 'event_id', '')
const places = fc
  .array(names, { minLength: 1, maxLength: 4 })
  .map(steps => steps.map(step => `/${step}`).join(''))
const values = fc.jsonValue({ maxDepth: 2 })
const operations: fc.Arbitrary<object> = fc.oneof(
  fc.record({ set: places, value: values }),
  fc.record({ default: places, value: values }),
  fc
    .tuple(places, places)
    .filter(([move, to]) => move !== to && !to.startsWith(`${move}/`))
    .map(([move, to]) => ({ move, to })),
  fc.record({ remove: places }),
  fc.record({ number: places, decimal: fc.constantFrom('.', ',') }),
  fc.record({ text: places }),
  fc.record({ time: places, pattern: fc.constantFrom('epoch_s', 'yyyy-MM-dd') }),
  fc.record({ map: places, values: fc.dictionary(names, fc.constantFrom(1, 'x', null)) }),
)
const tree = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, true, 0, 1.5, '1,5', '1.234,50', '2024-09-03', 'a', ''),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(names, tie('value')), { maxLength: 4 }).map(Object.fromEntries),
  ),
})).value

test('JSON stays JSON, whatever is done to it, and nothing throws', () => {
  const inputs = fc.property(tree, fc.array(operations, { maxLength: 5 }), (event, transform) => {
    const text = apply(toUtf8(JSON.stringify(event)), transform)
    if (text !== null) JSON.parse(text)
  })
  fc.assert(inputs, { numRuns: 3_000 })
})

test('bytes of any kind go through, and what is no JSON stays as it is', () => {
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.json().map(toUtf8))
  const inputs = fc.property(bytes, fc.array(operations, { maxLength: 3 }), (given, transform) => {
    const text = apply(given, transform)
    try {
      JSON.parse(fromUtf8(given))
    } catch {
      expect(text).toBe(fromUtf8(given))
    }
  })
  fc.assert(inputs, { numRuns: 2_000 })
})

test('a change in one place leaves every other as it was written', () => {
  const token = fc.constantFrom('1.50', '-0', '1e400', '"\\u00e9"', '{ "x" : 1.0 }', '[ 1 ,2]')
  const members = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', '__proto__'), token), {
    maxLength: 6,
  })
  const inputs = fc.property(members, given => {
    const texts = ['"event_id":"e"', ...given.map(([name, text]) => `"${name}":${text}`)]
    const text = apply(toUtf8(`{ ${texts.join(' , ')} }`), [{ set: '/new', value: 1 }])
    expect(text).toBe(`{${[...texts, '"new":1'].join(',')}}`)
  })
  fc.assert(inputs, { numRuns: 1_000 })
})

test('numbers keep all their digits', () => {
  const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 40 })
  const inputs = fc.property(digits, digits, fc.boolean(), (whole, fraction, isGrouped) => {
    const plain = whole.join('').replace(/^0+(?=\d)/, '')
    const shown = isGrouped ? plain.replaceAll(/\B(?=(\d{3})+$)/g, '.') : plain
    const event = { event_id: 'e', n: `${shown},${fraction.join('')}` }
    const text = apply(toUtf8(JSON.stringify(event)), [{ number: '/n', decimal: ',' }])
    expect(text).toBe(`{"event_id":"e","n":${plain}.${fraction.join('')}}`)
  })
  fc.assert(inputs, { numRuns: 1_000 })
})

/** Of patterns without groups that repeat, JavaScript finds the same. */
test('patterns find what those of JavaScript find', () => {
  const atoms = fc.constantFrom(
    'a',
    'b',
    '.',
    '[ab]',
    '[^a]',
    '\\d',
    '^',
    '$',
    '(?:ab|a)',
    '(?:b|)',
  )
  const pieces = fc.tuple(atoms, fc.constantFrom('', '', '?', '*', '+', '{2}', '{1,2}', '*?', '+?'))
  const pattern = fc
    .array(pieces, { minLength: 1, maxLength: 4 })
    .map(list =>
      list.map(([atom, repeat]) => ('^$'.includes(atom) ? atom : atom + repeat)).join(''),
    )
  const patterns = fc.array(pattern, { minLength: 1, maxLength: 2 }).map(list => list.join('|'))
  const text = fc.array(fc.constantFrom('a', 'b', 'c', '1', '\n'), { maxLength: 12 })
  const inputs = fc.property(patterns, text, (source, letters) => {
    const given = letters.join('')
    const replacement = { pattern: parsePattern(source), parts: parseReplacement('<$0>') }
    const bytes = replaceAll(toUtf8(given), replacement, 10_000)
    // `.` of JavaScript also leaves out other line ends, which do not come here.
    const expected = given.replaceAll(new RegExp(source, 'g'), '<$&>')
    expect(fromUtf8(bytes ?? new Uint8Array()), source).toBe(expected)
  })
  fc.assert(inputs, { numRuns: 5_000 })
})
