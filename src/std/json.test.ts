import { expect, test } from 'vitest'
import { toUtf8 } from './bytes.ts'
import type { JsonObject, JsonReading } from './json.ts'
import { findMember, readJson, toStringText } from './json.ts'

const read = (text: string): JsonReading => readJson(toUtf8(text), 3)

function rootObject(text: string): JsonObject {
  const { root } = read(text)
  if (root?.kind !== 'object') throw new Error(`no object: ${text}`)
  return root
}

test('gives a tree of positions, members in order and duplicates kept', () => {
  const text = ' {"a":[1, "x"],"b":null,"a":{}} '
  expect(read(text)).toEqual({
    kind: 'ok',
    root: {
      kind: 'object',
      start: 1,
      end: 31,
      members: [
        {
          key: 'a',
          value: {
            kind: 'array',
            start: 6,
            end: 14,
            items: [
              { kind: 'number', start: 7, end: 8 },
              { kind: 'string', start: 10, end: 13 },
            ],
          },
        },
        { key: 'b', value: { kind: 'null', start: 19, end: 23 } },
        { key: 'a', value: { kind: 'object', start: 28, end: 30, members: [] } },
      ],
    },
  })
})

test('of duplicate keys the last counts, escaped or not', () => {
  const object = rootObject('{"a":1,"\\u0061":true}')
  expect(findMember(object, 'a')?.kind).toBe('true')
  expect(findMember(object, 'toString')).toBeNull()
})

test('decodes strings as JSON.parse does', () => {
  const text = '["\\u00fc\\ud83d\\ude00\\n\\/", "ü😀", ""]'
  const { root } = read(text)
  const items = root?.kind === 'array' ? root.items : []
  const texts = items.map(item =>
    item.kind === 'string' ? toStringText(toUtf8(text), item) : null,
  )
  expect(texts).toEqual(JSON.parse(text))
})

test.each([
  ['{"a":"\uFEFF"}', 'ok'],
  ['\uFEFF{}', 'not_json'],
  ['[[[]]]', 'ok'],
  ['[[[[]]]]', 'too_deep'],
  ['[[[[]]]', 'not_json'],
  ['[[[[', 'not_json'],
  ['"\\ud800"', 'lone_surrogate'],
  ['{"\\udc00":1}', 'lone_surrogate'],
  ['[[[["\\ud800"]]]]', 'too_deep'],
  ['["\\ud800"', 'not_json'],
])('%s is %s', (text, outcome) => {
  const reading = read(text)
  expect(reading.kind === 'ok' ? 'ok' : reading.code).toBe(outcome)
})

test('what goes against our limits has a tree all the same', () => {
  expect(read('[[[[1]]]]').root).toMatchObject({ kind: 'array', start: 0, end: 9 })
  expect(read('["\\ud800"]').root).toMatchObject({ kind: 'array' })
  expect(read('[').root).toBeNull()
})

test('bytes that are not UTF-8 are told first', () => {
  expect(readJson(Uint8Array.of(0x5b, 0xff), 3)).toMatchObject({ code: 'not_utf8' })
  expect(readJson(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), 3)).toMatchObject({
    code: 'not_utf8',
  })
})

test('a million open brackets cost no call depth', () => {
  expect(read('['.repeat(1_000_000))).toMatchObject({ code: 'not_json' })
  expect(read(`${'['.repeat(500_000)}${']'.repeat(500_000)}`)).toMatchObject({ code: 'too_deep' })
})
