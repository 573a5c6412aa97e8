import { describe, expect, test } from 'vitest'
import { fromUtf8, toUtf8 } from '../std/bytes.ts'
import { parsePattern } from './pattern.ts'
import { parseReplacement, replaceAll } from './replace.ts'

const BYTES_MAX = 65_536

function replace(text: string, pattern: string, by: string): string | null {
  const replacement = { pattern: parsePattern(pattern), parts: parseReplacement(by) }
  const bytes = replaceAll(toUtf8(text), replacement, BYTES_MAX)
  return bytes === null ? null : fromUtf8(bytes)
}

describe('replacing', () => {
  test.each([
    ["{'a':1}", "'", '"', '{"a":1}'],
    ['{"a":1,}', ',(\\s*[}\\]])', '$1', '{"a":1}'],
    ['{"a":NaN,"b":NaN}', ':NaN\\b|:NaN', ':null', null],
    ['aXbXc', 'X', '', 'abc'],
    ['abc', '', '-', '-a-b-c-'],
    ['äöü', 'ö', 'o', 'äoü'],
    ['12.50 EUR', '^(\\d+)\\.(\\d{2}) ([A-Z]{3})$', '$3:$1,$2$$', 'EUR:12,50$'],
    ['aaa', 'a{2}', 'b', 'ba'],
    ['aaaa', 'a{2,3}?', 'b', 'bb'],
    ['<a><b>', '<.*>', 'x', 'x'],
    ['<a><b>', '<.*?>', 'x', 'xx'],
    ['abcd', '(?:ab|abcd)', 'x', 'xcd'],
    ['a\nb', 'a.b', 'x', 'a\nb'],
    ['a\nb', 'a\\nb', 'x', 'x'],
    ['a-b]c', '[\\]\\-]', '', 'abc'],
    ['abc', '[^b]', '.', '.b.'],
    ['x', '(y)?x', '[$1]', '[]'],
    ['$0', '\\$0', '$0$0', '$0$0'],
  ])('of %s, %s by %s', (text, pattern, by, expected) => {
    if (expected === null) expect(() => parsePattern(pattern)).toThrow(/'\\b', which is not known/)
    else expect(replace(text, pattern, by)).toBe(expected)
  })

  test('bytes that are no UTF-8', () => {
    const replacement = { pattern: parsePattern('[\\x80-\\xff]'), parts: parseReplacement('?') }
    const bytes = replaceAll(Uint8Array.of(0x61, 0xff, 0x80), replacement, BYTES_MAX)
    expect(fromUtf8(bytes ?? new Uint8Array())).toBe('a??')
  })

  test('what grows beyond the bound is refused', () => {
    expect(replace('a'.repeat(100), 'a', 'b'.repeat(1_000))).toBeNull()
  })

  test.each(['(a+)+b', '(a|a)*b', '(a*)*b', 'a*a*a*a*b', '(.*)*x'])(
    '%s, which others never end, ends',
    pattern => {
      // Work is counted, not timed.
      expect(replace('a'.repeat(65_536), pattern, '')).toSatisfy(
        (text: string | null) => text === null || text.length === 65_536,
      )
    },
  )
})

test.each([
  '(',
  ')',
  '[',
  'a**',
  '*a',
  'a{2,1}',
  'a{',
  '\\',
  '\\b',
  '\\1',
  '(?=a)',
  '[z-a]',
  '[ö]',
  'a{1001}',
  '(a{1000}){1000}',
])('%s is no pattern', pattern => {
  expect(() => parsePattern(pattern)).toThrow(/the pattern has/)
})
