import { expect, test } from 'vitest'
import { LOAD_DEFAULT } from './load.ts'
import type { FieldName } from './load-fields.ts'
import { FIELDS, parseLoad } from './load-fields.ts'

const given = { partitions: 4, commitS: 10 }

function parse(name: FieldName, text: string): unknown {
  return parseLoad(new Map([[name, { text, what: `--${name}` }]]), given)[name]
}

test.each<[FieldName, string, unknown]>([
  ['region', 'eu-central-1', 'eu-central-1'],
  ['eventsPerDay', '0', 0],
  ['eventsPerRequest', '2.5', 2.5],
  ['schedule', 'off', null],
  ['schedule', 'hour', 'hour'],
  ['lakeDays', 'off', null],
  ['lakeDays', '90', 90],
  ['alb', 'off', false],
  ['spot', 'on', true],
])('%s %s', (name, text, expected) => {
  expect(parse(name, text)).toBe(expected)
})

test.each<[FieldName, string, RegExp]>([
  ['region', 'mars-1', /^--region is 'mars-1', not us-east-1 or eu-central-1$/],
  ['eventsPerDay', '1e6', /^--eventsPerDay is '1e6', not a number 0\.\.1000000000000$/],
  ['workers', '0', /a number 1\.\.64/],
  ['alb', 'true', /on or off/],
  ['schedule', 'minute', /hour or day/],
])('%s %s is refused', (name, text, message) => {
  expect(() => parse(name, text)).toThrow(message)
})

test('what is not written is the default', () => {
  expect(parseLoad(new Map(), given)).toEqual(LOAD_DEFAULT)
  expect(Object.keys({ ...FIELDS, ...given }).sort()).toEqual(Object.keys(LOAD_DEFAULT).sort())
})
