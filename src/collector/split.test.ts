import { describe, expect, test } from 'vitest'
import { fromUtf8, toUtf8 } from '../std/bytes.ts'
import type { BodyKind } from './split.ts'
import { splitBody } from './split.ts'

const COUNT_MAX = 5

function split(body: string, kind: BodyKind = 'json'): readonly string[] | string {
  const found = splitBody(toUtf8(body), kind, COUNT_MAX)
  return found.kind === 'items' ? found.items.map(fromUtf8) : found.kind
}

describe('what is one item', () => {
  test.each<[string, string, readonly string[] | string]>([
    ['an object', '{"a":1}', ['{"a":1}']],
    ['an object over lines', ' {\n  "a": 1\n}\n', ['{\n  "a": 1\n}']],
    ['a list', '[{"a":1}, {"b":[2,3]} ]', ['{"a":1}', '{"b":[2,3]}']],
    ['an envelope', '{ "events" : [ {"a":1},{"b":2} ] }\n', ['{"a":1}', '{"b":2}']],
    ['an event with a field of that name', '{"events":[1],"a":2}', ['{"events":[1],"a":2}']],
    ['an event whose field is no list', '{"events":1}', ['{"events":1}']],
    ['lines', '{"a":1}\r\n\n{"b":2}\n', ['{"a":1}', '{"b":2}']],
    ['no JSON at all', 'hello\nworld', ['hello\nworld']],
    ['a scalar', ' 17 ', ['17']],
    ['a byte order mark', '\ufeff[1]', ['\ufeff[1]']],
    ['nothing', '', 'empty'],
    ['blanks', ' \r\n\t', 'empty'],
    ['an empty list', ' [ ] ', 'empty'],
    ['an empty envelope', '{"events":[]}', 'empty'],
    ['brackets in strings', '["]", "a\\"],[", {"}":"{"}]', ['"]"', '"a\\"],["', '{"}":"{"}']],
    ['a string that ends in a backslash', '["\\\\", 1]', ['"\\\\"', '1']],
    ['as many as allowed', '[1,2,3,4,5]', ['1', '2', '3', '4', '5']],
    ['one more', '[1,2,3,4,5,6]', 'too_many'],
    ['one more line', '{}\n{}\n{}\n{}\n{}\n{}', 'too_many'],
  ])('%s', (_, body, items) => {
    expect(split(body)).toEqual(items)
  })
})

describe('a list that goes wrong keeps what comes before, and all bytes', () => {
  test.each<[string, string, readonly string[]]>([
    ['a broken element', '[{"a":1},{bad},{"b":2}]', ['{"a":1}', '{bad}', '{"b":2}']],
    ['a bracket of another kind', '[{"a":1],{"b":2}]', ['{"a":1]', '{"b":2}']],
    ['an element cut off', '[{"a":1},{"b":', ['{"a":1}', '{"b":']],
    ['a string cut off', '[{"a":1},"b', ['{"a":1}', '"b']],
    ['a comma cut off', '[1,', ['1', ',']],
    ['a bracket alone', '[', ['[']],
    ['an empty element', '[1,,2]', ['1', '', '2']],
    ['a comma before the end', '[1,]', ['1', '']],
    ['more behind the end', '[1] {"b":2}', ['1', '{"b":2}']],
    ['more behind an envelope', '{"events":[1]} x', ['1', 'x']],
    ['an envelope cut off', '{"events":[1,{"b"', ['1', '{"b"']],
    ['an object that never ends', '{"a":"x', ['{"a":"x']],
  ])('%s', (_, body, items) => {
    expect(split(body)).toEqual(items)
  })
})

test('lines are split whatever they hold, where the type says so', () => {
  expect(split('[1,2]\nnonsense\n{"a":1}', 'lines')).toEqual(['[1,2]', 'nonsense', '{"a":1}'])
})

test('a raw body is one item, blanks and all', () => {
  expect(split(' {"a":1}\n[', 'raw')).toEqual([' {"a":1}\n['])
  expect(split('', 'raw')).toBe('empty')
})

test('five megabytes of hostile bytes split in linear time', () => {
  const size = 5 * 1024 * 1024
  for (const text of ['\n', ' ', '[', '{', '"', '\\', '{"events":[', ']}']) {
    const body = toUtf8(text.repeat(Math.floor(size / text.length)))
    for (const kind of ['json', 'lines'] as const) {
      expect(splitBody(body, kind, COUNT_MAX).kind).toMatch(/items|empty|too_many/)
    }
  }
})
