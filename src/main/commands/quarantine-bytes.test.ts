import { expect, test } from 'vitest'
import { toUtf8 } from '../../std/bytes.ts'
import { toByteLines, toShortText } from './quarantine-bytes.ts'

test('what would move a cursor or turn text around is shown, not done', () => {
  const hostile = 'a\u001b[2Jb\r\u202ec\u0007\n\u0000d\u2028'
  expect(toByteLines(toUtf8(hostile))).toEqual([
    'a\\u{1b}[2Jb\\u{d}\\u{202e}c\\u{7}',
    '\\u{0}d\\u{2028}',
  ])
  expect(toShortText(toUtf8(hostile))).toBe(
    'a\\u{1b}[2Jb\\u{d}\\u{202e}c\\u{7}\\u{a}\\u{0}d\\u{2028}',
  )
})

test('bytes that are no text come as hex digits', () => {
  const bytes = Uint8Array.of(...toUtf8('{"a":1}'), 0xff, 0x1b, ...toUtf8('0123456789'))
  expect(toByteLines(bytes)).toEqual([
    '7b 22 61 22 3a 31 7d ff 1b 30 31 32 33 34 35 36  {"a":1}..0123456',
    `37 38 39${' '.repeat(40)} 789`,
  ])
  expect(toShortText(Uint8Array.of(0xff))).toBe('0xff')
  expect(toShortText(null)).toBe('–')
  expect(Array.from(toShortText(toUtf8('é'.repeat(100))))).toHaveLength(61)
})
