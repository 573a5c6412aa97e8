import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toUtf8 } from './bytes.ts'
import type { JsonValue } from './json.ts'
import { readJson, toStringText } from './json.ts'

/** What JSON.parse makes of text, rebuilt from a tree of positions. */
function toValue(bytes: Uint8Array, node: JsonValue): unknown {
  switch (node.kind) {
    case 'object':
      return Object.fromEntries(node.members.map(({ key, value }) => [key, toValue(bytes, value)]))
    case 'array':
      return node.items.map(item => toValue(bytes, item))
    case 'string':
      return toStringText(bytes, node)
    default:
      return JSON.parse(new TextDecoder().decode(bytes.subarray(node.start, node.end)))
  }
}

function assertAgrees(text: string): void {
  const bytes = toUtf8(text)
  const reading = readJson(bytes, 1000)
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    expect(reading).toMatchObject({ code: 'not_json' })
    return
  }
  expect(reading.root === null ? reading : toValue(bytes, reading.root)).toEqual(parsed)
}

test('a tree is what JSON.parse makes of the text', () => {
  const texts = fc.json({ stringUnit: 'binary' }).map(text => text.toWellFormed())
  fc.assert(fc.property(texts, assertAgrees), { numRuns: 500 })
})

test('what JSON.parse refuses is refused, and nothing else', () => {
  const tokens =
    '{ } [ ] , : "a" "" "\\u0061" "\\x" 0 -1 1.5 01 1e5 1e . - true fals null \n \t \f " \\'.split(
      ' ',
    )
  const soup = fc.array(fc.constantFrom(...tokens), { maxLength: 12 }).map(parts => parts.join(''))
  fc.assert(fc.property(soup, assertAgrees), { numRuns: 10_000 })
  const cut = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom('', ...tokens))
    .map(([text, at, token]) => {
      const place = at % (text.length + 1)
      return (text.slice(0, place) + token + text.slice(place + 1)).toWellFormed()
    })
  fc.assert(fc.property(cut, assertAgrees), { numRuns: 5000 })
})
