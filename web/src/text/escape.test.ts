import { describe, expect, test } from 'vitest'
import { escapeText, SHOWN_SIZE_MAX, toShown } from './escape.ts'

describe('escapeText', () => {
  test.each([
    ['plain text, кабель, 電線, 🙂', 'plain text, кабель, 電線, 🙂'],
    ['<script>alert("1")</script>', '<script>alert("1")</script>'],
    ['a\nb\tc\r\u0000\u001b', 'a\\nb\\tc\\r\\u0000\\u001b'],
    ['back\\slash', 'back\\\\slash'],
    ['\u202egnirts\u2066', '\\u202egnirts\\u2066'],
    ['zero\u200bwidth\ufeff', 'zero\\u200bwidth\\ufeff'],
    ['no\u00a0break\u2028', 'no\\u00a0break\\u2028'],
    ['half \ud800', 'half \\ud800'],
    ['tag \u{e0041}', 'tag \\u{e0041}'],
  ])('%j is shown as %j', (text, shown) => {
    expect(escapeText(text)).toBe(shown)
  })
})

describe('toShown', () => {
  test('shows bytes that are no text one by one', () => {
    const value = btoa('{"\u00ff\u00fe\u0000\n')
    expect(toShown(value, 'base64')).toEqual({ text: '{"\\xff\\xfe\\x00\\n', hiddenCount: 0 })
  })

  test('cuts a long value and tells how much is hidden', () => {
    const shown = toShown('x'.repeat(SHOWN_SIZE_MAX + 7), 'utf8')
    expect(shown?.text.length).toBe(SHOWN_SIZE_MAX)
    expect(shown?.hiddenCount).toBe(7)
  })

  test('knows a record without value from an empty one', () => {
    expect(toShown(null, null)).toBeNull()
    expect(toShown('', 'utf8')).toEqual({ text: '', hiddenCount: 0 })
  })
})
